using InverseScope.Core;

namespace InverseScope.Cli.Options;

/// <summary>Names that a user gives become file names, on every system.</summary>
internal static class NameRule
{
    private const int Longest = 64;

    /// <exception cref="BadInputException">It cannot be a name.</exception>
    public static void Check(string name, string what)
    {
        if (name.Length is 0 or > Longest || name[0] == '.'
            || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            throw new BadInputException(
                $"'{name}' cannot be the name of a {what}.",
                $"Give 1 to {Longest} letters, digits, '-', '_' or '.' with --name, not beginning with a dot.");
        }
    }
}
