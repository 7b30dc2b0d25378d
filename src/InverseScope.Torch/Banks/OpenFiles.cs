using System.Globalization;

namespace InverseScope.Torch.Banks;

/// <summary>How many files this process may have open.</summary>
internal static class OpenFiles
{
    private const string Limits = "/proc/self/limits";
    private const string Line = "Max open files";

    // What a machine that does not tell surely allows.
    private const int Least = 256;
    private const int Most = 8192;

    /// <summary>Files that one collection keeps open: half of what is allowed, the rest is for the model and whoever else collects.</summary>
    public static int AtOnce => File.Exists(Limits) ? Of(File.ReadLines(Limits)) : Least;

    /// <param name="limits">The lines of <c>/proc/self/limits</c>.</param>
    public static int Of(IEnumerable<string> limits)
    {
        var soft = limits.FirstOrDefault(line => line.StartsWith(Line, StringComparison.Ordinal))?[Line.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return soft == "unlimited" ? Most
            : long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var allowed) ? (int)Math.Clamp(allowed / 2, 1, Most)
            : Least;
    }
}
