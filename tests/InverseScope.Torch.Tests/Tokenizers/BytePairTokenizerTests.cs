using System.Text.Json;
using InverseScope.Core;
using InverseScope.Testing;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Tests.Tokenizers;

public sealed class BytePairTokenizerTests
{
    [Fact]
    public void Ids_equal_those_of_the_original_encoder()
    {
        var tokenizer = TokenizerFolder.Load(Shared.Path("data/tokenizers/gpt2"))!;
        Assert.Equal(50257, tokenizer.Vocabulary);
        var texts = 0;
        foreach (var line in File.ReadLines(Shared.Path("data/tokenizers/golden_gpt2.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            var text = json.RootElement.GetProperty("text").GetString()!;
            var tokens = tokenizer.Encode(text);
            Assert.Equal(json.RootElement.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32()), tokens.Ids);
            Assert.Equal(0, tokens.Starts.FirstOrDefault());
            Assert.Equal(text.Length, tokens.Ends.LastOrDefault());
            for (var i = 1; i < tokens.Ids.Length; i++)
                Assert.InRange(tokens.Starts[i], tokens.Starts[i - 1], tokens.Ends[i - 1]);
            texts++;
        }

        Assert.Equal(54, texts);
    }

    [Fact]
    public void Offsets_name_the_characters_of_a_token()
    {
        var tokenizer = TokenizerFolder.Load(Shared.Path("data/tokenizers/gpt2"))!;
        var text = tokenizer.Encode("naïve 🙂 to");
        Assert.Equal(["na", "ïve"], Enumerable.Range(0, 2).Select(i => text.Piece(i).ToString()));
        Assert.Equal(" to", text.Piece(text.Ids.Length - 1).ToString());
        Assert.Contains(Enumerable.Range(0, text.Ids.Length), i => text.Piece(i).ToString().Contains("🙂", StringComparison.Ordinal));
    }

    [Fact]
    public void Broken_Unicode_is_refused()
    {
        var tokenizer = TokenizerFolder.Load(Shared.Path("data/tokenizers/gpt2"))!;
        Assert.Contains("Unicode", Assert.Throws<BadInputException>(() => tokenizer.Encode("a\ud83d")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_begin_token_comes_first_where_the_target_reads_one()
    {
        using var folder = new TempFolder();
        foreach (var file in new[] { "encoder.json", "vocab.bpe" })
            File.Copy(Path.Combine(Shared.Path("data/tokenizers/gpt2"), file), folder[file]);
        File.WriteAllText(folder["tokenizer_config.json"], """{"bos_token":"<|endoftext|>","add_bos_token":true}""");
        var text = TokenizerFolder.Load(folder.Path)!.Encode("Hello");
        Assert.Equal([50256, 15496], text.Ids);
        Assert.Equal([-1, 0], text.Starts);
    }
}
