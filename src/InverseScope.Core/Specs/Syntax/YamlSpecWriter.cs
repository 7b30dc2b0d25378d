using System.Text;
using InverseScope.Core.Specs.Running;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>Writes nodes as YAML that people like to read: blocks outside, short lists and mappings on one line.</summary>
internal static class YamlSpecWriter
{
    private const int LineLength = 100;

    public static string Write(SpecNode node)
    {
        var text = new StringBuilder();
        Block(node, 0, text);
        return text.ToString();
    }

    // Begins where the first key or item shall stand, ends with a line break.
    private static void Block(SpecNode node, int indent, StringBuilder to)
    {
        switch (node)
        {
            case SpecNode.Map { Entries.Count: > 0 } map:
                for (var i = 0; i < map.Entries.Count; i++)
                {
                    var (key, value) = map.Entries[i];
                    Flow(key, to.Append(' ', i == 0 ? 0 : indent)).Append(':');
                    Child(value, indent, to);
                }

                break;

            case SpecNode.List { Items.Count: > 0 } list:
                for (var i = 0; i < list.Items.Count; i++)
                {
                    to.Append(' ', i == 0 ? 0 : indent).Append("- ");
                    var line = Flow(list.Items[i], new StringBuilder());
                    if (list.Items[i] is SpecNode.Map { Entries.Count: 1 } or SpecNode.Map or SpecNode.List
                        && (list.Items[i] is SpecNode.Map { Entries.Count: 1 } || indent + line.Length > LineLength))
                    {
                        Block(list.Items[i], indent + 2, to);
                    }
                    else
                    {
                        to.Append(line).Append('\n');
                    }
                }

                break;

            default:
                Flow(node, to).Append('\n');
                break;
        }
    }

    // What follows "key:".
    private static void Child(SpecNode node, int indent, StringBuilder to)
    {
        if (node is SpecNode.Text { Value: var text } && IsLiteral(text))
        {
            to.Append(text[^1] == '\n' ? " |\n" : " |-\n");
            foreach (var line in text.TrimEnd('\n').Split('\n'))
                to.Append(' ', line.Length > 0 ? indent + 2 : 0).Append(line).Append('\n');
            return;
        }

        var flow = Flow(node, new StringBuilder());
        var ofSteps = indent == 0 && node is SpecNode.List { Items: [SpecNode.Map, ..] or [_, SpecNode.Map, ..] };
        if (node is not (SpecNode.List { Items.Count: > 0 } or SpecNode.Map { Entries.Count: > 0 })
            || (!ofSteps && indent + flow.Length < LineLength - 20))
        {
            to.Append(' ').Append(flow).Append('\n');
            return;
        }

        to.Append('\n').Append(' ', indent + 2);
        Block(node, indent + 2, to);
    }

    private static StringBuilder Flow(SpecNode node, StringBuilder to)
    {
        switch (node)
        {
            case SpecNode.Text { Value: var text }:
                return IsPlain(text) ? to.Append(text) : to.AppendQuoted(text);
            case SpecNode.Number number:
                return to.Append(LabelText.Of(number.Value));
            case SpecNode.Bool truth:
                return to.Append(LabelText.Of(truth.Value));
            case SpecNode.List list:
                to.Append('[');
                for (var i = 0; i < list.Items.Count; i++)
                    Flow(list.Items[i], to.Append(i == 0 ? "" : ", "));
                return to.Append(']');
            case SpecNode.Map map:
                to.Append('{');
                for (var i = 0; i < map.Entries.Count; i++)
                {
                    Flow(map.Entries[i].Key, to.Append(i == 0 ? "" : ", ")).Append(": ");
                    Flow(map.Entries[i].Value, to);
                }

                return to.Append('}');
            default:
                return to.Append("null");
        }
    }

    /// <summary>Whether a text can stand without quotes everywhere and is read as a text.</summary>
    private static bool IsPlain(string text) =>
        text.Length is > 0 and <= 200
        && char.IsAsciiLetter(text[0])
        && text[^1] != ' '
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '_' or '-' or '.' or '/' or '(' or ')' or '=')
        && YamlSpecReader.Resolve(text, default, out _) is SpecNode.Text;

    // A text of several lines that a literal block keeps as it is.
    private static bool IsLiteral(string text) =>
        text.Contains('\n', StringComparison.Ordinal)
        && text[0] is not (' ' or '\n' or '\t')
        && !text.EndsWith("\n\n", StringComparison.Ordinal)
        && !text.Contains(" \n", StringComparison.Ordinal)
        && text[^1] != ' '
        && text.All(c => c == '\n' || !QuotedText.MustBeEscaped(c) && !char.IsSurrogate(c));
}
