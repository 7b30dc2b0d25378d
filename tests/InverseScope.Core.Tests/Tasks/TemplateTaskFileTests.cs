using CsCheck;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Tests.Tasks;

public sealed class TemplateTaskFileTests
{
    private const string Head = """
        schema: inversescope/template-task/v1
        lexicons: { animals: [cat, catfish, "black cat"], colours: [red, black] }
        slots: { X: animals, Y: animals, C: colours }

        """;

    [Fact]
    public void Probabilities_of_all_texts_sum_to_one()
    {
        // "black cat" can be read as a colour and an animal: the same text has two sources.
        var task = Parse("templates: ['{A|The} [C] cat and [X]', 'A [X] and [Y]', 'just this', '[X]{|[C]}']");
        var texts = Enumerable.Range(0, (int)task.Count!.Value).Select(i => task.TextAt(i)).ToList();
        Assert.Equal(texts.Count, texts.Distinct().Count());
        Assert.Equal(1, texts.Sum(t => Math.Exp(task.LogProbability(t)!.Value)), 1e-12);
        Assert.Equal(1 / 4.0 / 2 / 6 + 1 / 4.0 / 6, Math.Exp(task.LogProbability("A black cat and cat")!.Value), 1e-12);
    }

    [Fact]
    public void Draws_follow_the_probabilities()
    {
        var task = Parse("templates: ['{A|The} [C] cat and [X]', 'A [X] and [Y]', 'just this', '[X]{|[C]}']");
        var random = new RunSeed(4).Stream("draws");
        const int draws = 50_000;
        var drawn = Enumerable.Range(0, draws).Select(_ => task.Draw(random)).CountBy(t => t).ToDictionary();
        Assert.Equal(task.Count, drawn.Count);
        foreach (var (text, times) in drawn)
        {
            var share = Math.Exp(task.LogProbability(text)!.Value);
            Assert.InRange(times / (double)draws, share - 5 * Math.Sqrt(share / draws), share + 5 * Math.Sqrt(share / draws));
        }
    }

    [Fact]
    public void Slots_of_one_lexicon_differ_and_a_repeated_slot_repeats_its_word() => Gen.Long.Sample(seed =>
    {
        var words = Parse("templates: ['[X]/[Y]/[X]']").Draw(new RunSeed(seed).Stream("draws")).Split('/');
        Assert.Equal(words[0], words[2]);
        Assert.NotEqual(words[0], words[1]);
    });

    [Fact]
    public void Positions_name_occurrences_of_slots_and_are_absent_where_the_slot_is()
    {
        var task = Parse("positions: { first: X, again: 'X:2' }\ntemplates: ['[X] sees [X]', 'one [X]']\nanswer: X");
        Assert.Equal(["first", "again", "end"], task.PositionNames);
        Assert.Equal(0, task.CharacterAt("first", "catfish sees catfish"));
        Assert.Equal(13, task.CharacterAt("again", "catfish sees catfish"));
        Assert.Equal(4, task.CharacterAt("first", "one cat"));
        Assert.Null(task.CharacterAt("again", "one cat"));
        Assert.Equal(6, task.CharacterAt("end", "one cat"));
        Assert.Equal(new Question("one cat", " cat", null), task.QuestionOf("one cat"));
    }

    [Fact]
    public void Brackets_can_be_written_with_a_backslash() =>
        Assert.Equal(@"[X] {a|b} \", Parse(@"templates: ['\[X\] \{a|b\} \\']").TextAt(0));

    [Fact]
    public void A_prior_too_large_to_list_is_drawn_only()
    {
        var words = string.Join(", ", Enumerable.Range(0, 600).Select(i => $"w{i}"));
        var task = TemplateTaskFile.Parse("t.yaml", $"""
            schema: inversescope/template-task/v1
            lexicons: [ ]
            """.Replace("[ ]", "{ w: [" + words + "] }") + "\nslots: { A: w, B: w }\ntemplates: ['[A] [B]']");
        Assert.Null(task.Count);
        Assert.Throws<NotSupportedException>(() => task.TextAt(0));
        Assert.Equal(-Math.Log(600.0 * 599), task.LogProbability("w1 w2")!.Value, 1e-9);
    }

    [Fact]
    public void The_fingerprint_follows_the_prior_alone()
    {
        var original = Parse("templates: ['[X]']").Fingerprint;
        Assert.Equal(original, Parse("description: Other.\nname: other\ntemplates: ['[X]']").Fingerprint);
        Assert.NotEqual(original, Parse("templates: ['[Y]']").Fingerprint);
        Assert.NotEqual(original, Parse("templates: ['[X]', '[X]', a]").Fingerprint);
        Assert.NotEqual(original, Parse("positions: { p: X }\ntemplates: ['[X]']").Fingerprint);
        Assert.NotEqual(original, Parse("templates: ['\\[0\\]']").Fingerprint);
    }

    [Theory]
    [InlineData("templates: ['[Z]']", "t.yaml(4,12): template '[Z]': '[Z]' at character 1 is not a slot")]
    [InlineData("templates: ['[X']", "']' is missing after the '[' at character 1")]
    [InlineData("templates: ['a{b|{c|d}}']", "not nested")]
    [InlineData("templates: ['a{b|c']", "the options that start with '{' at character 2")]
    [InlineData("templates: ['a{b}']", "must read {a|b}")]
    [InlineData("templates: ['a}']", "'}' at character 2 closes nothing")]
    [InlineData("templates: []", "must list at least one text")]
    [InlineData("templates: ['']", "a template is empty")]
    [InlineData("templtes: ['a']", "unknown key 'templtes'. Did you mean 'templates'?")]
    [InlineData("templates: [a]\npositions: { p: Q }", "must be a slot such as A")]
    [InlineData("templates: ['[X]']\npositions: { p: 'X:2' }", "no template has [X] 2 times")]
    [InlineData("templates: ['[X]']\npositions: { last: X }", "cannot name a position")]
    [InlineData("templates: ['[X]']\nanswer: Q", "'answer' must be a slot of this file, found 'Q'")]
    [InlineData("templates: ['[X]']\nrival: X", "'rival' needs 'answer'")]
    public void A_faulty_file_is_refused_with_place_and_reason(string body, string reason) =>
        Assert.Contains(reason, Assert.Throws<BadInputException>(() => Parse(body)).Message);

    [Fact]
    public void Faults_of_word_lists_are_all_told_at_once()
    {
        var message = Assert.Throws<BadInputException>(() => TemplateTaskFile.Parse("t.yaml", """
            lexicons: { one: [a], twice: [b, b], none: [] }
            slots: { X: one, Y: one, Z: ones }
            templates: ['[X]']
            """)).Message;
        Assert.Contains("expected 'schema: inversescope/template-task/v1'", message);
        Assert.Contains("'twice' lists 'b' 2 times", message);
        Assert.Contains("lexicon 'none' must list at least one word", message);
        Assert.Contains("'one' has 1 words, too few", message);
        Assert.Contains("'ones', which is not a lexicon of this file. Did you mean 'one'?", message);
    }

    private static TemplateTask Parse(string body) => TemplateTaskFile.Parse("t.yaml", Head + body);
}
