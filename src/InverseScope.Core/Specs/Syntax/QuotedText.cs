using System.Globalization;
using System.Text;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>
/// Text in double quotes, the same in JSON and YAML. Our own, because hashes of canonical forms must not change with a
/// library's taste in escapes.
/// </summary>
internal static class QuotedText
{
    public static StringBuilder AppendQuoted(this StringBuilder to, string text)
    {
        to.Append('"');
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            switch (c)
            {
                case '"':
                    to.Append("\\\"");
                    break;
                case '\\':
                    to.Append("\\\\");
                    break;
                case '\n':
                    to.Append("\\n");
                    break;
                case '\t':
                    to.Append("\\t");
                    break;
                case '\r':
                    to.Append("\\r");
                    break;
                case var _ when char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]):
                    to.Append(c).Append(text[++i]);
                    break;
                case var _ when MustBeEscaped(c):
                    to.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                    break;
                default:
                    to.Append(c);
                    break;
            }
        }

        return to.Append('"');
    }

    /// <summary>On one line of at most so many characters, with blanks in the place of what would not be seen.</summary>
    public static string Shown(string text, int most)
    {
        if (text.Length > most)
            text = text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)] + "…";
        return string.Concat(text.Select(c => MustBeEscaped(c) && !char.IsSurrogate(c) ? ' ' : c));
    }

    /// <summary>Whether a character cannot stand as itself in every YAML and JSON file, or would not be seen there.</summary>
    public static bool MustBeEscaped(char c) =>
        char.IsSurrogate(c) || c is '\uFFFE' or '\uFFFF'
        || char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
