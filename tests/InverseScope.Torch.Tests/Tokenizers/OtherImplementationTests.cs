using System.Text.RegularExpressions;
using CsCheck;
using InverseScope.Testing;
using InverseScope.Torch.Tokenizers;
using Microsoft.ML.Tokenizers;
using PreTokenizer = InverseScope.Torch.Tokenizers.PreTokenizer;
using TheirPreTokenizer = Microsoft.ML.Tokenizers.PreTokenizer;

namespace InverseScope.Torch.Tests.Tokenizers;

/// <summary>Ids are those of Microsoft.ML.Tokenizers, told where to cut texts.</summary>
public sealed class OtherImplementationTests
{
    [Fact]
    public void GPT_2_gives_the_same_ids()
    {
        var folder = Shared.Path("data/tokenizers/gpt2");
        var theirs = BpeTokenizer.Create(new BpeOptions(VocabularyFile.Read(Path.Combine(folder, "encoder.json")))
        {
            Merges = [.. File.ReadLines(Path.Combine(folder, "vocab.bpe")).Skip(1).Where(line => line.Length > 0)],
            ByteLevel = true,
            PreTokenizer = new Cut(PreTokenizer.Gpt2),
        });
        var ours = TokenizerFolder.Load(folder)!;
        TokenizerTexts.All.Sample(text => Assert.Equal(theirs.EncodeToIds(text), ours.Encode(text).Ids));
    }

    [Fact]
    public void Llama_3_gives_the_same_ids()
    {
        var folder = Shared.Path("data/tokenizers/llama3");
        var theirs = TiktokenTokenizer.Create(Path.Combine(folder, "tokenizer.model"), new Cut(PreTokenizer.Llama3), null);
        var ours = TokenizerFolder.Load(folder)!;
        TokenizerTexts.All.Sample(text => Assert.Equal(theirs.EncodeToIds(text), ours.Encode(text).Ids[1..]));
    }

    [Fact]
    public void Texts_without_surrogate_pairs_are_cut_as_the_published_pattern_cuts_them()
    {
        var published = new Regex(
            @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            RegexOptions.CultureInvariant);
        TokenizerTexts.All.Select(text => string.Concat(text.Where(c => !char.IsSurrogate(c) && c != 'ſ'))).Sample(text => Assert.Equal(
            published.Matches(text).Select(m => m.Value), PreTokenizer.Llama3.Split(text).Select(range => text[range])));
    }

    [Theory]
    [InlineData("a𝐀𝐛 𝟏𝟐𝟑𝟒🙂!", "a𝐀𝐛", " ", "𝟏𝟐𝟑", "𝟒", "🙂!")]
    [InlineData("it'S 𠀀's", "it", "'S", " 𠀀", "'s")]
    [InlineData("x'ſ", "x", "'ſ")]
    public void Letters_and_numbers_beyond_the_basic_plane_are_letters_and_numbers(string text, params string[] pieces) =>
        Assert.Equal(pieces, PreTokenizer.Llama3.Split(text).Select(range => text[range]));

    // Their own cuts letters beyond the basic plane off, which .NET's regular expressions do not know as such.
    private sealed class Cut(PreTokenizer by) : TheirPreTokenizer
    {
        public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => PreTokenize(text.AsSpan());

        public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text)
        {
            var length = text.Length;
            return by.Split(text).Select(range => range.GetOffsetAndLength(length));
        }
    }
}
