using System.Buffers;
using System.Globalization;
using System.Text;
using InverseScope.Core.Specs.Running;

namespace InverseScope.Core.Specs.Steps;

/// <summary>Cuts text into parts, without copying it.</summary>
internal static class TextSplitter
{
    private static readonly SearchValues<char> AsciiWordCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'-");

    public static Value Words(in TextSlice text, TextList into)
    {
        var span = text.Span;
        var isAscii = Ascii.IsValid(span);
        for (var i = 0; i < span.Length;)
        {
            var start = isAscii ? span[i..].IndexOfAny(AsciiWordCharacters) : NextWord(span[i..]);
            if (start < 0)
                break;
            start += i;
            var length = isAscii ? span[start..].IndexOfAnyExcept(AsciiWordCharacters) : WordLength(span[start..]);
            i = length < 0 ? span.Length : start + length;
            AddWord(text, start, i, into);
        }

        return Value.Of(into);
    }

    public static Value Chars(in TextSlice text, TextList into)
    {
        var span = text.Span;
        for (var i = 0; i < span.Length;)
        {
            var width = CharWidth(span, i);
            into.Add(new TextSlice(text.Source, text.Start + i, width));
            i += width;
        }

        return Value.Of(into);
    }

    public static int CountChars(ReadOnlySpan<char> span)
    {
        var count = 0;
        for (var i = 0; i < span.Length; i += CharWidth(span, i))
            count++;
        return count;
    }

    public static Value Lines(in TextSlice text, TextList into)
    {
        var span = text.Span;
        for (var start = 0; start < span.Length;)
        {
            var length = span[start..].IndexOf('\n');
            var end = length < 0 ? span.Length : start + length;
            var next = end + 1;
            if (end > start && end < span.Length && span[end - 1] == '\r')
                end--;
            into.Add(new TextSlice(text.Source, text.Start + start, end - start));
            start = next;
        }

        return Value.Of(into);
    }

    public static Value Sentences(in TextSlice text, TextList into)
    {
        var span = text.Span;
        var start = 0;
        for (var i = 0; i < span.Length; i++)
        {
            var ends = span[i] is '.' or '!' or '?' && (i + 1 == span.Length || char.IsWhiteSpace(span[i + 1]));
            if (!ends && i + 1 < span.Length)
                continue;
            var sentence = Trimmed(new TextSlice(text.Source, text.Start + start, i + 1 - start));
            if (sentence.Length > 0)
                into.Add(sentence);
            start = i + 1;
        }

        return Value.Of(into);
    }

    public static TextSlice Trimmed(in TextSlice text)
    {
        var span = text.Span;
        var leading = span.Length - span.TrimStart().Length;
        return new TextSlice(text.Source, text.Start + leading, span.Trim().Length);
    }

    // A lone surrogate counts as one character.
    private static int CharWidth(ReadOnlySpan<char> span, int i) =>
        char.IsHighSurrogate(span[i]) && i + 1 < span.Length && char.IsLowSurrogate(span[i + 1]) ? 2 : 1;

    private static int NextWord(ReadOnlySpan<char> span)
    {
        for (var i = 0; i < span.Length; i++)
        {
            if (WordCharacter(span, i) > 0)
                return i;
        }

        return -1;
    }

    private static int WordLength(ReadOnlySpan<char> span)
    {
        var length = 0;
        while (length < span.Length && WordCharacter(span, length) is var width and > 0)
            length += width;
        return length;
    }

    /// <returns>UTF-16 units of the word character at an index; 0 if there is none.</returns>
    private static int WordCharacter(ReadOnlySpan<char> span, int i)
    {
        var c = span[i];
        if (char.IsAsciiLetterOrDigit(c) || c is '\'' or '-' or '’')
            return 1;
        if (c < 128)
            return 0;
        var width = CharWidth(span, i);
        var category = width == 2
            ? Rune.GetUnicodeCategory(new Rune(c, span[i + 1]))
            : CharUnicodeInfo.GetUnicodeCategory(c);
        return category is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter
            or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark
            or UnicodeCategory.SpacingCombiningMark
            ? width
            : 0;
    }

    // Apostrophes and hyphens belong inside words only: 'John' in quotes is John.
    private static void AddWord(in TextSlice text, int start, int end, TextList into)
    {
        while (start < end && IsMark(text.Span[start]))
            start++;
        while (end > start && IsMark(text.Span[end - 1]))
            end--;
        if (end > start)
            into.Add(new TextSlice(text.Source, text.Start + start, end - start));

        static bool IsMark(char c) => c is '\'' or '-' or '’';
    }
}
