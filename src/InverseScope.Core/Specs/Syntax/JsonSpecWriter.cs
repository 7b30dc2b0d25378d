using System.Text;
using InverseScope.Core.Specs.Running;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>Writes nodes as JSON.</summary>
internal static class JsonSpecWriter
{
    private const int LineLength = 100;

    /// <summary>Without any white space.</summary>
    public static string WriteCompact(SpecNode node) => Flat(node, "", new StringBuilder()).ToString();

    /// <summary>One key or item on a line, but what is short on one.</summary>
    public static string WritePretty(SpecNode node)
    {
        var text = new StringBuilder();
        Write(node, 0, text);
        return text.Append('\n').ToString();
    }

    private static void Write(SpecNode node, int indent, StringBuilder to)
    {
        var flat = Flat(node, " ", new StringBuilder());
        if (node is SpecNode.Text or SpecNode.Number or SpecNode.Bool or SpecNode.Null
            || (indent > 0 && indent + flat.Length <= LineLength))
        {
            to.Append(flat);
            return;
        }

        var inner = new string(' ', indent + 2);
        var (open, close) = node is SpecNode.List ? ('[', ']') : ('{', '}');
        to.Append(open);
        var first = true;
        foreach (var (key, value) in Children(node))
        {
            to.Append(first ? "\n" : ",\n").Append(inner);
            first = false;
            if (key is not null)
                to.AppendQuoted(key.Value).Append(": ");
            Write(value, indent + 2, to);
        }

        to.Append('\n').Append(' ', indent).Append(close);
    }

    private static StringBuilder Flat(SpecNode node, string space, StringBuilder to)
    {
        switch (node)
        {
            case SpecNode.Text text:
                return to.AppendQuoted(text.Value);
            case SpecNode.Number number:
                return to.Append(LabelText.Of(number.Value));
            case SpecNode.Bool truth:
                return to.Append(LabelText.Of(truth.Value));
            case SpecNode.Null:
                return to.Append("null");
        }

        var (open, close) = node is SpecNode.List ? ('[', ']') : ('{', '}');
        to.Append(open);
        var first = true;
        foreach (var (key, value) in Children(node))
        {
            if (!first)
                to.Append(',').Append(space);
            first = false;
            if (key is not null)
                to.AppendQuoted(key.Value).Append(':').Append(space);
            Flat(value, space, to);
        }

        return to.Append(close);
    }

    private static IEnumerable<(SpecNode.Text? Key, SpecNode Value)> Children(SpecNode node) => node switch
    {
        SpecNode.List list => list.Items.Select(item => ((SpecNode.Text?)null, item)),
        SpecNode.Map map => map.Entries.Select(entry => ((SpecNode.Text?)entry.Key, entry.Value)),
        _ => [],
    };
}
