using System.Globalization;
using System.Text;

namespace InverseScope.Sweeps.Reports;

/// <summary>
/// Texts that models and strangers wrote, made harmless to look at: what would be invisible, reorder its surroundings or
/// move a cursor is spelt out. Escaping for a format comes after.
/// </summary>
public static class VisibleText
{
    // More combining marks than this on one letter climb over the lines above.
    private const int MaximumMarks = 4;

    /// <summary>
    /// Control characters as their pictures (a line feed is ␊), bidirectional and zero-width ones, odd spaces and
    /// unassigned ones as ⟨U+202E⟩.
    /// </summary>
    /// <param name="keepLines">Whether line feeds stay, for a spec's file.</param>
    public static string Of(string text, bool keepLines = false)
    {
        if (IsPlain(text))
            return text;
        var visible = new StringBuilder(text.Length + 16);
        var marks = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            marks = category is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? marks + 1 : 0;
            if (rune.Value == '\n' && keepLines)
                visible.Append('\n');
            else if (rune.Value < 0x20)
                visible.Append((char)(0x2400 + rune.Value));
            else if (rune.Value == 0x7f)
                visible.Append('\u2421');
            else if (marks > MaximumMarks || IsUnseen(rune, category))
                visible.Append(CultureInfo.InvariantCulture, $"⟨U+{rune.Value:X4}⟩");
            else
                visible.Append(rune.ToString());
        }

        return visible.ToString();
    }

    /// <summary>The text, or its beginning where it is longer; never half of a surrogate pair.</summary>
    /// <param name="maximum">Characters kept.</param>
    public static (string Head, int Left) Cut(string text, int maximum)
    {
        if (text.Length <= maximum)
            return (text, 0);
        var end = char.IsHighSurrogate(text[maximum - 1]) ? maximum - 1 : maximum;
        return (text[..end], text.Length - end);
    }

    private static bool IsPlain(string text)
    {
        foreach (var c in text)
        {
            if (c is < ' ' or > '~')
                return false;
        }

        return true;
    }

    private static bool IsUnseen(Rune rune, UnicodeCategory category) => category switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned => true,
        UnicodeCategory.SpaceSeparator => rune.Value != ' ',
        _ => false,
    };
}
