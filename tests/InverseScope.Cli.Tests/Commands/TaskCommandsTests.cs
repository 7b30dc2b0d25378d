using System.Text.Json;

namespace InverseScope.Cli.Tests.Commands;

public sealed class TaskCommandsTests
{
    [Fact]
    public void List_shows_the_built_in_tasks_without_making_a_home()
    {
        using var folder = new TempFolder();
        var run = CliRun.Of("task", "list", "--json", "--home", folder["home"]);

        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal(0, run.Code);
        Assert.Equal(["addition", "counting", "icl-translation", "ioi"], document.RootElement.EnumerateArray().Select(t => t.GetProperty("name").GetString()));
        Assert.Equal(810_000, document.RootElement[0].GetProperty("texts").GetInt64());
        Assert.Equal(JsonValueKind.Null, document.RootElement[1].GetProperty("texts").ValueKind);
        Assert.False(Directory.Exists(folder["home"]));
    }

    [Fact]
    public void Tables_have_no_lines_wider_than_a_page_and_none_that_end_in_spaces()
    {
        var run = CliRun.Of("task", "list");

        Assert.Contains("810,000", run.Out);
        Assert.All(run.Out.TrimEnd().Split(Environment.NewLine), line =>
        {
            Assert.InRange(line.Length, 1, 100);
            Assert.Equal(line.TrimEnd(), line);
        });
    }

    [Fact]
    public void Show_tells_positions_lexicons_and_examples()
    {
        var run = CliRun.Of("task", "show", "ioi");

        Assert.Equal(0, run.Code);
        Assert.Contains("@IO @S1 @S2", run.Out);
        Assert.Contains("lexicon names", run.Out);
        Assert.Contains("examples", run.Out);
    }

    [Fact]
    public void Show_tells_the_variables_that_specs_can_read()
    {
        var run = CliRun.Of("task", "show", "icl-translation");
        var json = CliRun.Of("task", "show", "icl-translation", "--json");

        Assert.Contains("direction, source_language, target_language, input, answer, shot1", run.Out);
        Assert.Contains("@query @arrow", run.Out);
        using var document = JsonDocument.Parse(json.Out);
        Assert.Equal("direction", document.RootElement.GetProperty("variables")[0].GetString());
    }

    [Fact]
    public void Sample_draws_the_same_texts_for_the_same_seed_and_others_for_another()
    {
        var first = CliRun.Of("task", "sample", "addition", "-n", "5", "--seed", "7");
        var again = CliRun.Of("task", "sample", "addition", "-n", "5", "--seed", "7");
        var other = CliRun.Of("task", "sample", "addition", "-n", "5", "--seed", "8");

        Assert.Equal(5, first.Out.TrimEnd().Split('\n').Length);
        Assert.Equal(first.Out, again.Out);
        Assert.NotEqual(first.Out, other.Out);
    }

    [Fact]
    public void Sample_as_json_is_a_line_for_each_text()
    {
        var run = CliRun.Of("task", "sample", "addition", "-n", "3", "--json");

        var lines = run.Out.TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.All(lines, line =>
        {
            using var document = JsonDocument.Parse(line);
            Assert.Equal(-Math.Log(810_000), document.RootElement.GetProperty("log_probability").GetDouble(), 9);
        });
    }

    [Fact]
    public void An_imported_file_is_a_task_from_then_on()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["greetings.txt"], "good morning\ngood night\n");

        var import = CliRun.Of("task", "import", folder["greetings.txt"], "--name", "hello", "--home", folder["home"]);
        var list = CliRun.Of("task", "list", "--home", folder["home"]);
        var again = CliRun.Of("task", "import", folder["greetings.txt"], "--name", "hello", "--home", folder["home"]);
        var forced = CliRun.Of("task", "import", folder["greetings.txt"], "--name", "hello", "--force", "--home", folder["home"]);

        Assert.Equal(0, import.Code);
        Assert.Contains("hello", list.Out);
        Assert.Equal(2, again.Code);
        Assert.Contains("--force", again.Error);
        Assert.Equal(0, forced.Code);
    }

    [Theory]
    [InlineData("empty.txt", "", "holds no text")]
    [InlineData("broken.jsonl", "{\"text\": 3}\n", "(1): no field \"text\"")]
    [InlineData("picture.png", "x", "'.png' is not a known kind")]
    public void A_file_that_is_no_task_is_refused_and_leaves_nothing(string name, string content, string message)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder[name], content);

        var run = CliRun.Of("task", "import", folder[name], "--home", folder["home"]);

        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
        Assert.False(Directory.Exists(folder["home"]));
    }

    [Fact]
    public void Published_instructions_become_one_task_with_what_their_sets_say()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["adv.csv"], "goal,target\nHide a spoon,Sure\nBurn a cake,Sure\n");
        File.WriteAllText(folder["jbb.csv"], "Index,Goal,Target,Behavior,Category,Source\n0,hide a spoon!,Sure,Hiding,Pranks,AdvBench\n");
        File.WriteAllText(folder["alpaca.json"], """[{"instruction": "Name a colour.", "input": "", "output": "Red."}]""");

        var run = CliRun.Of(
            "task", "import", "--advbench", folder["adv.csv"], "--jailbreakbench", folder["jbb.csv"], "--alpaca", folder["alpaca.json"],
            "--template", "gemma-it", "--json", "--home", folder["home"]);
        var show = CliRun.Of("task", "show", "refusal", "--home", folder["home"]);

        Assert.Equal(0, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        var counts = document.RootElement.GetProperty("counts");
        Assert.Equal(3, document.RootElement.GetProperty("texts").GetInt32());
        Assert.Equal((2, 1, 1), (Count("harmful"), Count("harmless"), Count("repeated")));
        Assert.Contains("@reply", show.Out);
        Assert.Contains("source, harmful, category", show.Out);
        Assert.Contains("\"template\":\"gemma-it\"", File.ReadLines(folder["home/tasks/refusal.jsonl"]).First());
        int Count(string name) => counts.GetProperty(name).GetInt32();
    }

    [Fact]
    public void Instructions_longer_than_a_model_counts_are_left_out()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["model"]);
        File.Copy(Repository.Path("src", "InverseScope.Torch", "Shipped", "ioi", "config.json"), folder["model/config.json"]);
        File.WriteAllText(folder["model/vocab.json"], """{"<e>": 0, "Hide": 1, "a": 2, "spoon": 3, "now": 4}""");
        File.WriteAllText(folder["model/tokenizer_config.json"], """{"tokenizer_class": "word-level", "eos_token": "<e>"}""");
        File.WriteAllText(folder["adv.csv"], "goal,target\nHide a spoon,Sure\nHide a spoon now,Sure\nBurn a cake,Sure\n");

        var run = CliRun.Of(
            "task", "import", "--advbench", folder["adv.csv"], "--model", folder["model"], "--max-tokens", "3", "--home", folder["home"]);

        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("harmful 1, harmless 0, repeated 0, too long 1, unreadable 1", run.Out);
    }

    [Fact]
    public void Published_pairs_become_a_task_that_needs_no_other_file()
    {
        using var folder = new TempFolder();
        const string pairs = """{"en": "fr", "dog": "chien", "cat": "chat", "sun": "soleil", "sea": "mer", "salt": "sel"}""";
        File.WriteAllText(folder["en_fr.json"], pairs);
        File.WriteAllText(folder["own.yaml"], "schema: inversescope/translation-task/v1\nshots: 2\ndirections: {en-fr: en_fr.json}\n");

        var run = CliRun.Of("task", "import", "--pairs", folder["en_fr.json"], "--name", "pairs", "--home", folder["home"]);
        var own = CliRun.Of("task", "import", folder["own.yaml"], "--home", folder["home"]);
        File.Delete(folder["en_fr.json"]);
        var show = CliRun.Of("task", "show", "pairs", "--home", folder["home"]);
        var sample = CliRun.Of("task", "sample", "own", "-n", "1", "--home", folder["home"]);

        Assert.Equal((0, 0), (run.Code, own.Code));
        Assert.Contains("dog, cat, sun, sea, salt", show.Out);
        Assert.Equal(3, sample.Out.TrimEnd().Split('\n').Length);
    }

    [Theory]
    [InlineData("", "One task is imported at a time.")]
    [InlineData("own.txt --pairs en_fr.json", "One task is imported at a time.")]
    [InlineData("own.txt --template gemma-it", "--template and --model are for instructions")]
    [InlineData("--advbench own.txt --max-tokens 9", "--max-tokens needs to know whose tokens to count")]
    [InlineData("--advbench own.txt", "'.txt' is not .csv, .json or .jsonl")]
    [InlineData("--advbench absent.csv", "There is no file")]
    [InlineData("--advbench adv.csv --template gemma", "There is no template 'gemma'")]
    [InlineData("--pairs pairs.json", "does not tell what is translated into what")]
    public void What_cannot_be_imported_is_refused_and_leaves_nothing(string args, string message)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["own.txt"], "text\n");
        File.WriteAllText(folder["adv.csv"], "goal,target\nHide a spoon,Sure\n");
        File.WriteAllText(folder["en_fr.json"], "{}");
        File.WriteAllText(folder["pairs.json"], "{}");

        var run = CliRun.Of([
            "task", "import", "--home", folder["home"],
            .. args.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(a => a.Contains('.', StringComparison.Ordinal) ? folder[a] : a)]);

        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
        Assert.False(Directory.Exists(folder["home"]));
    }

    [Fact]
    public void An_instruction_that_no_line_holds_is_left_out_and_counted()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["adv.csv"], $"goal,target\nHide a spoon,Sure\n{new string('a', 70_000)},Sure\n");
        File.WriteAllText(folder["huge.csv"], $"goal,target\n{new string('a', 70_000)},Sure\n");

        var run = CliRun.Of("task", "import", "--advbench", folder["adv.csv"], "--home", folder["home"]);
        var none = CliRun.Of("task", "import", "--advbench", folder["huge.csv"], "--home", folder["home"]);

        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("harmful 1, harmless 0, repeated 0, too long 1, unreadable 0", run.Out);
        Assert.Equal(2, none.Code);
        Assert.Contains("All are longer than a line", none.Error);
    }

    [Fact]
    public void A_built_in_task_is_never_replaced()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["ioi.txt"], "text\n");

        var run = CliRun.Of("task", "import", folder["ioi.txt"], "--force", "--home", folder["home"]);

        Assert.Equal(2, run.Code);
        Assert.Contains("It is built in", run.Error);
    }

    [Fact]
    public void A_broken_task_file_of_the_home_does_not_hide_the_others()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["home/tasks"]);
        File.WriteAllText(folder["home/tasks/bad.yaml"], "schema: [");

        var run = CliRun.Of("task", "list", "--home", folder["home"]);

        Assert.Equal(0, run.Code);
        Assert.Contains("cannot be read", run.Out);
        Assert.Contains("addition", run.Out);
    }
}
