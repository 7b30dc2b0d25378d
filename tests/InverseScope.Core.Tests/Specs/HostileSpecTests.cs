using System.Diagnostics;
using InverseScope.Core.Specs;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Specs;

/// <summary>Specs that were written to do harm. Each is refused with a place, or contained: undefined, and counted.</summary>
public sealed class HostileSpecTests
{
    private const string Head = $"schema: {FeatureSpec.SchemaId}\nid: hostile\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    [Fact]
    public void Catastrophic_regular_expressions_run_in_linear_time()
    {
        var text = new string('a', 5000) + "!";
        Assert.Equal("false", Label("[{contains: {regex: '^(a+)+$'}}]", text));
        Assert.Equal("false", Label("[{contains: {regex: '(x+x+)+y'}}]", new string('x', 5000)));
        Assert.Equal("false", Label("[{contains: {regex: '^(a|a)*b$'}}]", text));
    }

    [Theory]
    [InlineData(@"(a)\1")]
    [InlineData("(?=a)a")]
    [InlineData("(?<!a)b")]
    [InlineData("(?>a+)b")]
    [InlineData("(a{1000}){1000}")]
    public void Regular_expressions_that_cannot_run_in_linear_time_are_refused(string pattern) =>
        Assert.Contains("cannot be matched in linear time", Refused($"rule: [{{match: '{pattern}'}}, count]\n").What);

    [Fact]
    public void Many_slow_regular_expressions_have_one_limit_together()
    {
        var rule = string.Join(", ", Enumerable.Range(0, 99).Select(i => $"{{replace: {{pattern: '(.*){{9}}(a|b).{{200}}{i}', with: x}}}}"));
        var feature = Compile($"rule: [{rule}]\n");
        var began = Stopwatch.GetTimestamp();
        feature.Label(string.Concat(Enumerable.Repeat("abcdefgh ", 1000)));
        Assert.True(Stopwatch.GetElapsedTime(began) < 2 * Patience);
        Assert.Contains("more than 100 regular expressions", Refused($"rule: [{rule}, {rule}]\n").What);
    }

    [Theory]
    [InlineData(SpecFormat.Yaml)]
    [InlineData(SpecFormat.Json)]
    public void A_million_steps_inside_one_another_are_refused_by_size(SpecFormat format)
    {
        var nested = string.Concat(Enumerable.Repeat("[{\"not\": ", 1_000_000));
        Assert.Contains("more than 64 KiB", Refused(nested, format).What);
    }

    [Theory]
    [InlineData(SpecFormat.Yaml, "[", 60_000)]
    [InlineData(SpecFormat.Yaml, "{a: ", 15_000)]
    [InlineData(SpecFormat.Yaml, "- ", 30_000)]
    [InlineData(SpecFormat.Yaml, "? ", 30_000)]
    [InlineData(SpecFormat.Json, "[", 60_000)]
    [InlineData(SpecFormat.Json, "{\"a\":", 12_000)]
    public void Deep_nesting_within_the_size_is_refused_in_time(SpecFormat format, string opening, int times)
    {
        var began = Stopwatch.GetTimestamp();
        Refused(string.Concat(Enumerable.Repeat(opening, times)), format);
        Assert.True(Stopwatch.GetElapsedTime(began) < Patience);
    }

    [Fact]
    public void A_million_steps_inside_one_another_are_refused_when_no_text_limits_them()
    {
        Pipeline rule = [new Step.Length()];
        for (var i = 0; i < 1_000_000; i++)
            rule = [new Step.Sum([rule])];
        var result = FeatureCompiler.Compile(Rules.Spec(rule), Rules.Ioi);
        Assert.Equal("pipelines are nested more than 32 deep.", Assert.Single(result.Errors).What);
    }

    [Fact]
    public void More_than_a_thousand_steps_are_refused_once() => Assert.Equal(
        "the spec has more than 1000 steps.",
        Refused($"rule: [{string.Join(", ", Enumerable.Repeat("lower", 1001))}, length]\n").What);

    [Fact]
    public void Aliases_that_explode_are_refused_at_the_first_anchor()
    {
        var bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + string.Concat(
            Enumerable.Range('b', 20).Select(c => $"{(char)c}: &{(char)c} [{string.Join(", ", Enumerable.Repeat($"*{(char)(c - 1)}", 9))}]\n"));
        var errors = Errors(bomb, SpecFormat.Yaml);
        Assert.Contains(errors, e => e is { What: "found an anchor.", Line: 1, Column: 4 });
        Assert.Contains(errors, e => e.What == "found an alias.");
    }

    [Theory]
    [InlineData("rule: !!python/object/apply:os.system [words]\n")]
    [InlineData("rule: !clr:System.IO.File [words]\n")]
    [InlineData("<<: {rule: [words, first]}\n")]
    public void Tags_and_merges_are_refused(string line) =>
        Assert.Contains(Errors(Head + line, SpecFormat.Yaml), e => e.Line == 3);

    [Theory]
    [InlineData("[{replace: {pattern: '.', with: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}}, REPEAT, length]", "{replace: {pattern: '.', with: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}}")]
    [InlineData("[{tuple: [[length], [length]]}, REPEAT]", "{tuple: [[it], [it]]}")]
    [InlineData("[chars, {join: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}, REPEAT, length]", "chars, {join: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}")]
    public void Steps_that_lengthen_a_text_run_out_of_their_budget(string rule, string repeated)
    {
        var feature = Compile($"rule: {rule.Replace("REPEAT", string.Join(", ", Enumerable.Repeat(repeated, 40)), StringComparison.Ordinal)}\n");
        var before = GC.GetAllocatedBytesForCurrentThread();
        var outcome = feature.Run("abcdefghij");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 200 << 20);
        Assert.Null(outcome.Label);
        Assert.Contains("more characters and items than one label may", outcome.Failure);
        Assert.Equal(1, feature.LimitBreaks);
    }

    [Fact]
    public void A_text_that_broke_a_limit_does_not_spoil_the_next()
    {
        var feature = Compile("rule: [{replace: {pattern: 'a', with: aaaaaaaaaaaaaaaa}}, "
            + string.Join(", ", Enumerable.Repeat("{replace: {pattern: 'a', with: aaaaaaaaaaaaaaaa}}", 9)) + ", length]\n");
        Assert.Null(feature.Label("a"));
        Assert.Equal("1", feature.Label("b"));
    }

    [Theory]
    [InlineData("../secret.txt", "is not a file beside the spec")]
    [InlineData("sub/words.txt", "is not a file beside the spec")]
    [InlineData("..\\\\secret.txt", "is not a file beside the spec")]
    [InlineData("/etc/passwd", "is not a file beside the spec")]
    [InlineData("C:secret.txt", "is not a file beside the spec")]
    [InlineData("..", "is not a file beside the spec")]
    [InlineData("a\\0b", "is not a file beside the spec")]
    [InlineData("nowhere.txt", "there is no file")]
    [InlineData("sub", "there is no file")]
    [InlineData("link.txt", "is a link")]
    [InlineData("huge.txt", "is larger than 1024 KiB")]
    [InlineData("empty.txt", "is empty")]
    [InlineData("blank.txt", "has no words")]
    [InlineData("binary.txt", "cannot be read")]
    public void Lexicon_files_lie_beside_the_spec_and_are_small_texts(string name, string reason)
    {
        using var outer = new TempFolder();
        File.WriteAllText(outer["secret.txt"], "secret");
        var folder = Directory.CreateDirectory(outer["specs"]).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "sub"));
        File.WriteAllText(Path.Combine(folder, "sub", "words.txt"), "word");
        File.CreateSymbolicLink(Path.Combine(folder, "link.txt"), outer["secret.txt"]);
        File.WriteAllBytes(Path.Combine(folder, "huge.txt"), new byte[(1 << 20) + 1]);
        File.WriteAllText(Path.Combine(folder, "empty.txt"), "");
        File.WriteAllText(Path.Combine(folder, "blank.txt"), " \n\n");
        File.WriteAllBytes(Path.Combine(folder, "binary.txt"), [0xff, 0xfe, 0x80]);

        var spec = Head + $"rule: [words, {{in: w}}, first]\nlexicons: {{w: {{file: \"{name}\"}}}}\n";
        var result = FeatureCompiler.Compile(spec, Rules.Ioi, folder: folder);
        var error = result.Errors[0];
        Assert.Contains(reason, error.What);
        Assert.DoesNotContain("secret\n", error.ToString());
        Assert.Equal((4, 22), (error.Line, error.Column));
        Assert.Equal("lexicons.w.file", error.Path);
    }

    [Fact]
    public void A_pipe_beside_the_spec_is_not_waited_for()
    {
        using var folder = new TempFolder();
        using (var make = Process.Start("mkfifo", folder["words.txt"]))
            make.WaitForExit();
        var spec = Head + "rule: [words, {in: w}, first]\nlexicons: {w: {file: words.txt}}\n";
        Assert.Contains("is empty", FeatureCompiler.Compile(spec, Rules.Ioi, folder: folder.Path).Errors[0].What);
    }

    [Fact]
    public void A_spec_without_a_folder_reads_no_file() => Assert.Contains(
        "does not come from a folder", Refused("rule: [words, {in: w}, first]\nlexicons: {w: {file: words.txt}}\n").What);

    [Theory]
    [InlineData("\\u001b[31mred")]
    [InlineData("a\\nb")]
    [InlineData("\\u202egnp.exe")]
    [InlineData("zero\\u200bwidth")]
    [InlineData("\\u2028line")]
    [InlineData("nul\\0")]
    public void Titles_with_characters_that_control_a_terminal_or_cannot_be_seen_are_refused(string title)
    {
        var error = Refused($"title: \"{title}\"\nrule: [words, first]\n");
        Assert.Contains("contains the control character U+", error.What);
        Assert.Equal((3, 8), (error.Line, error.Column));
    }

    [Fact]
    public void Control_characters_never_reach_a_message()
    {
        var spec = Head + "\"\\e[2J\": 1\nrule: [\"\\e[31m\", {in: \"\\a\\u202e\"}, {match: \"(\\e\"}]\nlexicons: {\"\\e[0m\": 5}\n";
        var errors = Errors(spec, SpecFormat.Yaml);
        Assert.Equal(5, errors.Count);
        Assert.All(errors, e => Assert.DoesNotContain(e.ToString(), c => char.IsControl(c) || c == '\u202e'));
    }

    [Fact]
    public void Control_characters_in_a_file_are_refused_before_anything_is_read()
    {
        var error = Assert.Single(Errors(Head + "rule: [words, first]\n\0rule: [chars]\n", SpecFormat.Yaml));
        Assert.Equal((4, 1), (error.Line, error.Column));
        Assert.Contains("control character", error.What);
    }

    [Fact]
    public void Html_in_a_title_is_text_and_stays_as_it_is()
    {
        const string Title = "<script>alert('x')</script> & \"more\"";
        var spec = FeatureSpecText.Parse(Head + $"title: >-\n  {Title}\nrule: [words, first]\n").OrThrow().Spec;
        Assert.Equal(Title, spec.Title);
        Assert.Equal(spec, FeatureSpecText.Parse(FeatureSpecText.Print(spec, SpecFormat.Json)).OrThrow().Spec);
    }

    [Fact]
    public void A_lexicon_of_many_words_in_the_spec_is_limited_by_its_size() => Assert.Contains(
        "Keep long word lists in a lexicon file",
        Refused($"rule: [words, {{in: w}}, first]\nlexicons: {{w: {{list: [{string.Join(", ", Enumerable.Range(0, 20_000).Select(i => $"w{i}"))}]}}}}\n").Fix);

    private static IFeature Compile(string rest) => FeatureCompiler.Compile(Head + rest, Rules.Ioi).OrThrow().Feature;

    private static string? Label(string rule, string text) => Compile($"rule: {rule}\n").Label(text);

    private static SpecError Refused(string rest) => Refused(Head + rest, SpecFormat.Yaml);

    private static SpecError Refused(string text, SpecFormat format) => Errors(text, format)[0];

    private static IReadOnlyList<SpecError> Errors(string text, SpecFormat format)
    {
        var result = FeatureCompiler.Compile(text, Rules.Ioi, format);
        Assert.Null(result.Value);
        Assert.All(result.Errors, e => Assert.True(e is { Line: >= 1, Column: >= 1 }, e.ToString()));
        return result.Errors;
    }
}
