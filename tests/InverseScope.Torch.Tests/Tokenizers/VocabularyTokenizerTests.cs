using CsCheck;
using InverseScope.Core;
using InverseScope.Testing;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Tests.Tokenizers;

public sealed class VocabularyTokenizerTests : IDisposable
{
    private static readonly TokenizerConfig WithBegin = new(null, "<s>", "</s>", null, AddsBegin: true);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_addition_model_reads_characters_after_a_begin_token()
    {
        var tokenizer = TokenizerFolder.Load(Shared.Path("models/addition"))!;
        var text = tokenizer.Encode("615+861=");
        Assert.Equal([10, 6, 1, 5, 11, 8, 6, 1, 12], text.Ids);
        Assert.Equal([-1, 0, 1, 2, 3, 4, 5, 6, 7], text.Starts);
        Assert.Equal("=", text.Piece(8).ToString());
        Assert.True(text.Piece(0).IsEmpty);
        Assert.Equal(15, tokenizer.Vocabulary);
    }

    [Theory]
    [InlineData("61x", "'x' (U+0078) at 2")]
    [InlineData("61P", "special token")]
    public void A_character_that_the_vocabulary_lacks_is_named(string text, string message)
    {
        var tokenizer = TokenizerFolder.Load(Shared.Path("models/addition"))!;
        Assert.Contains(message, Assert.Throws<BadInputException>(() => tokenizer.Encode(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Words_and_punctuation_are_tokens_and_spaces_separate()
    {
        var tokenizer = Words("When", "Mary", "went", "store", ",", "Jo-Ann's", ".");
        var text = tokenizer.Encode("When Mary went,  Jo-Ann's store.");
        Assert.Equal(["", "When", "Mary", "went", ",", "Jo-Ann's", "store", "."], Enumerable.Range(0, 8).Select(i => text.Piece(i).ToString()));
        Assert.Equal([0, 2, 3, 4, 6, 7, 5, 8], text.Ids);
    }

    [Fact]
    public void An_unknown_word_is_named_with_its_nearest_neighbour()
    {
        var e = Assert.Throws<BadInputException>(() => Words("store", "the").Encode("the stroe"));
        Assert.Contains("word 'stroe' at 4", e.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'store'?", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("go stroe", "The word ' stroe' at 2", "Did you mean ' store'?")]
    [InlineData("store", "The word 'store' at 0", "Did you mean ' store'?")]
    [InlineData("go ", "The white space ' ' at 2", null)]
    public void An_unknown_spaced_word_is_named_with_its_space(string text, string message, string? hint)
    {
        var ids = new Dictionary<string, int> { ["<s>"] = 0, ["</s>"] = 1, ["go"] = 2, [" store"] = 3, ["."] = 4 };
        var e = Assert.Throws<BadInputException>(() => new VocabularyTokenizer(ids, TokenUnit.SpacedWord, WithBegin).Encode(text));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        if (hint is null)
            Assert.DoesNotContain("Did you mean", e.Message, StringComparison.Ordinal);
        else
            Assert.Contains(hint, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pieces_never_overlap_and_leave_out_only_white_space()
    {
        Gen.Select(Gen.String, Gen.Enum<TokenUnit>()).Sample((text, unit) =>
        {
            var at = 0;
            foreach (var piece in VocabularyTokenizer.Split(text, unit))
            {
                Assert.True(unit == TokenUnit.Word || piece.Start.Value == at);
                Assert.True(string.IsNullOrWhiteSpace(text[at..piece.Start.Value]));
                Assert.True(piece.End.Value > piece.Start.Value);
                at = piece.End.Value;
            }

            Assert.True(unit == TokenUnit.Word ? string.IsNullOrWhiteSpace(text[at..]) : at == text.Length);
        });
    }

    [Theory]
    [InlineData("""{"a":0,"b":1}""", null, "ba", new[] { 1, 0 })]
    [InlineData("""{"a":0,"<s>":1}""", """{"bos_token":{"content":"<s>"},"add_bos_token":true}""", "a", new[] { 1, 0 })]
    [InlineData("""{"ab":0,"c":1}""", """{"tokenizer_class":"word-level"}""", "c ab", new[] { 1, 0 })]
    [InlineData("""{"ab":0,"c":1," ab":2}""", """{"tokenizer_class":"Spaced-word-level"}""", "c ab", new[] { 1, 2 })]
    public void The_folder_says_how_texts_are_cut(string vocabulary, string? config, string text, int[] ids)
    {
        Write(vocabulary, config);
        Assert.Equal(ids, TokenizerFolder.Load(_folder.Path)!.Encode(text).Ids);
    }

    [Theory]
    [InlineData("""{"ab":0}""", null, "merges.txt")]
    [InlineData("""{"ab":0}""", """{"tokenizer_class":"GPT2Tokenizer"}""", "GPT2Tokenizer")]
    [InlineData("""{"a":0}""", """{"bos_token":"<s>"}""", "'<s>'")]
    [InlineData("""{"a":0}""", """{"add_bos_token":true}""", "bos_token")]
    [InlineData("""{"a":0}""", "{", "malformed")]
    [InlineData("""{"a":0,"b":0}""", null, "share id 0")]
    [InlineData("""{"a":0,"a":1}""", null, "twice")]
    [InlineData("""{"a":"x"}""", null, "has no id")]
    [InlineData("[]", null, "not a JSON object")]
    public void Malformed_tokenizer_files_are_refused(string vocabulary, string? config, string message)
    {
        Write(vocabulary, config);
        Assert.Contains(message, Assert.Throws<BadInputException>(() => TokenizerFolder.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_tokenizer_has_none() => Assert.Null(TokenizerFolder.Load(_folder.Path));

    private static VocabularyTokenizer Words(params string[] words)
    {
        string[] tokens = ["<s>", "</s>", .. words];
        return new VocabularyTokenizer(
            tokens.Select((token, id) => (token, id)).ToDictionary(t => t.token, t => t.id), TokenUnit.Word, WithBegin);
    }

    private void Write(string vocabulary, string? config)
    {
        File.WriteAllText(_folder["vocab.json"], vocabulary);
        if (config is not null)
            File.WriteAllText(_folder["tokenizer_config.json"], config);
    }
}
