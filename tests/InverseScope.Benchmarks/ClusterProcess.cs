using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using InverseScope.Service;
using InverseScope.Service.Artifacts;
using InverseScope.Service.Cluster;
using InverseScope.Service.Compute;
using InverseScope.Sweeps;
using InverseScope.Torch.Runtime;

namespace InverseScope.Benchmarks;

/// <summary>A batch on a worker, in ticks of <see cref="Stopwatch"/>.</summary>
internal readonly record struct Batch(long Began, long Ended);

/// <summary>
/// A service or a worker of a cluster as a process of this program, which tells of itself on its standard output, and ends with its input.
/// </summary>
internal sealed class ClusterProcess : IAsyncDisposable
{
    /// <summary>The verb of a service: a connection string and a home follow.</summary>
    public const string Service = "cluster-service";

    /// <summary>The verb of a worker: a connection string and a home follow.</summary>
    public const string Worker = "cluster-worker";

    private const string Version = "benchmark";
    private const string Ready = "ready ";
    private const string Batch = "batch ";
    private const string Counts = "counts ";

    private static readonly TimeSpan BatchTime = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly ConcurrentQueue<Batch> _batches = [];
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<MemberCounts> _counts = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ClusterProcess(Process process) => _process = process;

    /// <summary>Where it listens, once it is a member; empty for a worker.</summary>
    public Task<string> Address => _ready.Task;

    /// <summary>Batches that it computed so far.</summary>
    public IReadOnlyList<Batch> Batches => [.. _batches];

    /// <param name="verb">What it is.</param>
    public static ClusterProcess Start(string verb, string connection, string home)
    {
        var member = new ClusterProcess(Process.Start(new ProcessStartInfo("dotnet", [typeof(ClusterProcess).Assembly.Location, verb, connection, home])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!);
        _ = member.HearAsync();
        return member;
    }

    /// <summary>Asks it what it used since it began.</summary>
    public async Task<MemberCounts> CountAsync()
    {
        _counts = new TaskCompletionSource<MemberCounts>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _process.StandardInput.WriteLineAsync();
        return await _counts.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>Is a service, in this process.</summary>
    public static async Task ServeAsync(string connection, string home)
    {
        using var counter = new MemberCounter();
        await using var app = ServiceApp.Build(
            new ServiceOptions
            {
                Home = new Home(home),
                Address = new Uri("http://127.0.0.1:0"),
                Version = Version,
                Cluster = new ClusterSettings(connection),
            },
            workspace => Simulated(workspace.Home, (_, _) => { }));
        await app.StartAsync();
        Say(Ready, app.Urls.Single());
        await AnswerAsync(counter);
    }

    /// <summary>Is a worker, in this process.</summary>
    public static async Task WorkAsync(string connection, string path)
    {
        var home = new Home(path);
        home.Make();
        using var counter = new MemberCounter();
        using var compute = Simulated(home, (began, ended) => Say(Batch, string.Create(CultureInfo.InvariantCulture, $"{began} {ended}")));
        using var files = new WorkerFiles(home, new ArtifactOptions(), TimeProvider.System);
        using var host = WorkerSilo.Build(new ClusterSettings(connection), files, compute, Version, TimeProvider.System);
        await host.StartAsync();
        Say(Ready, "");
        await AnswerAsync(counter);
    }

    private static SimulatedCompute Simulated(Home home, Action<long, long> computed) => new(new LocalCompute(home, new TorchThread(threads: 1)), BatchTime, computed);

    private static async Task AnswerAsync(MemberCounter counter)
    {
        while (await Console.In.ReadLineAsync() is not null)
            Say(Counts, JsonSerializer.Serialize(counter.Now));
    }

    private static void Say(string what, string text) => Console.Out.WriteLine(what + text);

    private async Task HearAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(Batch, StringComparison.Ordinal) && line[Batch.Length..].Split(' ') is [var began, var ended])
                _batches.Enqueue(new Batch(long.Parse(began, CultureInfo.InvariantCulture), long.Parse(ended, CultureInfo.InvariantCulture)));
            else if (line.StartsWith(Counts, StringComparison.Ordinal))
                _counts.TrySetResult(JsonSerializer.Deserialize<MemberCounts>(line[Counts.Length..])!);
            else if (line.StartsWith(Ready, StringComparison.Ordinal))
                _ready.TrySetResult(line[Ready.Length..]);
        }

        // Whoever waits for it learns that it ended.
        var fault = new InvalidOperationException("A member of the cluster ended.");
        _ready.TrySetException(fault);
        _counts.TrySetException(fault);
    }
}
