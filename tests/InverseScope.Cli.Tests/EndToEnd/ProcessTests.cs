using System.Diagnostics;
using System.Text.Json;

namespace InverseScope.Cli.Tests.EndToEnd;

public sealed class ProcessTests
{
    [Fact]
    public void Help_comes_on_standard_output_alone()
    {
        var run = CliProcess.Run("--help");

        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("Usage:", run.Out);
    }

    [Fact]
    public void Results_and_messages_keep_to_their_own_streams()
    {
        var done = CliProcess.Run("task", "sample", "counting", "-n", "3", "--json");
        var refused = CliProcess.Run("task", "show", "iio");

        Assert.Equal((0, ""), (done.Code, done.Error));
        Assert.All(done.Out.TrimEnd().Split('\n'), line => JsonDocument.Parse(line).Dispose());
        Assert.Equal((2, ""), (refused.Code, refused.Out));
        Assert.Contains("There is no task 'iio'. Did you mean 'ioi'?", refused.Error);
        Assert.DoesNotContain("   at ", refused.Error);
    }

    [Fact]
    public void A_reader_that_goes_away_is_no_fault()
    {
        using var process = CliProcess.Start("task", "sample", "addition", "-n", "200000");
        process.StandardOutput.ReadLine();
        process.StandardOutput.Close();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();

        Assert.Equal("", error);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public void The_first_interruption_stops_the_work_and_ends_with_4()
    {
        using var process = CliProcess.Start("task", "sample", "addition", "-n", "1000000000000");
        process.StandardOutput.ReadLine();
        using var kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
        // Not kept: what a quick process writes until the signal comes is more than a string holds.
        var buffer = new char[1 << 16];
        while (process.StandardOutput.Read(buffer) > 0)
            ;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();

        Assert.Contains("stopping at the next batch", error);
        Assert.Equal(4, process.ExitCode);
    }
}
