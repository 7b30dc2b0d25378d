using System.Globalization;
using System.Text;
using CsCheck;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Reports.Html;

namespace InverseScope.Sweeps.Tests.Reports;

public sealed class VisibleTextTests
{
    private static readonly Gen<string> Texts = Gen.Select(
        Gen.OneOf(
            Gen.String,
            Gen.OneOf("a b", "\u202E\u2066", "\uD83D\uDE00", "\uD83D", "é\u0301\u0301\u0301\u0301\u0301\u0301", "\u2028", "\u00A0", "\uE000")).Array[0, 6],
        parts => string.Concat(parts));

    [Theory]
    [InlineData("When Mary and John, gave a drink to", "When Mary and John, gave a drink to")]
    [InlineData("615+861=1476", "615+861=1476")]
    [InlineData("a\tb\r\n", "a␉b␍␊")]
    [InlineData("\u202Eabc", "⟨U+202E⟩abc")]
    [InlineData("no\u00A0break", "no⟨U+00A0⟩break")]
    [InlineData("\u007F\u0085", "␡⟨U+0085⟩")]
    [InlineData("naïve 日本 😀", "naïve 日本 😀")]
    [InlineData("\U000E0041", "⟨U+E0041⟩")]
    public void Unseen_characters_are_spelt_out(string text, string expected) => Assert.Equal(expected, VisibleText.Of(text));

    [Fact]
    public void Half_a_surrogate_pair_is_replaced() => Assert.Equal("x\uFFFDy", VisibleText.Of("x" + '\uDC00' + "y"));

    [Fact]
    public void Letters_cannot_climb_over_the_lines_above() =>
        Assert.Equal(4, VisibleText.Of("e" + new string('\u0301', 100)).Count(c => c == '\u0301'));

    [Fact]
    public void Nothing_unseen_is_left_of_any_text() => Texts.Sample(text =>
    {
        foreach (var rune in VisibleText.Of(text).EnumerateRunes())
        {
            Assert.True(
                rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
                    or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse
                    or UnicodeCategory.SpaceSeparator or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned),
                $"U+{rune.Value:X4}");
        }
    });

    [Fact]
    public void Spelling_out_twice_changes_nothing_more() =>
        Texts.Sample(text => VisibleText.Of(VisibleText.Of(text)) == VisibleText.Of(text));

    [Fact]
    public void A_cut_keeps_the_beginning_and_counts_the_rest() => Gen.Select(Texts, Gen.Int[1, 40]).Sample((text, maximum) =>
    {
        var (head, left) = VisibleText.Cut(text, maximum);
        Assert.StartsWith(head, text, StringComparison.Ordinal);
        Assert.Equal(text.Length, head.Length + left);
        Assert.InRange(head.Length, 0, maximum);
        Assert.False(left > 0 && head.Length > 0 && char.IsHighSurrogate(head[^1]) && char.IsLowSurrogate(text[head.Length]));
    });

    [Fact]
    public void Pieces_shared_or_not_make_up_the_sample() => Gen.Select(Texts, Texts).Sample((reference, sample) =>
    {
        // A lone surrogate is replaced when the text is read rune by rune, as it is when it is shown.
        var pieces = string.Concat(SharedPieces.Of(reference, sample).Select(p => p.Piece));
        Assert.Equal(VisibleText.Of(sample), VisibleText.Of(pieces));
    });

    [Fact]
    public void A_text_shares_all_of_itself() => Texts.Where(t => t.Length > 0).Sample(text =>
        Assert.True(Assert.Single(SharedPieces.Of(text, text)).Shared));

    [Fact]
    public void Words_are_shared_in_their_order() => Assert.Equal(
        [("When Mary and", true), (" Paul", false), (" went", true)],
        SharedPieces.Of("When Mary and John went", "When Mary and Paul went"));

    [Fact]
    public void Characters_of_a_sum_are_shared_at_their_place() => Assert.Equal(
        [("6", true), ("0", false), ("5+8", true), ("70", false), ("=", true)],
        SharedPieces.Of("615+861=", "605+870="));
}
