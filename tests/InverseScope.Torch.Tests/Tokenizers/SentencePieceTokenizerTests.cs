using System.Text;
using System.Text.Json;
using CsCheck;
using InverseScope.Core;
using InverseScope.Testing;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Tests.Tokenizers;

public sealed class SentencePieceTokenizerTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Ids_and_texts_of_stories260K_equal_its_golden_file()
    {
        var tokenizer = TokenizerFolder.Load(Shared.Path("models/stories260K"))!;
        Assert.Equal((512, 1, 2), (tokenizer.Vocabulary, tokenizer.BeginId, tokenizer.EndId));
        var prompts = 0;
        foreach (var line in File.ReadLines(Shared.Path("models/stories260K/golden.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            int[] Ids(string name) => [.. json.RootElement.GetProperty(name).EnumerateArray().Select(i => i.GetInt32())];
            var prompt = json.RootElement.GetProperty("prompt").GetString()!;
            Assert.Equal(Ids("prompt_ids"), tokenizer.Encode(prompt).Ids);
            Assert.Equal(json.RootElement.GetProperty("greedy_text").GetString(), tokenizer.Decode([.. Ids("prompt_ids"), .. Ids("greedy_ids")]));
            prompts++;
        }

        Assert.Equal(8, prompts);
    }

    [Theory]
    [InlineData("models/stories260K")]
    [InlineData("data/tokenizers/llama2")]
    public void Offsets_cover_every_text_and_it_comes_back(string folder)
    {
        var tokenizer = TokenizerFolder.Load(Shared.Path(folder))!;
        TokenizerTexts.All.Sample(text => TokenizerTexts.CheckLaws(tokenizer, text));
    }

    [Theory]
    [InlineData("models/stories260K")]
    [InlineData("data/tokenizers/llama2")]
    public void Merges_are_those_of_the_definition(string folder)
    {
        var model = SentencePieceModel.Read(Path.Combine(Shared.Path(folder), "tokenizer.model"));
        var scores = model.Pieces.Where(piece => piece.Kind == PieceKind.Normal).ToDictionary(piece => piece.Text, piece => piece.Score);
        var ids = model.Pieces.Index().ToDictionary(piece => piece.Item.Text, piece => piece.Index);
        var tokenizer = TokenizerFolder.Load(Shared.Path(folder))!;
        TokenizerTexts.All.Where(text => text.Length > 0).Sample(text =>
        {
            var pieces = $"▁{text.Replace(' ', '▁')}".EnumerateRunes().Select(rune => rune.ToString()).ToList();
            while (true)
            {
                // The highest score first, the leftmost of equals.
                var best = Enumerable.Range(0, pieces.Count - 1).Where(i => scores.ContainsKey(pieces[i] + pieces[i + 1]))
                    .OrderByDescending(i => scores[pieces[i] + pieces[i + 1]]).Select(i => (int?)i).FirstOrDefault();
                if (best is not { } left)
                    break;
                pieces[left] += pieces[left + 1];
                pieces.RemoveAt(left + 1);
            }

            var expected = pieces.SelectMany(piece => scores.ContainsKey(piece)
                ? [ids[piece]] : Encoding.UTF8.GetBytes(piece).Select(b => ids[$"<0x{b:X2}>"]));
            Assert.Equal([1, .. expected], tokenizer.Encode(text).Ids);
        });
    }

    [Fact]
    public void A_long_run_of_one_character_takes_no_longer_than_other_texts() =>
        TokenizerTexts.CheckLaws(TokenizerFolder.Load(Shared.Path("data/tokenizers/llama2"))!, new string('a', 100_000));

    [Fact]
    public void The_space_before_a_text_is_no_part_of_it()
    {
        var tokenizer = Load(SentencePieceFile.Of(true, "▁", "a", "b", "▁a", "ab"));
        var text = tokenizer.Encode("ab a");
        Assert.Equal(["", "▁a", "b", "▁a"], text.Ids.Select(Name(tokenizer)));
        Assert.Equal([(-1, -1), (0, 1), (1, 2), (2, 4)], text.Starts.Zip(text.Ends));

        var emoji = tokenizer.Encode("🙂");
        Assert.Equal([-1, 0, 0, 0, 0, 0], emoji.Starts);
        Assert.Equal([-1, 0, 2, 2, 2, 2], emoji.Ends);
        Assert.Equal("🙂", tokenizer.Decode(emoji.Ids));
        Assert.Equal([tokenizer.BeginId!.Value], tokenizer.Encode("").Ids);
    }

    [Fact]
    public void The_highest_score_merges_first_and_the_leftmost_of_equals()
    {
        var tokenizer = Load(SentencePieceFile.Of(false, "bc", "ab", "aa", "a", "b", "c"));
        Assert.Equal(["", "a", "bc"], tokenizer.Encode("abc").Ids.Select(Name(tokenizer)));
        Assert.Equal(["", "aa", "a"], tokenizer.Encode("aaa").Ids.Select(Name(tokenizer)));
    }

    [Fact]
    public void Characters_that_are_no_piece_still_merge_into_one()
    {
        var tokenizer = Load(SentencePieceFile.Of(false, "xy", "a"));
        Assert.Equal(["", "a", "xy"], tokenizer.Encode("axy").Ids.Select(Name(tokenizer)));
        Assert.Equal("x", tokenizer.Decode(tokenizer.Encode("x").Ids));
    }

    [Fact]
    public void User_defined_pieces_are_found_first_and_merge_with_nothing()
    {
        var file = SentencePieceFile.Of(false, "a\n", "a", "\n");
        file.Pieces.AddRange([("\n\n", 0, 4), ("\n\n\n", 0, 4), ("<start_of_turn>", 0, 4)]);
        var tokenizer = Load(file);
        Assert.Equal(["", "a", "\n\n\n", "a\n", "a"], tokenizer.Encode("a\n\n\na\na").Ids.Select(Name(tokenizer)));
    }

    [Theory]
    [InlineData("<s>")]
    [InlineData("</s>")]
    [InlineData("<unk>")]
    [InlineData("<0x41>")]
    [InlineData("<start_of_turn>")]
    [InlineData("<marked>")]
    public void Control_tokens_written_in_a_text_are_text(string spelled)
    {
        File.WriteAllText(_folder["tokenizer_config.json"], """{"added_tokens_decoder":{"262":{"content":"<marked>","special":true}}}""");
        var file = SentencePieceFile.Of(false, "s>");
        file.Pieces.AddRange([("<start_of_turn>", 0, 4), ("<end_of_turn>", 0, 4), ("<marked>", 0, 4)]);
        var tokenizer = Load(file);
        TokenizerTexts.CheckLaws(tokenizer, $"a{spelled}b");
        Assert.True(tokenizer.Encode(spelled).Ids.Length > 2);
    }

    [Fact]
    public void A_character_outside_a_vocabulary_without_bytes_is_named()
    {
        var file = new SentencePieceFile();
        file.Pieces.AddRange([("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), ("a", 0, 1)]);
        var e = Assert.Throws<BadInputException>(() => Load(file).Encode("aaZ"));
        Assert.Contains("'Z' (U+005A) at 2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_Unicode_is_refused() =>
        Assert.Contains("Unicode", Assert.Throws<BadInputException>(() => Load(SentencePieceFile.Of(true, "a")).Encode("a\udc00")).Message, StringComparison.Ordinal);

    [Fact]
    public void The_config_says_whether_texts_begin_with_a_token()
    {
        File.WriteAllText(_folder["tokenizer_config.json"], """{"add_bos_token":false}""");
        File.WriteAllText(_folder["special_tokens_map.json"], """{"eos_token":{"content":"a"}}""");
        var tokenizer = Load(SentencePieceFile.Of(false, "a", "b"));
        Assert.Equal((1, 259), (tokenizer.BeginId, tokenizer.EndId));
        Assert.Equal([260], tokenizer.Encode("b").Ids);
    }

    [Fact]
    public void What_is_not_supported_is_named()
    {
        void Refused(SentencePieceFile file, string what)
        {
            var e = Assert.Throws<BadInputException>(() => Load(file));
            Assert.Contains(what, e.Message, StringComparison.Ordinal);
            Assert.Contains("tokenizer.model", e.Message, StringComparison.Ordinal);
        }

        static SentencePieceFile With(SentencePieceFile file, string piece, int kind)
        {
            file.Pieces.Add((piece, 0, kind));
            return file;
        }

        Refused(With(new SentencePieceFile { ModelKind = null }, "a", 1), "unigram");
        Refused(With(new SentencePieceFile { ModelKind = 3 }, "a", 1), "word model");
        Refused(With(new SentencePieceFile { Map = "map" }, "a", 1), "nmt_nfkc");
        Refused(With(new SentencePieceFile { CollapsesSpaces = true }, "a", 1), "remove_extra_whitespaces");
        Refused(With(new SentencePieceFile(), "a", 5), "unused piece 'a'");
        Refused(With(new SentencePieceFile(), "a", 9), "kind");
        Refused(With(SentencePieceFile.Of(false, "a"), "a", 1), "twice");
        Refused(With(new SentencePieceFile(), "<0x41>", 6), "not for all");
        Refused(With(new SentencePieceFile(), "<0xZZ>", 6), "names no byte");
        Refused(new SentencePieceFile(), "no pieces");
    }

    [Fact]
    public void A_first_piece_whose_length_is_written_as_a_space_makes_no_tiktoken_file()
    {
        // Nine bytes of the message are not the piece's text.
        var file = new SentencePieceFile();
        file.Pieces.AddRange([(new string('a', ' ' - 9), 0, 1), ("a", 0, 1)]);
        Assert.Equal((byte)' ', file.ToBytes()[1]);
        Assert.Equal([1], Load(file).Encode("a").Ids);
    }

    [Fact]
    public void A_file_that_is_cut_off_or_no_model_is_refused()
    {
        var whole = SentencePieceFile.Of(true, "a", "b", "ab").ToBytes();
        Gen.Int[0, whole.Length - 1].Sample(length =>
        {
            File.WriteAllBytes(_folder["tokenizer.model"], whole[..length]);
            Assert.Throws<BadInputException>(() => TokenizerFolder.Load(_folder.Path));
        }, threads: 1);
        Gen.Byte.Array[0, 100].Sample(bytes =>
        {
            File.WriteAllBytes(_folder["tokenizer.model"], bytes);
            Assert.Throws<BadInputException>(() => TokenizerFolder.Load(_folder.Path));
        }, threads: 1);
    }

    [Fact]
    public void Ids_in_any_order_give_valid_Unicode_and_others_are_the_callers_fault()
    {
        var tokenizer = Load(SentencePieceFile.Of(true, "a", "▁b"));
        Gen.Int[0, tokenizer.Vocabulary - 1].Array.Sample(ids => UnicodeText.Check(tokenizer.Decode(ids)));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([tokenizer.Vocabulary]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([-1]));
    }

    private static Func<int, string> Name(ITokenizer tokenizer) => id => id == tokenizer.BeginId ? "" : PieceOf(tokenizer, id);

    // A space before the text is lost in decoding, so that each piece is read after another.
    private static string PieceOf(ITokenizer tokenizer, int id)
    {
        var other = tokenizer.Encode("c").Ids[^1];
        return tokenizer.Decode([other, id])[1..].Replace(' ', '▁');
    }

    private ITokenizer Load(SentencePieceFile file)
    {
        File.WriteAllBytes(_folder["tokenizer.model"], file.ToBytes());
        return TokenizerFolder.Load(_folder.Path)!;
    }
}
