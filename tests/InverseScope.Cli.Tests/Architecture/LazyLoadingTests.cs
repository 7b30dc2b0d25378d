namespace InverseScope.Cli.Tests.Architecture;

/// <summary>Help must come at once, so it may not load what it does not need.</summary>
public sealed class LazyLoadingTests
{
    [Theory]
    [InlineData("--help")]
    [InlineData("--version")]
    [InlineData("task", "sample", "--help")]
    [InlineData("tsak")]
    public void Help_and_usage_errors_load_no_heavy_library(params string[] args)
    {
        var loaded = LibrariesLoadedBy(args);

        Assert.Contains("System.CommandLine", loaded);
        Assert.Empty(loaded.Intersect(["TorchSharp", "Spectre.Console", "LiteDB", "Npgsql", "Jint", "YamlDotNet", "Polly.Core", "OpenTelemetry"]));
    }

    [Fact]
    public void Listing_tasks_loads_no_libtorch() => Assert.DoesNotContain("TorchSharp", LibrariesLoadedBy(["task", "list"]));

    // In a process of its own, because other tests of this one load everything.
    private static string[] LibrariesLoadedBy(string[] args)
    {
        using var folder = new TempFolder();
        var run = CliProcess.RunAt(
            CliProcess.ProgramPath, [("DOTNET_STARTUP_HOOKS", typeof(StartupHook).Assembly.Location), (StartupHook.Variable, folder["loaded"])], args);
        Assert.True(File.Exists(folder["loaded"]), run.Error);
        return File.ReadAllLines(folder["loaded"]);
    }
}
