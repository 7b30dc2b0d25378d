using System.Text.Json;

namespace InverseScope.Cli.Tests;

public sealed class UsageErrorTests
{
    [Theory]
    [InlineData("tsak list", "unknown command 'tsak'. Did you mean 'task'?", "See 'inversescope --help'.")]
    [InlineData("smaple --site L0H0", "unknown command 'smaple'. Did you mean 'sample'?", "See 'inversescope --help'.")]
    [InlineData("task lst", "unknown command 'lst'. Did you mean 'list'?", "See 'inversescope task --help'.")]
    [InlineData("task", "'inversescope task' needs a command: list, show, sample, import.", "See 'inversescope task --help'.")]
    [InlineData("--sed 3", "unknown option '--sed' of 'inversescope'. Did you mean '--seed'?", "See 'inversescope --help'.")]
    [InlineData("task sample ioi --cuont=3", "unknown option '--cuont' of 'inversescope task sample'. Did you mean '--count'?", "See 'inversescope task sample --help'.")]
    [InlineData("task sample ioi -n many", "--count takes a whole number of at least 1, found 'many'.", "See 'inversescope task sample --help'.")]
    [InlineData("task sample ioi -n", "--count needs a value.", "See 'inversescope task sample --help'.")]
    [InlineData("task show", "'inversescope task show' needs TASK: a task's name, or a file.", "See 'inversescope task show --help'.")]
    [InlineData("task list more", "'inversescope task list' does not take 'more'.", "See 'inversescope task list --help'.")]
    [InlineData("task list --seed 1e3", "--seed takes a whole number, found '1e3'.", "See 'inversescope task list --help'.")]
    public void Wrong_usage_ends_with_2_and_says_what_is_wrong_and_where_to_look(string args, string what, string fix)
    {
        var run = CliRun.Of(args.Split(' '));

        Assert.Equal(2, run.Code);
        Assert.Equal($"inversescope: {what}{Environment.NewLine}{fix}{Environment.NewLine}", run.Error);
        Assert.Empty(run.Out);
    }

    [Fact]
    public void An_empty_home_is_refused()
    {
        var run = CliRun.Of("task", "list", "--home", " ");

        Assert.Equal(2, run.Code);
        Assert.Contains("--home needs a folder.", run.Error);
    }

    [Fact]
    public void A_position_that_begins_with_an_at_sign_is_no_response_file()
    {
        var run = CliRun.Of("task", "show", "@last");

        Assert.Contains("There is no task '@last'.", run.Error);
    }

    [Fact]
    public void With_json_wrong_usage_leaves_one_error_document_on_standard_output()
    {
        var run = CliRun.Of("task", "lst", "--json");

        using var document = JsonDocument.Parse(run.Out);
        var error = document.RootElement.GetProperty("error");
        Assert.Equal(2, run.Code);
        Assert.Equal(2, error.GetProperty("code").GetInt32());
        Assert.Equal("unknown command 'lst'. Did you mean 'list'?", error.GetProperty("message").GetString());
        Assert.Equal("See 'inversescope task --help'.", error.GetProperty("fix").GetString());
        Assert.StartsWith("inversescope: unknown command 'lst'.", run.Error);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("")]
    public void Help_lists_the_commands_and_ends_with_0(string args)
    {
        var run = CliRun.Of(args.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(0, run.Code);
        Assert.Contains("  task ", run.Out);
        Assert.Contains("  test ", run.Out);
        Assert.Empty(run.Error);
    }

    [Fact]
    public void Help_of_a_command_wins_over_what_is_wrong_with_its_arguments()
    {
        var run = CliRun.Of("task", "sample", "--help");

        Assert.Equal(0, run.Code);
        Assert.Contains("--count", run.Out);
    }

    [Fact]
    public void Version_is_one_line()
    {
        var run = CliRun.Of("--version");

        Assert.Equal(0, run.Code);
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\r?\n$", run.Out);
    }
}
