using CsCheck;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Tasks;

public sealed class TranslationTaskTests : IDisposable
{
    private const string Example = "house → maison\ncat → chat\nbread → pain\nsun → soleil\ndog →";

    private readonly TranslationTask _task = (TranslationTask)new TaskCatalog().Find("icl-translation");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Draws_are_valid_and_say_what_their_variables_say() => Gen.Long.Sample(seed =>
    {
        var text = _task.Draw(new RunSeed(seed).Stream("draws"));
        var lines = text.Split('\n');
        string Of(string variable) => _task.ValueOf(variable, text)!;
        Assert.Null(_task.WhyInvalid(text));
        Assert.True(_task.LogProbability(text) < 0);
        Assert.Equal(5, lines.Length);
        Assert.Equal(lines[..4], Enumerable.Range(1, 4).Select(n => Of($"shot{n}")));
        Assert.Equal($"{Of("input")} →", lines[4]);
        Assert.Equal(Of("direction"), $"{Of("source_language")}-{Of("target_language")}");
        Assert.Contains(Of("input"), _task.Lexicons[Of("source_language")]);
        Assert.Contains(Of("answer"), _task.Lexicons[Of("target_language")]);
        Assert.Equal(new Question(text, " " + Of("answer"), null), _task.QuestionOf(text));
        Assert.Equal(5, lines.Select(l => l.Split(' ')[0]).Distinct().Count());
    });

    [Fact]
    public void All_six_directions_are_drawn_alike()
    {
        var random = new RunSeed(1).Stream("draws");
        var shares = Enumerable.Range(0, 12_000).CountBy(_ => _task.ValueOf("direction", _task.Draw(random))!).ToDictionary();
        Assert.Equal(["en-es", "en-fr", "en-it", "es-en", "fr-en", "it-en"], shares.Keys.Order());
        // Five standard errors of a share of 1/6.
        Assert.All(shares.Values, n => Assert.InRange(n / 12_000.0, 1 / 6.0 - 0.017, 1 / 6.0 + 0.017));
    }

    [Fact]
    public void The_lists_have_hundreds_of_plain_words_each_once_and_no_pair_in_two_directions()
    {
        Assert.Equal(6, _task.Directions.Count);
        Assert.All(_task.Directions, direction =>
        {
            Assert.InRange(direction.Pairs.Count, 200, 1_000);
            Assert.Equal(direction.Pairs.Count, direction.Pairs.Select(p => p.Source).Distinct().Count());
            Assert.Equal(direction.Pairs.Count, direction.Pairs.Select(p => p.Target).Distinct().Count());
            Assert.All(direction.Pairs, pair =>
            {
                Assert.NotEqual(pair.Source, pair.Target);
                Assert.All(pair.Source + pair.Target, c => Assert.True(char.IsLower(c), pair.ToString()));
            });
        });
        var lines = _task.Directions.SelectMany(d => d.Pairs).ToArray();
        Assert.Equal(lines.Length, lines.Distinct().Count());
    }

    [Fact]
    public void The_probability_is_that_of_the_direction_and_of_different_pairs_in_order()
    {
        double n = _task.Directions.Single(d => d.Name == "en-fr").Pairs.Count;
        Assert.Equal(-Math.Log(6 * n * (n - 1) * (n - 2) * (n - 3) * (n - 4)), _task.LogProbability(Example)!.Value, 1e-9);
        Assert.Null(_task.Count);
        Assert.Throws<NotSupportedException>(() => _task.TextAt(0));
    }

    [Fact]
    public void Probabilities_sum_to_one_over_the_texts_of_a_small_prior()
    {
        // 'table' and 'menu' are the same in both directions: their texts can be made in two ways.
        var task = Load("shots: 2\ndirections:\n  en-fr: {table: table, menu: menu, lion: lion, dog: chien}\n  fr-en: {table: table, menu: menu, lion: lion}");
        Assert.Equal(24, task.Count);
        var texts = Enumerable.Range(0, (int)task.Count!.Value).Select(i => task.TextAt(i)).ToArray();
        Assert.Equal(texts.Length, texts.Distinct().Count());
        Assert.Equal(1, texts.Sum(text => Math.Exp(task.LogProbability(text)!.Value)), 1e-12);
        var random = new RunSeed(3).Stream("draws");
        const string twice = "table → table\nmenu → menu\nlion →";
        var drawn = Enumerable.Range(0, 8_000).Count(_ => task.Draw(random) == twice) / 8_000.0;
        Assert.InRange(drawn, Math.Exp(task.LogProbability(twice)!.Value) - 0.02, Math.Exp(task.LogProbability(twice)!.Value) + 0.02);
        Assert.Null(task.ValueOf("direction", twice));
        Assert.Equal("lion", task.ValueOf("answer", twice));
    }

    [Fact]
    public void Positions_are_the_last_characters_of_words_and_arrows()
    {
        string Up(string name) => Example[..(_task.CharacterAt(name, Example)!.Value + 1)];
        Assert.EndsWith("\ndog", Up("query"));
        Assert.Equal(Example, Up("arrow"));
        Assert.Equal("house", Up("source1"));
        Assert.Equal("house →", Up("arrow1"));
        Assert.EndsWith("sun → soleil", Up("target4"));
        Assert.Equal(_task.PositionNames.Count, _task.PositionNames.Select(n => _task.CharacterAt(n, Example)!.Value).Distinct().Count());
        Assert.Null(_task.CharacterAt("target5", Example));
        Assert.Null(_task.CharacterAt("query", "dog →"));
    }

    [Theory]
    [InlineData("house → maison\ncat → chat\ndog →", "is not 4 lines such as 'dog → chien'")]
    [InlineData("house → maison\ncat → gatto\nbread → pain\nsun → soleil\ndog →", "are no 4 different pairs of one direction")]
    [InlineData("house → maison\nhouse → maison\nbread → pain\nsun → soleil\ndog →", "are no 4 different pairs")]
    [InlineData("house → maison\ncat → chat\nbread → pain\ndog → chien\ndog →", "are no 4 different pairs")]
    [InlineData("house → maison\ncat → chat\nbread → pain\nsun → soleil\nzzz →", "'zzz' is not among the words")]
    [InlineData("house → maison\ncat → chat\nbread → pain\nsun → soleil\ndog", "is not 4 lines")]
    [InlineData("", "is not 4 lines")]
    public void An_invalid_text_is_told_why(string text, string why)
    {
        Assert.Contains(why, _task.WhyInvalid(text));
        Assert.Equal(double.NegativeInfinity, _task.LogProbability(text));
        Assert.Null(_task.ValueOf("direction", text));
        Assert.Null(_task.QuestionOf(text));
    }

    [Fact]
    public void A_file_says_how_shots_are_written()
    {
        var task = Load("shot: \"Example:{source}->{target};\"\nshots: 1\ndirections:\n  en-fr: {dog: chien, cat: chat}");
        Assert.Equal("Example:dog->chien;\nExample:cat->", task.TextAt(0));
        Assert.Equal("chat", task.QuestionOf(task.TextAt(0))!.Answer);
        Assert.Equal("chat", task.ValueOf("answer", task.TextAt(0)));
        Assert.Equal("Example:dog->chien", task.TextAt(0)[..(task.CharacterAt("target1", task.TextAt(0))!.Value + 1)]);
    }

    [Fact]
    public void Published_pairs_are_a_file_for_each_direction_whose_header_pair_is_dropped()
    {
        File.WriteAllText(_folder["en_fr.json"], """{"en": "fr", "dog": "chien", "no": "non", "cat": "chat", "sun": "soleil", "sea": "mer"}""");
        var named = Load("shots: 1\ndirections: {en-fr: en_fr.json}");
        var listed = TranslationTaskFile.OfPairs("own", [_folder["en_fr.json"]]);
        Assert.Equal(["dog", "no", "cat", "sun", "sea"], named.Lexicons["en"]);
        Assert.Equal(named.Lexicons["fr"], listed.Lexicons["fr"]);
        File.WriteAllText(_folder["printed.json"], TranslationTaskFile.Print(named));
        File.Delete(_folder["en_fr.json"]);
        Assert.Equal(named.Fingerprint, new TaskCatalog().Find(_folder["printed.json"]).Fingerprint);
    }

    [Theory]
    [InlineData("directions: {en-fr: absent.json}", "Cannot read")]
    [InlineData("directions: {en-fr: task.yaml}", "not JSON")]
    [InlineData("directions: {}", "must hold at least one direction")]
    [InlineData("directions: {english: {a: b}}", "'english' must name what is translated into what")]
    [InlineData("directions: {en-fr: {a: b}}", "has 1 pair, too few for 4 shots and a query")]
    [InlineData("shots: 1\nboth_ways: true\ndirections: {en-fr: {a: c, b: c}}", "'c' translates 'a' and 'b': it cannot be translated back")]
    [InlineData("shots: 1\nboth_ways: true\ndirections: {en-fr: {a: c, b: d}, fr-en: {c: a, d: b}}", "direction fr-en is there twice")]
    [InlineData("shots: 1\ndirections: {en-fr: {\"a → x\": c, b: d}}", "cannot be told apart")]
    [InlineData("shot: \"{source} {target}\"\ndirections: {en-fr: {a: b}}", "'shot' must be one line")]
    [InlineData("shots: 0\ndirections: {en-fr: {a: b}}", "'shots' must be a whole number from 1 to 64")]
    [InlineData("shot_count: 1\ndirections: {en-fr: {a: b}}", "unknown key 'shot_count'")]
    public void A_faulty_file_is_refused_with_the_reason(string content, string reason) =>
        Assert.Contains(reason, Assert.Throws<BadInputException>(() => Load(content)).Message);

    [Fact]
    public void The_published_pairs_are_read_as_they_lie()
    {
        var folder = Shared.Path("data/icl/translation");
        var task = TranslationTaskFile.OfPairs("published", Directory.GetFiles(folder, "*.json"));
        // Less the pairs of language names that stray in four of the files: see the folder's own account of its data.
        Assert.Equal(
            [("en-es", 719), ("en-fr", 738), ("en-it", 757), ("es-en", 762), ("fr-en", 771), ("it-en", 757)],
            task.Directions.Select(d => (d.Name, d.Pairs.Count)).Order());
        var random = new RunSeed(1).Stream("draws");
        for (var i = 0; i < 2_000; i++)
            Assert.Null(task.WhyInvalid(task.Draw(random)));
        var unnamed = Shared.Path("data/icl/linguistic/present_simple_gerund.json");
        Assert.Contains("does not tell what is translated", Assert.Throws<BadInputException>(() => TranslationTaskFile.OfPairs("x", [unnamed])).Message);
    }

    [Theory]
    [InlineData("{\"a\": \"b\"}", "en_it.json: direction en-it has 1 pair, too few for 4 shots and a query")]
    [InlineData("{}", "en_it.json: direction en-it has 0 pairs, too few for 4 shots and a query")]
    [InlineData("{\"a\": \"b\",\n\"c\"}", "en_it.json(2,4): not JSON: ")]
    [InlineData("[\"a\"]", "en_it.json: not one JSON object of words")]
    [InlineData("{\"a\": 1}", "en_it.json: the translation of 'a' must be a text, not number.")]
    [InlineData("{\"x\": \" \"}", "en_it.json: the translation of 'x' is empty")]
    [InlineData("{\"\": \"x\"}", "en_it.json: the word that 'x' translates is empty")]
    [InlineData("{\"a\": \"b\", \"a\": \"c\"}", "en_it.json: 'a' is there twice.")]
    [InlineData("{\"a\": \"\\ud800\"}", "en_it.json: a text in it is not valid Unicode.")]
    public void A_faulty_file_of_pairs_is_named_with_its_first_cause(string content, string says)
    {
        File.WriteAllText(_folder["en_it.json"], content);
        var message = Assert.Throws<BadInputException>(() => TranslationTaskFile.OfPairs("t", [_folder["en_it.json"]])).Message;
        Assert.StartsWith(_folder[says], message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        if (!says.Contains("has 0 pairs", StringComparison.Ordinal))
            Assert.DoesNotContain("has 0 pairs", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_faults_of_several_files_of_pairs_are_told_together()
    {
        File.WriteAllText(_folder["en_it.json"], "{");
        File.WriteAllText(_folder["en_fr.json"], "[]");
        Assert.Equal(2, Assert.Throws<BadInputException>(() => TranslationTaskFile.OfPairs("t", [_folder["en_it.json"], _folder["en_fr.json"]])).Message.Split('\n').Length);
    }

    private TranslationTask Load(string content)
    {
        File.WriteAllText(_folder["task.yaml"], $"schema: {TranslationTaskFile.Schema}\n{content}\n");
        return (TranslationTask)new TaskCatalog().Find(_folder["task.yaml"]);
    }
}
