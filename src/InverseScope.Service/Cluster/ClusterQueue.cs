using System.Collections.Concurrent;
using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Cluster;

/// <summary>Sweeps of a cluster, as one of its services sees them: all that may run do so at the same time, wherever there is room.</summary>
internal sealed partial class ClusterQueue(ClusterSweeps sweeps, IGrainFactory grains, Workspace workspace, ILogger<ClusterQueue> logger) : BackgroundService, ISweepQueue
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    // What nobody works on though it is to go on: its reminder could not be written, or the whole cluster was stopped.
    private static readonly TimeSpan TakeUpInterval = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, long> _changes = new(StringComparer.Ordinal);
    private ClusterView? _seen;

    /// <summary>The cluster as it was last seen, at most a second ago while it answers; null before.</summary>
    public ClusterView? Seen => Volatile.Read(ref _seen);

    public bool IsWorking => ExecuteTask is { IsCompleted: false } && Seen is not null;

    public CancellationToken Stopping => sweeps.Stopping;

    public long ChangesOf(string id) => _changes.GetValueOrDefault(id);

    public (RunningPlace? Running, bool IsQueued) PlaceOf(string id) =>
        Find(id) is { Ended: false } now ? (new RunningPlace(now.Pace, now.Seconds), false) : (null, sweeps.IsToGoOn(id));

    public string? FaultOf(string id) => Find(id) is { Ended: true } now ? now.Fault : null;

    public void Add(string id)
    {
        workspace.Store.Change(id, s => (s.State, s.StopReason, s.Turn) = (SweepState.Running, null, workspace.Clock.GetUtcNow().ToUnixTimeMilliseconds()));
        try
        {
            Ask(id, grain => grain.Start());
        }
        catch (OutsideServiceException e)
        {
            // It stands in the store that it is to run, and is taken up soon.
            LogUnseen(logger, e.Message);
        }

        Tell(id);
    }

    public bool Interrupt(string id, string reason)
    {
        var done = Ask(id, grain => grain.Interrupt(reason));
        Tell(id);
        return done;
    }

    public void Tell(string id) => _changes.AddOrUpdate(id, 1, (_, changes) => changes + 1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookInterval, workspace.Clock);
        var takenUp = DateTimeOffset.MinValue;
        try
        {
            do
            {
                try
                {
                    See(await sweeps.Pool.Look().WaitAsync(stoppingToken));
                    if (workspace.Clock.GetUtcNow() - takenUp < TakeUpInterval)
                        continue;
                    takenUp = workspace.Clock.GetUtcNow();
                    await TakeUp();
                }
#pragma warning disable CA1031 // Whatever does not answer for a while: it is looked at again.
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    LogUnseen(logger, e.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
        }
    }

    private SweepNow? Find(string id) => Seen?.Sweeps.FirstOrDefault(s => s.Id == id);

    private void See(ClusterView view)
    {
        sweeps.See(view);
        var before = Interlocked.Exchange(ref _seen, view);
        foreach (var now in view.Sweeps)
        {
            if (before?.Sweeps.FirstOrDefault(s => s.Id == now.Id) is not { } known || known != now)
                Tell(now.Id);
        }

        foreach (var gone in before?.Sweeps.Where(b => !view.Sweeps.Any(s => s.Id == b.Id)) ?? [])
            Tell(gone.Id);
    }

    private async Task TakeUp()
    {
        foreach (var sweep in workspace.Store.Sweeps().Where(s => s.IsToGoOn()))
        {
            if (Find(sweep.Id) is not { Ended: false })
                await grains.GetGrain<ISweepGrain>(sweep.Id).GoOn();
        }
    }

    private T Ask<T>(string id, Func<ISweepGrain, Task<T>> ask)
    {
        try
        {
            return ask(grains.GetGrain<ISweepGrain>(id)).GetAwaiter().GetResult();
        }
        catch (Exception e) when (ClusterGrains.IsPassing(e, CancellationToken.None))
        {
            throw new OutsideServiceException($"The cluster does not answer for sweep '{id}': {e.Message} Try again in a minute.", e);
        }
    }

    private void Ask(string id, Func<ISweepGrain, Task> ask) => Ask(id, async grain =>
    {
        await ask(grain);
        return true;
    });

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cluster does not answer: {Why}")]
    private static partial void LogUnseen(ILogger logger, string why);
}
