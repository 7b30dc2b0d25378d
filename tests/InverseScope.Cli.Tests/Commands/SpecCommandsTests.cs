using System.Text.Json;

namespace InverseScope.Cli.Tests.Commands;

public sealed class SpecCommandsTests : IDisposable
{
    private const string Head = "schema: inversescope/feature-spec/v1\n";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Explain_says_in_a_sentence_what_each_spec_computes()
    {
        var run = CliRun.Of("spec", "explain", Shipped("ioi", "object.yaml"), Shipped("addition", "carry-tens.yaml"));

        Assert.Equal(0, run.Code);
        Assert.Equal(
            [
                "ioi.object: From the text, take the words, keep those in the lexicon \"names\", keep those that occur exactly once, then take the first.",
                "addition.carry-tens: From the text, add up (take the characters, take item 1 (counting from 0), then read it as a whole number) "
                + "and (take the characters, take item 5 (counting from 0), then read it as a whole number), then check whether it is at least 10.",
            ],
            run.Out.TrimEnd().Split(Environment.NewLine));
    }

    [Fact]
    public void Explain_as_json_has_every_file_in_order_and_goes_on_after_a_faulty_one()
    {
        var faulty = Write("faulty.yaml", Head + "id: a\nrule: [wrods, first]\n");
        var run = CliRun.Of("spec", "explain", "--json", faulty, Shipped("ioi", "object.yaml"), _folder["missing.yaml"]);

        Assert.Equal(2, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        var specs = document.RootElement.EnumerateArray().ToArray();
        Assert.Equal([false, true, false], specs.Select(s => s.GetProperty("ok").GetBoolean()));
        Assert.Equal(3, specs[0].GetProperty("errors")[0].GetProperty("line").GetInt32());
        Assert.StartsWith("From the text, take the words", specs[1].GetProperty("explanation").GetString(), StringComparison.Ordinal);
        Assert.Equal(64, specs[1].GetProperty("hash").GetString()!.Length);
        Assert.Equal("there is no such file.", specs[2].GetProperty("errors")[0].GetProperty("what").GetString());
        Assert.Contains("faulty.yaml:3:8: rule[0]: unknown step 'wrods'. Did you mean 'words'?", run.Error);
    }

    [Fact]
    public void Explain_tells_scripts_and_questions_too()
    {
        var script = Write("s.yaml", Head + "id: s\nscript: \"function label(x) { return 1 }\"\n");
        var question = Write("q.yaml", Head + "id: q\nllm: {instruction: \"Which \\u0022kind\\u0022?\", labels: [a, b], votes: 3}\n");
        var run = CliRun.Of("spec", "explain", script, question);

        Assert.Contains("s: Run a script of one line on the text.", run.Out);
        Assert.Contains("q: Ask a language model 3 times \"Which \"kind\"?\", and take one of \"a\" and \"b\".", run.Out);
    }

    [Fact]
    public void Lint_shows_labels_on_the_prior_and_which_specs_say_the_same()
    {
        var same = Write("same.yaml", Head + "id: again\nrule: [words, {in: names}, {occurring: 1}, last, upper]\n");
        var run = CliRun.Of("spec", "lint", Shipped("ioi", "object.yaml"), same, "--task", "ioi", "--json");

        Assert.Equal(0, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        var first = document.RootElement[0].GetProperty("labels");
        Assert.Equal(0, first.GetProperty("undefined_share").GetDouble());
        Assert.InRange(first.GetProperty("entropy_bits").GetDouble(), 6, 9);
        Assert.True(first.GetProperty("microseconds_per_text").GetDouble() > 0);
        Assert.Empty(first.GetProperty("findings").EnumerateArray());
        var finding = document.RootElement[1].GetProperty("labels").GetProperty("findings")[0];
        Assert.Equal("duplicate", finding.GetProperty("kind").GetString());
        Assert.Contains("the same distinctions as ioi.object", finding.GetProperty("message").GetString());
    }

    [Fact]
    public void Lint_as_text_has_a_row_for_each_spec_and_the_count()
    {
        var constant = Write("constant.yaml", Head + "id: constant\nrule: [{const: a}]\n");
        var run = CliRun.Of("spec", "lint", constant, Shipped("counting", "query.yaml"), "--task", "counting");

        Assert.Equal(0, run.Code);
        Assert.Contains("constant: always 'a' where it is defined.", run.Out);
        Assert.Contains("counting.query", run.Out);
        Assert.EndsWith("2 of 2 specs are in order." + Environment.NewLine, run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_that_fails_too_often_is_rejected_with_1_and_the_reason()
    {
        var script = Write("script.yaml", Head + "id: s\nscript: |\n  function label(x) {\n    return x.nothing.length\n  }\n");
        var run = CliRun.Of("spec", "lint", script, "--task", "ioi", "--json");

        Assert.Equal(1, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        Assert.False(document.RootElement[0].GetProperty("ok").GetBoolean());
        Assert.Contains("at line 2 of the script", document.RootElement[0].GetProperty("labels").GetProperty("first_failure").GetString());
        Assert.Contains("0 of 1 specs are in order.", CliRun.Of("spec", "lint", script, "--task", "ioi").Out);
    }

    [Fact]
    public void Lint_checks_a_question_without_a_language_model()
    {
        var question = Write("q.yaml", Head + "id: q\nllm: {instruction: What?, labels: [a, b]}\ntests: [{text: x, label: a}]\n");
        var run = CliRun.Of("spec", "lint", question, "--task", "ioi");

        Assert.Equal(0, run.Code);
        Assert.Contains("it asks a language model, so that its tests and labels were not checked", run.Error);
        Assert.Equal(2, CliRun.Of("spec", "try", question, "--task", "ioi").Code);
    }

    [Theory]
    [InlineData("id: a\nrule: [words, first]\ntests: [{text: a b, label: b}]\n", 1)]
    [InlineData("id: a\nrule: [words, frist]\ntests: [{text: a b, label: b}]\n", 2)]
    public void A_test_that_fails_is_1_and_a_spec_that_is_wrong_is_2(string rest, int code)
    {
        var file = Write("a.yaml", Head + rest);
        Assert.Equal(code, CliRun.Of("spec", "lint", file).Code);
        Assert.Equal(code, CliRun.Of("spec", "try", file, "--text", "a").Code);
    }

    [Theory]
    [InlineData("lint")]
    [InlineData("try")]
    [InlineData("explain")]
    [InlineData("convert")]
    public void What_cannot_be_read_ends_with_2_and_one_line(string command)
    {
        foreach (var (file, message) in new[]
        {
            (_folder["missing.yaml"], "there is no such file."),
            (_folder.Path, "this is a folder."),
            (Write("binary.yaml", "\0\u0001\u0002"), "the file has a control character here."),
            (Write("empty.yaml", ""), "the file is empty."),
        })
        {
            string[] text = command == "try" ? ["--text", "a"] : [];
            var run = CliRun.Of(["spec", command, file, .. text]);
            Assert.Equal(2, run.Code);
            Assert.Contains(message, run.Error);
            Assert.StartsWith(file, run.Error, StringComparison.Ordinal);
            Assert.Single(run.Error.TrimEnd().Split(Environment.NewLine));
        }
    }

    [Fact]
    public void Try_shows_why_a_label_is_undefined()
    {
        var script = Write("script.yaml", Head + "id: s\nscript: \"function label(x) { if (x === 'b') throw 'no'; return null }\"\n");
        var run = CliRun.Of("spec", "try", script, "--text", "a", "b");

        Assert.Equal(0, run.Code);
        Assert.Contains("(undefined)", run.Out);
        Assert.Contains("(undefined: it threw 'no' at line 1 of the script)", run.Out);
        using var document = JsonDocument.Parse(CliRun.Of("spec", "try", script, "--text", "a", "b", "--json").Out);
        var labels = document.RootElement.GetProperty("labels");
        Assert.Equal(JsonValueKind.Null, labels[0].GetProperty("failure").ValueKind);
        Assert.StartsWith("it threw", labels[1].GetProperty("failure").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--task nope", "There is no task 'nope'.")]
    [InlineData("", "No task is given.")]
    [InlineData("--task ioi -n 0", "--count takes a whole number from 1 to 1000000, found '0'.")]
    [InlineData("--task ioi -n 99999999999", "--count takes a whole number from 1 to 1000000, found '99999999999'.")]
    [InlineData("--tsk ioi", "unknown option '--tsk' of 'inversescope spec try'. Did you mean '--task'?")]
    [InlineData("--task ioi --model nope", "nope")]
    public void Try_refuses_what_it_cannot_do(string options, string message)
    {
        var run = CliRun.Of(["spec", "try", Shipped("ioi", "object.yaml"), .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
    }

    [Fact]
    public void Tokens_are_those_of_the_model_that_is_given()
    {
        var file = Write("tokens.yaml", Head + "id: t\nrule: [tokens, {nth: 1}]\n");
        var without = CliRun.Of("spec", "lint", file);
        Assert.Equal(2, without.Code);
        Assert.Contains("'tokens' needs a target model, and none is given. Give a model, or use words or chars.", without.Error);

        File.WriteAllText(_folder["vocab.json"], """{"<bos>": 0, "When": 1, "Mary": 2, "left": 3}""");
        File.WriteAllText(_folder["tokenizer_config.json"], """{"tokenizer_class": "word-level", "bos_token": "<bos>", "add_bos_token": true}""");
        var run = CliRun.Of("spec", "try", file, "--model", _folder.Path, "--text", "When Mary left", "Unknown words", "--json");
        Assert.Equal(0, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal("Mary", document.RootElement.GetProperty("labels")[0].GetProperty("label").GetString());
        Assert.Equal(JsonValueKind.Null, document.RootElement.GetProperty("labels")[1].GetProperty("label").ValueKind);
    }

    [Fact]
    public void Convert_there_and_back_gives_the_same_text_and_hash()
    {
        var yaml = Shipped("addition", "carry-tens.yaml");
        var json = Write("carry.json", CliRun.Of("spec", "convert", yaml).Out);
        var back = Write("carry.yaml", CliRun.Of("spec", "convert", json).Out);

        Assert.Equal(File.ReadAllText(json), CliRun.Of("spec", "convert", back).Out);
        using var one = JsonDocument.Parse(CliRun.Of("spec", "convert", yaml, "--json").Out);
        using var other = JsonDocument.Parse(CliRun.Of("spec", "convert", json, "--json", "--to", "json").Out);
        Assert.Equal(one.RootElement.GetProperty("hash").GetString(), other.RootElement.GetProperty("hash").GetString());
        Assert.Equal("json", other.RootElement.GetProperty("format").GetString());
        Assert.Contains("--to is one of yaml, json; found 'xml'.", CliRun.Of("spec", "convert", yaml, "--to", "xml").Error);
    }

    [Fact]
    public void Schema_is_the_one_that_is_shipped() => Assert.Equal(
        File.ReadAllText(Repository.Path("feature-specs", "feature-spec.schema.json")), CliRun.Of("spec", "schema").Out);

    [Fact]
    public void Faulty_specs_are_one_json_document_where_all_are_needed()
    {
        var faulty = Write("faulty.yaml", Head + "id: a\nrule: [words]\n");
        var run = CliRun.Of("spec", "convert", _folder["none.yaml"], "--json");
        Assert.Equal(2, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal(2, document.RootElement.GetProperty("error").GetProperty("code").GetInt32());

        run = CliRun.Of("spec", "eval", faulty, _folder["none.yaml"], "--task", "ioi", "--sites", "L0H0", "--json");
        Assert.Equal(2, run.Code);
        using var both = JsonDocument.Parse(run.Out);
        Assert.Equal(2, both.RootElement.GetProperty("error").GetProperty("specs").GetArrayLength());
    }

    private static string Shipped(string task, string file) => Repository.Path("feature-specs", task, file);

    private string Write(string name, string text)
    {
        File.WriteAllText(_folder[name], text);
        return _folder[name];
    }
}
