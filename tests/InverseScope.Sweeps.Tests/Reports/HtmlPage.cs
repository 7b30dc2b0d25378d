using System.Text.RegularExpressions;

namespace InverseScope.Sweeps.Tests.Reports;

/// <summary>Reads a page of ours strictly: every attribute quoted or bare, every element closed in order.</summary>
internal sealed partial class HtmlPage
{
    private static readonly HashSet<string> Void = ["meta", "br", "input", "!doctype"];

    public HtmlPage(string html)
    {
        var open = new Stack<string>();
        foreach (Match tag in Tag().Matches(Style().Replace(html, "<style></style>")))
        {
            var name = tag.Groups["name"].Value;
            Tags.Add(tag.Groups["close"].Value + name);
            foreach (Match attribute in Attribute().Matches(tag.Groups["rest"].Value))
                Attributes.Add((name, attribute.Groups["key"].Value, attribute.Groups["value"].Value));
            if (tag.Groups["close"].Length > 0)
                Assert.Equal(open.Pop(), name);
            else if (!Void.Contains(name) && tag.Groups["self"].Length == 0)
                open.Push(name);
        }

        Assert.Empty(open);
        // What is left between tags must hold no bracket.
        Assert.DoesNotMatch("[<>]", Tag().Replace(Style().Replace(html, ""), ""));
    }

    /// <summary>Names of all tags in order, closing ones with their slash.</summary>
    public List<string> Tags { get; } = [];

    public List<(string Tag, string Key, string Value)> Attributes { get; } = [];

    [GeneratedRegex("<style>.*?</style>", RegexOptions.Singleline)]
    private static partial Regex Style();

    [GeneratedRegex("""<(?<close>/?)(?<name>[a-z0-9!]+)(?<rest>(?:\s+[a-zA-Z-]+(?:="[^"<>]*")?)*)\s*(?<self>/?)>""")]
    private static partial Regex Tag();

    [GeneratedRegex("""(?<key>[a-zA-Z-]+)(?:="(?<value>[^"]*)")?""")]
    private static partial Regex Attribute();
}
