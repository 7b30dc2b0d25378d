using System.Text;
using System.Text.Json;
using CsCheck;
using InverseScope.Core;
using InverseScope.Testing;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Tests.Tokenizers;

public sealed class TiktokenFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Ids_of_Llama_3_equal_the_golden_file()
    {
        var tokenizer = TokenizerFolder.Load(Shared.Path("data/tokenizers/llama3"))!;
        Assert.Equal((128_256, 128_000, 128_001), (tokenizer.Vocabulary, tokenizer.BeginId, tokenizer.EndId));
        Assert.Equal((128_006, 128_007, 128_009), (tokenizer.SpecialTokens["<|start_header_id|>"], tokenizer.SpecialTokens["<|end_header_id|>"], tokenizer.SpecialTokens["<|eot_id|>"]));
        Assert.Equal(256, tokenizer.SpecialTokens.Count);
        Assert.Equal(128_255, tokenizer.SpecialTokens["<|reserved_special_token_250|>"]);
        var texts = 0;
        foreach (var line in File.ReadLines(Shared.Path("data/tokenizers/golden_llama3.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            var text = json.RootElement.GetProperty("text").GetString()!;
            int[] ids = [128_000, .. json.RootElement.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())];
            Assert.Equal(ids, tokenizer.Encode(text).Ids);
            TokenizerTexts.CheckLaws(tokenizer, text);
            texts++;
        }

        Assert.Equal(54, texts);
    }

    [Fact]
    public void Offsets_cover_every_text_and_it_comes_back()
    {
        var tokenizer = TokenizerFolder.Load(Shared.Path("data/tokenizers/llama3"))!;
        TokenizerTexts.All.Sample(text => TokenizerTexts.CheckLaws(tokenizer, text));
    }

    [Fact]
    public void A_small_file_is_read_and_its_special_tokens_follow_the_last()
    {
        var tokenizer = Load("ab", " ab", "12");
        Assert.Equal([259, 97, 257, 257, 33], tokenizer.Encode("a ab ab!").Ids);
        Assert.Equal(260, tokenizer.EndId);
        Assert.Equal(259 + 256, tokenizer.Vocabulary);
        Assert.Equal("a<|eot_id|>", tokenizer.Decode([.. tokenizer.Encode("a<|eot_id|>").Ids, 268, 260]));
    }

    [Fact]
    public void The_config_renames_special_tokens_and_says_whether_texts_begin_with_one()
    {
        File.WriteAllText(_folder["tokenizer_config.json"], """
            {"add_bos_token":false,"bos_token":"<b>","eos_token":"<e>","added_tokens_decoder":
            {"256":{"content":"<b>","special":true},"257":{"content":"<e>","special":true},"258":{"content":"<t>","special":false}}}
            """);
        var tokenizer = Load();
        Assert.Equal((256, 257, 259), (tokenizer.BeginId, tokenizer.EndId, tokenizer.Vocabulary));
        Assert.Equal([97, 258, 60, 98, 62], tokenizer.Encode("a<t><b>").Ids);
        Assert.Equal("a<t><b>", tokenizer.Decode(tokenizer.Encode("a<t><b>").Ids));
    }

    [Fact]
    public void Malformed_files_are_refused()
    {
        var bytes = Lines([]);
        void Refused(IEnumerable<string> lines, string what)
        {
            File.WriteAllLines(_folder["tokenizer.model"], lines);
            Assert.Contains(what, Assert.Throws<BadInputException>(() => TokenizerFolder.Load(_folder.Path)).Message, StringComparison.Ordinal);
        }

        Refused(bytes.Append("YWI="), "line 257");
        Refused(bytes.Append("YWI= x"), "line 257");
        Refused(bytes.Append("!!!! 256"), "line 257");
        Refused(bytes.Append("YWI= 7"), "second time");
        Refused(bytes.Append("YQ== 256"), "second time");
        Refused(bytes.Append("YWI= 300"), "leave numbers out");
        Refused(bytes.Take(200), "not every byte");
        Refused(Lines([.. Enumerable.Range(0, 130_000).Select(i => $"{i:000000}")]), "not of Llama-3");
        File.WriteAllText(_folder["tokenizer_config.json"], """{"added_tokens_decoder":{"5":{"content":"<b>","special":true}},"add_bos_token":false}""");
        Refused(bytes, "the id of another token");
    }

    private static IEnumerable<string> Lines(IReadOnlyList<string> tokens) => Enumerable.Range(0, 256)
        .Select(b => $"{Convert.ToBase64String([(byte)b])} {b}")
        .Concat(tokens.Select((token, i) => $"{Convert.ToBase64String(Encoding.UTF8.GetBytes(token))} {256 + i}"));

    private ITokenizer Load(params string[] tokens)
    {
        File.WriteAllLines(_folder["tokenizer.model"], Lines(tokens));
        return TokenizerFolder.Load(_folder.Path)!;
    }
}
