using System.Text;
using InverseScope.Core;

namespace InverseScope.Cli.Options;

/// <summary>Splits what follows <c>--sites</c> and <c>--positions</c>: several values, or one text with spaces or commas between sites.</summary>
internal static class SiteList
{
    /// <summary>
    /// Splits every value. A comma between a digit or <c>*</c> and a digit or <c>*</c> belongs to a set of layers or
    /// heads (<c>L0,2H1</c>); inside double quotes nothing is split.
    /// </summary>
    /// <exception cref="BadInputException">A quote is not closed.</exception>
    public static IReadOnlyList<string> Sites(IEnumerable<string> values) => Split(values, commaJoinsNumbers: true);

    /// <summary>Splits every value of <c>--positions</c> at spaces and commas outside double quotes.</summary>
    /// <exception cref="BadInputException">A quote is not closed.</exception>
    public static IReadOnlyList<string> Positions(IEnumerable<string> values) => Split(values, commaJoinsNumbers: false);

    private static List<string> Split(IEnumerable<string> values, bool commaJoinsNumbers)
    {
        var sites = new List<string>();
        foreach (var value in values)
            Split(value, commaJoinsNumbers, sites);
        return sites;
    }

    private static void Split(string value, bool commaJoinsNumbers, List<string> sites)
    {
        var site = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (quoted && c == '\\' && i + 1 < value.Length)
            {
                site.Append(c).Append(value[++i]);
                continue;
            }

            if (c == '"')
                quoted = !quoted;
            if (!quoted && (char.IsWhiteSpace(c) || (c == ',' && !(commaJoinsNumbers && IsInsideNumbers(value, i)))))
                End(site, sites);
            else
                site.Append(c);
        }

        if (quoted)
            throw new BadInputException($"'{value}': the closing quote of the token is missing.");
        End(site, sites);
    }

    private static bool IsInsideNumbers(string value, int comma) =>
        comma > 0 && comma + 1 < value.Length && IsNumber(value[comma - 1]) && IsNumber(value[comma + 1]);

    private static bool IsNumber(char c) => char.IsAsciiDigit(c) || c == '*';

    private static void End(StringBuilder site, List<string> sites)
    {
        if (site.Length > 0)
            sites.Add(site.ToString());
        site.Clear();
    }
}
