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
