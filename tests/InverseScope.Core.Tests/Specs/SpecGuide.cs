using System.Text.RegularExpressions;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Specs;

/// <summary>An example in a table of the guide.</summary>
/// <param name="Step">Name of the step that it shows.</param>
/// <param name="Rule">The rule, as YAML.</param>
/// <param name="Text">What it labels.</param>
/// <param name="Label">Null: undefined.</param>
public sealed record GuideRow(string Step, string Rule, string Text, string? Label);

/// <summary>The examples of feature-specs/README.md.</summary>
internal static partial class SpecGuide
{
    private static readonly string Guide = File.ReadAllText(Repository.Path("feature-specs", "README.md"));

    /// <summary>Every block of YAML.</summary>
    public static IReadOnlyList<string> Specs { get; } = [.. Block().Matches(Guide).Select(m => m.Groups[1].Value)];

    /// <summary>Every row of a table of steps.</summary>
    public static IReadOnlyList<GuideRow> Rows { get; } =
    [
        .. Row().Matches(Guide).Select(m => new GuideRow(
            m.Groups["step"].Value, Cell(m.Groups["rule"].Value), Quoted(Cell(m.Groups["text"].Value)),
            m.Groups["label"].Value == "undefined" ? null : Cell(m.Groups["label"].Value))),
    ];

    private static string Cell(string cell) => cell.Trim('`').Replace("\\|", "|", StringComparison.Ordinal);

    // Texts with spaces at their ends or line breaks stand in double quotes.
    private static string Quoted(string text) => text is ['"', _, .., '"']
        ? text[1..^1].Replace("\\n", "\n", StringComparison.Ordinal)
        : text;

    [GeneratedRegex(@"^```yaml\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^\| `(?<step>\w+)` \| (?:(?! \| ).)* \| (?<rule>`[^`]+`) \| (?<text>`[^`]*`) \| (?<label>`[^`]+`|undefined) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
