using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using InverseScope.Core;
using InverseScope.Testing;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Tests.Tokenizers;

public sealed class TokenizerJsonTests : IDisposable
{
    private const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Ids_of_GPT_2_equal_the_golden_file(bool mergesArePairs)
    {
        var merges = File.ReadLines(Shared.Path("data/tokenizers/gpt2/vocab.bpe")).Skip(1).Where(line => line.Length > 0);
        var json = Gpt2Like();
        json["model"]!["vocab"] = JsonNode.Parse(File.ReadAllText(Shared.Path("data/tokenizers/gpt2/encoder.json")));
        json["model"]!["merges"] = new JsonArray([.. merges.Select(line => mergesArePairs
            ? (JsonNode)new JsonArray([.. line.Split(' ').Select(side => (JsonNode)side)])
            : line)]);
        json["added_tokens"]![0]!["id"] = 50256;
        var tokenizer = Load(json);
        Assert.Equal((50257, 50256, 50256), (tokenizer.Vocabulary, tokenizer.BeginId, tokenizer.EndId));
        CheckGolden(tokenizer, "data/tokenizers/golden_gpt2.jsonl");
    }

    [Fact]
    public void An_added_token_may_stand_twice_but_not_with_two_ids()
    {
        var json = Gpt2Like();
        var added = json["added_tokens"]!.AsArray();
        added.Add(added[0]!.DeepClone());
        _ = Load(json);
        added[1]!["id"] = added[0]!["id"]!.GetValue<int>() + 1;
        Assert.Contains("the ids", Assert.Throws<BadInputException>(() => Load(json)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_of_Llama_3_equal_the_golden_file()
    {
        var bytes = File.ReadLines(Shared.Path("data/tokenizers/llama3/tokenizer.model"))
            .Select(line => Convert.FromBase64String(line.Split(' ')[0])).ToList();
        var characters = Enumerable.Range(0, 256).Select(b => (char)(b is (>= '!' and <= '~') or (>= '¡' and <= '¬') or (>= '®' and <= 'ÿ') ? b : 0)).ToArray();
        var others = 0;
        for (var b = 0; b < 256; b++)
            characters[b] = characters[b] == 0 ? (char)(0x100 + others++) : characters[b];
        string Written(ReadOnlySpan<byte> token) => string.Create(token.Length, token, (text, t) =>
        {
            for (var i = 0; i < text.Length; i++)
                text[i] = characters[t[i]];
        });

        // As the published file was made: every cut of every token in two tokens, in the order of the tokens.
        var vocabulary = bytes.Select((token, id) => (Token: Written(token), Id: id)).ToDictionary(t => t.Token, t => t.Id);
        var json = Llama3Like();
        json["model"]!["vocab"] = new JsonObject(vocabulary.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value)));
        json["model"]!["merges"] = new JsonArray([.. vocabulary.Keys.SelectMany(token => Enumerable.Range(1, token.Length - 1)
            .Where(cut => vocabulary.ContainsKey(token[..cut]) && vocabulary.ContainsKey(token[cut..]))
            .Select(cut => (JsonNode)$"{token[..cut]} {token[cut..]}"))]);
        for (var i = 0; i < 2; i++)
            json["added_tokens"]![i]!["id"] = 128_000 + (9 * i);
        var tokenizer = Load(json);
        Assert.Equal((128_010, 128_000), (tokenizer.Vocabulary, tokenizer.BeginId));
        CheckGolden(tokenizer, "data/tokenizers/golden_llama3.jsonl", 128_000);
    }

    [Fact]
    public void Tokens_are_taken_whole_only_where_merges_are_ignored()
    {
        Assert.Equal([6, 0, 1, 2, 3], Load(Llama3Like()).Encode("abcd").Ids);
        Assert.Equal([6, 5], Load(Llama3Like()).Encode("bcd").Ids);
        Assert.Equal([1, 2, 3], Load(Gpt2Like()).Encode("bcd").Ids);
    }

    [Fact]
    public void A_template_that_puts_a_token_first_is_followed_unless_the_config_says_otherwise()
    {
        Assert.Equal([6, 0], Load(Llama3Like()).Encode("a").Ids);
        File.WriteAllText(_folder["tokenizer_config.json"], """{"add_bos_token":false,"eos_token":"<|eot_id|>"}""");
        var tokenizer = Load(Llama3Like());
        Assert.Equal([0], tokenizer.Encode("a").Ids);
        Assert.Equal((6, 7), (tokenizer.BeginId, tokenizer.EndId));
    }

    [Fact]
    public void Special_tokens_in_a_text_are_text_and_other_added_ones_are_found()
    {
        var json = Gpt2Like();
        json["added_tokens"]!.AsArray().Add(JsonNode.Parse("""{"id":8,"content":"d🙂"}"""));
        json["added_tokens"]!.AsArray().Add(JsonNode.Parse("""{"id":9,"content":"aa","special":true}"""));
        var tokenizer = Load(json);
        Assert.Equal(10, tokenizer.Vocabulary);
        var text = tokenizer.Encode("aad🙂b");
        Assert.Equal([0, 0, 8, 1], text.Ids);
        Assert.Equal([0, 1, 2, 5], text.Starts);
        Assert.Equal([1, 2, 5, 6], text.Ends);
        Assert.Equal("aad🙂b", tokenizer.Decode([9, .. text.Ids, 6]));
    }

    [Fact]
    public void A_byte_outside_the_vocabulary_is_named() =>
        Assert.Contains("0x7A", Assert.Throws<BadInputException>(() => Load(Gpt2Like()).Encode("az")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("model.type", "\"Unigram\"", "Unigram")]
    [InlineData("model.type", "\"WordPiece\"", "WordPiece")]
    [InlineData("model.byte_fallback", "true", "tokenizer.model")]
    [InlineData("model.dropout", "0.1", "dropout 0.1")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "end_of_word_suffix")]
    [InlineData("model.merges", "[\"a x\"]", "needs the token 'x'")]
    [InlineData("model.merges", "[\"a\"]", "no merge of two tokens")]
    [InlineData("model.merges", "[null]", "no merge of two tokens")]
    [InlineData("model.merges", "[\"c d\",\"c d\"]", "twice")]
    [InlineData("model.vocab", "{\"a\":0,\"b\":0}", "share id 0")]
    [InlineData("model.vocab", "[]", "malformed")]
    [InlineData("model", "{}", "the model")]
    [InlineData("normalizer", "{\"type\":\"NFC\"}", "normalizer NFC")]
    [InlineData("pre_tokenizer", "null", "pre_tokenizer null")]
    [InlineData("pre_tokenizer", "{\"type\":\"Metaspace\"}", "Metaspace")]
    [InlineData("pre_tokenizer", "{\"type\":\"ByteLevel\",\"add_prefix_space\":true}", "add_prefix_space")]
    [InlineData("pre_tokenizer.pretokenizers.0.pattern.Regex", "\"[a-z]+\"", "[a-z]")]
    [InlineData("pre_tokenizer.pretokenizers.0.behavior", "\"Removed\"", "Removed")]
    [InlineData("post_processor", "{\"type\":\"RobertaProcessing\"}", "RobertaProcessing")]
    [InlineData("post_processor.processors.1.single", "[{\"Sequence\":{\"id\":\"A\"}},{\"SpecialToken\":{\"id\":\"x\"}}]", "template")]
    [InlineData("added_tokens.0.lstrip", "true", null)]
    [InlineData("added_tokens.0.special", "false", null)]
    [InlineData("added_tokens.0.content", "\"\"", "no text")]
    [InlineData("added_tokens.0.id", "\"x\"", "no id")]
    [InlineData("added_tokens.0.content", "\"a\"", "ids 0 and 6")]
    public void What_is_not_supported_is_refused_by_name(string place, string value, string? what)
    {
        var json = Llama3Like();
        var steps = place.Split('.');
        JsonNode node = json;
        foreach (var step in steps[..^1])
            node = int.TryParse(step, out var index) ? node[index]! : node[step]!;
        node[steps[^1]] = JsonNode.Parse(value);
        if (what is null)
        {
            Load(json);
            return;
        }

        var e = Assert.Throws<BadInputException>(() => Load(json));
        Assert.Contains(what, e.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_cut_off_is_refused()
    {
        var whole = Llama3Like().ToJsonString();
        Gen.Int[0, whole.Length - 1].Sample(length =>
        {
            File.WriteAllText(_folder["tokenizer.json"], whole[..length]);
            Assert.Throws<BadInputException>(() => TokenizerFolder.Load(_folder.Path));
        }, threads: 1);
    }

    [Theory]
    [InlineData("""{"bos_token":"<none>"}""", "'<none>'")]
    [InlineData("""{"added_tokens_decoder":{"7":{"content":"a"}}}""", "the id 7")]
    [InlineData("""{"added_tokens_decoder":{"x":{"content":"a"}}}""", "'x'")]
    [InlineData("""{"added_tokens_decoder":{"9":{"content":"q","rstrip":true}}}""", "rstrip")]
    [InlineData("""{"add_bos_token":"yes"}""", "malformed")]
    public void A_config_that_does_not_fit_is_refused(string config, string what)
    {
        File.WriteAllText(_folder["tokenizer_config.json"], config);
        Assert.Contains(what, Assert.Throws<BadInputException>(() => Load(Llama3Like())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vocab.txt", "WordPiece")]
    [InlineData("tekken.json", "Tekken")]
    [InlineData("spiece.model", "T5")]
    [InlineData("merges.txt", "vocab.json")]
    [InlineData("vocab.bpe", "encoder.json")]
    public void A_folder_with_files_of_another_kind_or_half_of_a_pair_is_refused(string file, string what)
    {
        File.WriteAllText(_folder[file], "");
        Assert.Contains(what, Assert.Throws<BadInputException>(() => TokenizerFolder.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"tokenizer_class":"Qwen2Tokenizer"}""", "Qwen2Tokenizer")]
    [InlineData("""{"add_prefix_space":true}""", "add_prefix_space")]
    public void A_vocabulary_with_merges_is_read_as_GPT_2_reads_it_or_not_at_all(string config, string what)
    {
        File.WriteAllText(_folder["vocab.json"], """{"a":0}""");
        File.WriteAllText(_folder["merges.txt"], "#version: 0.2\n");
        Assert.Equal([0], TokenizerFolder.Load(_folder.Path)!.Encode("a").Ids);
        File.WriteAllText(_folder["tokenizer_config.json"], config);
        Assert.Contains(what, Assert.Throws<BadInputException>(() => TokenizerFolder.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    private static void CheckGolden(ITokenizer tokenizer, string file, params int[] begin)
    {
        var texts = 0;
        foreach (var line in File.ReadLines(Shared.Path(file)))
        {
            using var json = JsonDocument.Parse(line);
            var text = json.RootElement.GetProperty("text").GetString()!;
            int[] ids = [.. begin, .. json.RootElement.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())];
            Assert.Equal(ids, tokenizer.Encode(text).Ids);
            TokenizerTexts.CheckLaws(tokenizer, text);
            texts++;
        }

        Assert.Equal(54, texts);
    }

    private static JsonObject Gpt2Like() => JsonNode.Parse("""
        {
          "version": "1.0", "truncation": null, "padding": null, "normalizer": null,
          "added_tokens": [{"id":6,"content":"<|endoftext|>","single_word":false,"lstrip":false,"rstrip":false,"normalized":true,"special":true}],
          "pre_tokenizer": {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true},
          "post_processor": {"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false},
          "decoder": {"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true},
          "model": {
            "dropout":null, "unk_token":null, "continuing_subword_prefix":"", "end_of_word_suffix":"", "fuse_unk":false,
            "vocab": {"a":0,"b":1,"c":2,"d":3,"cd":4,"bcd":5}, "merges": []
          }
        }
        """)!.AsObject();

    private static JsonObject Llama3Like() => JsonNode.Parse("""
        {
          "version": "1.0", "normalizer": null,
          "added_tokens": [
            {"id":6,"content":"<|begin_of_text|>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
            {"id":7,"content":"<|eot_id|>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
          "pre_tokenizer": {"type":"Sequence","pretokenizers":[
            {"type":"Split","pattern":{"Regex":PATTERN},"behavior":"Isolated","invert":false},
            {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]},
          "post_processor": {"type":"Sequence","processors":[
            {"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true},
            {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|begin_of_text|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}]}]},
          "decoder": {"type":"ByteLevel"},
          "model": {
            "type":"BPE", "dropout":null, "unk_token":null, "byte_fallback":false, "ignore_merges":true,
            "vocab": {"a":0,"b":1,"c":2,"d":3,"cd":4,"bcd":5}, "merges": []
          }
        }
        """.Replace("PATTERN", JsonSerializer.Serialize(Llama3Pattern), StringComparison.Ordinal))!.AsObject();

    private ITokenizer Load(JsonObject json)
    {
        File.WriteAllText(_folder["tokenizer.json"], json.ToJsonString());
        return TokenizerFolder.Load(_folder.Path)!;
    }
}
