using InverseScope.Service.Desk;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace InverseScope.Service.Cluster;

/// <inheritdoc cref="IPoolGrain"/>
[GrainType(ClusterGrains.PoolType)]
[Reentrant]
internal sealed partial class PoolGrain(Workspace workspace, IHostApplicationLifetime lifetime, ILogger<PoolGrain> logger) : Grain, IPoolGrain
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan EndedKept = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SweepSilence = TimeSpan.FromSeconds(20);

    private readonly ComputePool _pool = new(workspace.Clock);
    private readonly Dictionary<string, (SweepNow Now, DateTimeOffset At)> _sweeps = new(StringComparer.Ordinal);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // It has nothing written down; as long as anybody waits here it must not be put away.
        DelayDeactivation(TimeSpan.MaxValue);
        this.RegisterGrainTimer(Tidy, LookInterval, LookInterval);
        return Task.CompletedTask;
    }

    public Task Announce(WorkerCard card)
    {
        var before = _pool.Workers;
        _pool.Announce(card);
        if (_pool.Workers > before)
            LogCame(logger, card.Id, card.Host, card.Device);
        return Task.CompletedTask;
    }

    public Task Leave(string worker)
    {
        _pool.Remove(worker);
        LogLeft(logger, worker);
        return Task.CompletedTask;
    }

    public async Task<string?> Acquire(CallTicket ticket)
    {
        var granted = new TaskCompletionSource<string>();
        _pool.Wait(ticket, worker => granted.TrySetResult(worker));
        if (await Task.WhenAny(granted.Task, Task.Delay(LongestWait, workspace.Clock, lifetime.ApplicationStopping)) == granted.Task)
            return await granted.Task;
        // Whoever waits would keep the process from its end; it asks again where the pool then is.
        return lifetime.ApplicationStopping.IsCancellationRequested ? throw new TimeoutException("The service that hands out workers ends.") : null;
    }

    public Task Release(Guid ticket, double? seconds)
    {
        _pool.Release(ticket, seconds);
        return Task.CompletedTask;
    }

    public Task Suspect(string worker) => Leave(worker);

    public Task Report(SweepNow now)
    {
        _sweeps[now.Id] = (now, workspace.Clock.GetUtcNow());
        return Task.CompletedTask;
    }

    public Task<ClusterView> Look()
    {
        var (workers, owners) = _pool.Look();
        return Task.FromResult(new ClusterView(workspace.Version, workers, owners, [.. _sweeps.Values.Select(s => s.Now)]));
    }

    private Task Tidy()
    {
        foreach (var worker in _pool.Sweep())
            LogLeft(logger, worker);
        var (workers, owners) = _pool.Look();
        ClusterTelemetry.Tell(workers, owners);
        var now = workspace.Clock.GetUtcNow();
        foreach (var id in _sweeps.Where(s => now - s.Value.At > (s.Value.Now.Ended ? EndedKept : SweepSilence)).Select(s => s.Key).ToArray())
            _sweeps.Remove(id);
        return Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {Id} is there: {Host}, {Device}.")]
    private static partial void LogCame(ILogger logger, string id, string host, string device);

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {Id} is gone.")]
    private static partial void LogLeft(ILogger logger, string id);
}
