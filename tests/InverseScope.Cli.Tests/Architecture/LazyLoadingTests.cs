using System.Reflection;
using System.Runtime.Loader;

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

    // In a load context of its own, because other tests of this process load everything.
    private static IReadOnlyList<string> LibrariesLoadedBy(string[] args)
    {
        var context = new Isolated(CliProcess.ProgramPath);
        try
        {
            var program = context.LoadFromAssemblyPath(CliProcess.ProgramPath);
            var shell = Activator.CreateInstance(
                program.GetType(typeof(Shell).FullName!, throwOnError: true)!, TextWriter.Null, TextWriter.Null, TimeProvider.System)!;
            program.GetType(typeof(CommandLine).FullName!, throwOnError: true)!
                .GetMethod(nameof(CommandLine.Run))!
                .Invoke(null, [args, shell]);
            return [.. context.Assemblies.Select(a => a.GetName().Name!)];
        }
        finally
        {
            context.Unload();
        }
    }

    private sealed class Isolated(string program) : AssemblyLoadContext("isolated", isCollectible: true)
    {
        private readonly AssemblyDependencyResolver _resolver = new(program);

        protected override Assembly? Load(AssemblyName assemblyName) =>
            _resolver.ResolveAssemblyToPath(assemblyName) is { } path ? LoadFromAssemblyPath(path) : null;
    }
}
