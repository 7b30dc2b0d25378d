using System.Text;
using CsCheck;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Tests.Tokenizers;

/// <summary>Texts on which tokenizers tend to differ.</summary>
internal static class TokenizerTexts
{
    private static readonly string[] Tricky =
    [
        " ", "  ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u2003", "it's", "WE'LL", "123456", "well-known", "é", "e\u0301", "ﬁ", "½",
        "日本", "🙂", "👩‍👧", "🇮🇹", "𝐀𝐛", "𝟏𝟐", "𠀀", "<|endoftext|>", "<|eot_id|>", "<s>", "<0x0A>", "<start_of_turn>", "\0", "the", " The",
    ];

    /// <summary>Any valid Unicode, often what <see cref="Tricky"/> names.</summary>
    public static Gen<string> All { get; } = Gen
        .OneOf(
            Gen.Int[0, 0x10FFFF].Where(Rune.IsValid).Select(c => new Rune(c).ToString()),
            Gen.Char[' ', '~'].Select(c => c.ToString()),
            Gen.Int[0, Tricky.Length - 1].Select(i => Tricky[i]))
        .Array[0, 30].Select(string.Concat);

    /// <summary>
    /// Checks what holds of every tokenizer: ids in range and no special token but at the beginning, offsets that cover
    /// the text without gap and in order, never with half a character, and the text back from the ids.
    /// </summary>
    public static void CheckLaws(ITokenizer tokenizer, string text)
    {
        var tokens = tokenizer.Encode(text);
        var first = tokens.Ids.Length > 0 && tokens.Starts[0] < 0 ? 1 : 0;
        var at = 0;
        for (var i = first; i < tokens.Ids.Length; i++)
        {
            Assert.InRange(tokens.Ids[i], 0, tokenizer.Vocabulary - 1);
            Assert.DoesNotContain(tokens.Ids[i], tokenizer.SpecialTokens.Values);
            Assert.InRange(tokens.Starts[i], i == first ? 0 : tokens.Starts[i - 1], at);
            Assert.InRange(tokens.Ends[i], at, text.Length);
            at = tokens.Ends[i];
            Assert.True(at == text.Length || !char.IsLowSurrogate(text[at]));
            Assert.True(tokens.Starts[i] == text.Length || !char.IsLowSurrogate(text[tokens.Starts[i]]));
        }

        Assert.Equal(text.Length, at);
        Assert.Equal(text.Replace('\u2581', ' '), tokenizer.Decode(tokens.Ids).Replace('\u2581', ' '));
    }
}
