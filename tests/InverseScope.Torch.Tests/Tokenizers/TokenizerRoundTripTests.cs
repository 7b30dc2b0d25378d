using CsCheck;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Testing;
using InverseScope.Torch.Tokenizers;
using InverseScope.Torch.Training;

namespace InverseScope.Torch.Tests.Tokenizers;

public sealed class TokenizerRoundTripTests
{
    private static readonly TokenizerConfig WithBegin = new(null, "<s>", "</s>", "<pad>", AddsBegin: true);

    [Theory]
    [InlineData("addition")]
    [InlineData("counting")]
    [InlineData("ioi")]
    public void Texts_of_a_task_come_back_from_a_vocabulary_made_for_it(string name)
    {
        var task = new TaskCatalog().Find(name);
        var vocabulary = new TrainingVocabulary(task, reversible: true);
        using var folder = new TempFolder();
        vocabulary.Write(folder.Path);
        var read = TokenizerFolder.Load(folder.Path)!;
        Assert.Equal((vocabulary.BeginId, vocabulary.EndId), (read.BeginId, read.EndId));
        foreach (var text in Draws(task))
        {
            var ids = read.Encode(text).Ids;
            Assert.Equal(text, read.Decode(ids));
            Assert.Equal(text, vocabulary.Tokenizer.Decode([.. ids, vocabulary.EndId, vocabulary.EndId]));
        }
    }

    [Theory]
    [InlineData("addition")]
    [InlineData("counting")]
    [InlineData("ioi")]
    public void Texts_of_a_task_come_back_from_byte_pairs(string name)
    {
        var gpt2 = Gpt2();
        foreach (var text in Draws(new TaskCatalog().Find(name)))
            Assert.Equal(text, gpt2.Decode(gpt2.Encode(text).Ids));
    }

    [Fact]
    public void Every_text_comes_back_from_byte_pairs()
    {
        var gpt2 = Gpt2();
        TokenizerTexts.All.Sample(text => Assert.Equal(text, gpt2.Decode(gpt2.Encode(text).Ids)));
    }

    [Fact]
    public void Every_text_comes_back_from_characters_and_from_spaced_words() =>
        Gen.Select(TokenizerTexts.All, Gen.OneOf(TokenUnit.Character, TokenUnit.SpacedWord)).Sample((text, unit) =>
        {
            var tokenizer = For(unit, text);
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text).Ids));
        });

    [Theory]
    [InlineData(" Mary gave", " Mary", " gave")]
    [InlineData("Mary  gave", "Mary", "  gave")]
    [InlineData("Mary gave ", "Mary", " gave", " ")]
    [InlineData("Mary,\n\nJo-Ann's \t.", "Mary", ",", "\n\nJo-Ann's", " \t.")]
    [InlineData("so 🙂!\r\n", "so", " 🙂", "!", "\r\n")]
    [InlineData("  ", "  ")]
    [InlineData("")]
    public void Spaced_words_keep_the_white_space_before_them(string text, params string[] pieces)
    {
        Assert.Equal(pieces, VocabularyTokenizer.Split(text, TokenUnit.SpacedWord).Select(range => text[range]));
        var tokenizer = For(TokenUnit.SpacedWord, text);
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text).Ids));
    }

    [Fact]
    public void Words_come_back_with_single_spaces()
    {
        var tokenizer = For(TokenUnit.Word, "When  Mary, went");
        Assert.Equal("When Mary , went", tokenizer.Decode(tokenizer.Encode("When  Mary, went").Ids));
    }

    [Theory]
    [InlineData(TokenUnit.Character)]
    [InlineData(TokenUnit.Word)]
    [InlineData(TokenUnit.SpacedWord)]
    public void Special_tokens_are_known_and_left_out(TokenUnit unit)
    {
        var tokenizer = For(unit, "a");
        Assert.Equal((0, 1), (tokenizer.BeginId, tokenizer.EndId));
        Assert.Equal("a", tokenizer.Decode([2, 0, 3, 1, 2]));
        Assert.Equal("", tokenizer.Decode([]));
    }

    [Fact]
    public void A_vocabulary_without_special_tokens_knows_none()
    {
        var tokenizer = new VocabularyTokenizer(
            new Dictionary<string, int> { ["a"] = 0 }, TokenUnit.Character, new TokenizerConfig(null, null, null, null, false));
        Assert.Equal((null, null), (tokenizer.BeginId, tokenizer.EndId));
    }

    [Fact]
    public void A_begin_token_that_the_target_does_without_is_known_but_not_written()
    {
        var tokenizer = new VocabularyTokenizer(
            new Dictionary<string, int> { ["<s>"] = 0, ["a"] = 1 }, TokenUnit.Character,
            new TokenizerConfig(null, "<s>", null, null, AddsBegin: false));
        Assert.Equal(0, tokenizer.BeginId);
        Assert.Equal([1], tokenizer.Encode("a").Ids);
    }

    [Fact]
    public void Byte_pairs_begin_and_end_with_the_end_of_text()
    {
        var gpt2 = Gpt2();
        Assert.Equal((50256, 50256), (gpt2.BeginId, gpt2.EndId));
        Assert.Equal("Hello", gpt2.Decode([50256, 15496, 50256, 50256]));
    }

    [Fact]
    public void A_character_cut_across_byte_pairs_is_whole_again_and_half_of_it_is_replaced()
    {
        var gpt2 = Gpt2();
        var ids = gpt2.Encode("🙂").Ids;
        Assert.True(ids.Length > 1);
        Assert.Equal("🙂", gpt2.Decode(ids));
        Assert.Equal("\ufffd", gpt2.Decode(ids.AsSpan(0, ids.Length - 1)));
        Assert.Equal("\ufffd Hello", gpt2.Decode([ids[0], .. gpt2.Encode(" Hello").Ids]));
    }

    [Fact]
    public void Byte_pairs_in_any_order_give_valid_Unicode()
    {
        var gpt2 = Gpt2();
        Gen.Int[0, gpt2.Vocabulary - 1].Array.Sample(ids =>
        {
            var text = gpt2.Decode(ids);
            Assert.Equal(text, gpt2.Decode(gpt2.Encode(text).Ids));
        });
    }

    [Fact]
    public void A_token_added_to_byte_pairs_by_hand_stands_for_itself()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["vocab.json"], """{"a":0,"Ġ":1,"▁end ":2}""");
        File.WriteAllText(folder["merges.txt"], "#version: 0.2\n");
        var tokenizer = TokenizerFolder.Load(folder.Path)!;
        Assert.Equal("a ▁end a", tokenizer.Decode([0, 1, 2, 0]));
        Assert.Equal((null, null), (tokenizer.BeginId, tokenizer.EndId));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(5)]
    public void An_id_that_a_vocabulary_lacks_is_the_callers_fault(int id) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => For(TokenUnit.SpacedWord, "a b").Decode([3, id]));

    [Theory]
    [InlineData(-1)]
    [InlineData(50257)]
    public void An_id_that_byte_pairs_lack_is_the_callers_fault(int id)
    {
        var gpt2 = Gpt2();
        Assert.Throws<ArgumentOutOfRangeException>(() => gpt2.Decode([15496, id]));
    }

    private static ITokenizer Gpt2() => TokenizerFolder.Load(Shared.Path("data/tokenizers/gpt2"))!;

    private static IEnumerable<string> Draws(ITask task)
    {
        var random = new RunSeed(5).Stream("round trips");
        return Enumerable.Range(0, 300).Select(_ => TrainingTexts.WithAnswer(task, task.Draw(random)).Text);
    }

    /// <summary>A vocabulary of three special tokens and then exactly the pieces of a text.</summary>
    private static VocabularyTokenizer For(TokenUnit unit, string text)
    {
        var pieces = VocabularyTokenizer.Split(text, unit).Select(range => text[range]).Distinct();
        string[] tokens = ["<s>", "</s>", "<pad>", .. pieces];
        return new VocabularyTokenizer(
            tokens.Select((token, id) => (token, id)).ToDictionary(t => t.token, t => t.id), unit, WithBegin);
    }
}
