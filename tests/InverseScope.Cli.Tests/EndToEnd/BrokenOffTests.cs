using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InverseScope.Cli.Tests.EndToEnd;

/// <summary>What is left when a process cannot write, or is killed, and how the work goes on.</summary>
[Collection(TorchCollection.Name)]
public sealed class BrokenOffTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Where_nothing_more_can_be_written_it_says_so_and_leaves_no_half_files()
    {
        var run = Shell(
            "trap '' XFSZ; ulimit -f 40; DOTNET_EnableWriteXorExecute=0 exec dotnet \"$0\" activations collect --model ioi --task ioi --sites L0H0 --bank-size 2000 --home \"$1\" --quiet",
            CliProcess.ProgramPath, _folder["home"]);

        Assert.Equal(3, run.Code);
        Assert.Contains("cannot be written", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFiles(_folder["home"], "*", SearchOption.AllDirectories), f => f.Contains(".tmp", StringComparison.Ordinal));
        // With room again, the same command does.
        var again = CliProcess.Run("activations", "collect", "--model", "ioi", "--task", "ioi", "--sites", "L0H0", "--bank-size", "2000", "--home", _folder["home"], "--quiet");
        Assert.Equal(0, again.Code);
    }

    [Fact]
    public async Task Killed_anywhere_a_sweep_resumes_to_the_numbers_of_one_that_was_not()
    {
        File.WriteAllText(_folder["plan.yaml"], """
            schema: inversescope/sweep/v1
            name: killed
            model: ioi
            task: ioi
            sites: ['L0H0-3', 'L1H4']
            epsilon: 0.1
            bank_size: 4000
            references: { explore: 60, confirm: 60 }
            search: { max_proposals: 2 }
            """);
        Assert.Equal(0, CliProcess.Run("sweep", "run", _folder["plan.yaml"], "--home", _folder["whole"], "--quiet").Code);
        var whole = Report("whole");

        string[] command = ["sweep", "run", _folder["plan.yaml"], "--home", _folder["broken"], "--quiet"];
        for (var kills = 0; kills < 3; kills++)
        {
            using var process = CliProcess.Start(command);
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            // Signalled by the progress file, a little further in each time; never by the clock.
            while (SitesDone() < kills + 1 && !process.WaitForExit(20))
            {
            }

            process.Kill();
            await Task.WhenAll(output, error);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            command = ["sweep", "resume", "killed-001", "--home", _folder["broken"], "--quiet"];
            using var listed = JsonDocument.Parse(CliProcess.Run("sweep", "list", "--home", _folder["broken"], "--json").Out);
            Assert.Equal("broken_off", listed.RootElement[0].GetProperty("state").GetString());
        }

        Assert.Equal(0, CliProcess.Run(command).Code);
        Assert.Equal(whole, Report("broken"));
    }

    private int SitesDone()
    {
        try
        {
            using var progress = JsonDocument.Parse(File.ReadAllText(_folder["broken/sweeps/killed-001/progress.json"]));
            return progress.RootElement.GetProperty("sites_done").GetInt32();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    // What may differ: times, memory, and the home that commands name.
    private string Report(string home)
    {
        var report = JsonNode.Parse(File.ReadAllText(_folder[$"{home}/sweeps/killed-001/report.json"]))!;
        foreach (var member in new[] { "started", "finished", "cost", "command" })
            report["sweep"]!.AsObject().Remove(member);
        foreach (var hypothesis in report["sites"]!.AsArray().SelectMany(s => s!["hypotheses"]!.AsArray()))
        {
            hypothesis!.AsObject().Remove("command");
            foreach (var step in hypothesis["trail"]!.AsArray())
                step!.AsObject().Remove("time");
        }

        return report.ToJsonString();
    }

    private static CliRun Shell(string script, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", script, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CliRun(process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
