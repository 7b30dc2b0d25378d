using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace InverseScope.Core.Specs.Compilation;

/// <summary>Regular expressions from untrusted specs.</summary>
internal static class SafeRegex
{
    /// <summary>Characters in a pattern.</summary>
    public const int MaxLength = 1000;

    /// <summary>
    /// For all regular expressions of one label. Non-backtracking matching is linear for each match, but all matches
    /// together may be quadratic on a long text. Wide of what is needed, so that it does not depend on the machine's load.
    /// </summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromMilliseconds(250);

    public static bool TryMake(
        string pattern, [NotNullWhen(true)] out Regex? regex, out (string What, string? Fix) problem)
    {
        regex = null;
        problem = default;
        if (pattern.Length > MaxLength)
        {
            problem = ($"the pattern has {pattern.Length.ToString(CultureInfo.InvariantCulture)} characters, more than {MaxLength}.",
                "Shorten it, or keep words in a lexicon.");
            return false;
        }

        try
        {
            regex = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, MaxTime);
            return true;
        }
        catch (RegexParseException e)
        {
            // The message begins with the whole pattern.
            var offset = $"at offset {e.Offset.ToString(CultureInfo.InvariantCulture)}. ";
            var reason = e.Message[Math.Max(0, e.Message.LastIndexOf(offset, StringComparison.Ordinal))..];
            problem = ($"the pattern {Syntax.SpecNode.Quote(pattern)} is not a regular expression: {reason}", null);
            return false;
        }
        catch (NotSupportedException)
        {
            problem = (
                $"the pattern {Syntax.SpecNode.Quote(pattern)} cannot be matched in linear time.",
                "Leave out look-ahead, look-behind, back-references and atomic groups, and keep repetition counts small.");
            return false;
        }
    }
}
