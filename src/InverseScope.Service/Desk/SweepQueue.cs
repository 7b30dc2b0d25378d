using System.Threading.Channels;
using InverseScope.Core.Sampling;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Desk;

/// <summary>Works through sweeps one after another: they share one device, and two at once would only slow each other.</summary>
public sealed partial class SweepQueue(Workspace workspace, SweepRunner runner, ILogger<SweepQueue> logger) : BackgroundService
{
    private readonly Channel<string> _waiting = Channel.CreateUnbounded<string>();
    private readonly Lock _lock = new();
    private readonly HashSet<string> _queued = new(StringComparer.Ordinal);
    private RunningSweep? _running;
    private long _version;

    /// <summary>Grows with everything that changes.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>What is being worked on; null while nothing is.</summary>
    public RunningSweep? Running
    {
        get
        {
            lock (_lock)
                return _running;
        }
    }

    public bool IsQueued(string id)
    {
        lock (_lock)
            return _queued.Contains(id);
    }

    /// <summary>Lets a sweep wait for its turn; one that waits or runs already does so once.</summary>
    public void Add(string id)
    {
        lock (_lock)
        {
            if (_running?.Id == id || !_queued.Add(id))
                return;
        }

        Changed();
        _waiting.Writer.TryWrite(id);
    }

    /// <summary>Takes a sweep out of the queue, or stops it at the next batch.</summary>
    /// <param name="reason">Stored as why it ended.</param>
    /// <returns>Whether it waited or ran.</returns>
    public bool Interrupt(string id, string reason)
    {
        lock (_lock)
        {
            if (_running is { } running && running.Id == id)
            {
                running.Interrupt(reason);
                return true;
            }

            if (!_queued.Remove(id))
                return false;
        }

        Note(id, reason);
        return true;
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Factory.StartNew(
        () => Work(stoppingToken), stoppingToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Work(CancellationToken stopping)
    {
        // Whatever was running when the service ended goes on.
        foreach (var left in workspace.Store.Sweeps().Where(s => s.State == SweepState.Running))
            Add(left.Id);
        while (Next(stopping) is { } id)
        {
            using var running = new RunningSweep(id, workspace.Clock, Changed, stopping);
            lock (_lock)
            {
                if (!_queued.Remove(id))
                    continue;
                _running = running;
            }

            Changed();
            try
            {
                runner.Run(id, running, running.Cancel);
                if (running.Reason is { } reason)
                    Note(id, reason);
            }
#pragma warning disable CA1031 // What one sweep dies of must not keep the next from its turn; it is stored with the sweep.
            catch (Exception e)
#pragma warning restore CA1031
            {
                LogFault(logger, id, e);
            }

            lock (_lock)
                _running = null;
            Changed();
        }
    }

    private string? Next(CancellationToken stopping)
    {
        try
        {
            return _waiting.Reader.ReadAsync(stopping).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private void Note(string id, string reason)
    {
        var sweep = workspace.Store.Sweep(id);
        (sweep.State, sweep.StopReason) = (SweepState.Stopped, reason);
        workspace.Store.Update(sweep);
        Changed();
    }

    private void Changed() => Interlocked.Increment(ref _version);

    [LoggerMessage(Level = LogLevel.Error, Message = "Sweep {Id} failed.")]
    private static partial void LogFault(ILogger logger, string id, Exception fault);
}

/// <summary>The sweep that is being worked on.</summary>
public sealed class RunningSweep : IProgress<WorkProgress>, IDisposable
{
    private readonly CancellationTokenSource _cancel;
    private readonly TimeProvider _clock;
    private readonly Action _changed;
    private readonly long _began;
    private readonly Lock _lock = new();
    private SweepPace _pace = new(null, 0, 0, null, null);
    private int? _doneBefore;

    internal RunningSweep(string id, TimeProvider clock, Action changed, CancellationToken stopping)
    {
        (Id, _clock, _changed, _began) = (id, clock, changed, clock.GetTimestamp());
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(stopping);
    }

    public string Id { get; }

    /// <summary>Why a person ended it; null if nobody did.</summary>
    public string? Reason { get; private set; }

    public SweepPace Pace
    {
        get
        {
            lock (_lock)
                return _pace;
        }
    }

    internal CancellationToken Cancel => _cancel.Token;

    public void Report(WorkProgress value)
    {
        lock (_lock)
            _pace = value.Unit == "sites" ? AtSite(value) : _pace with { Step = value };
        _changed();
    }

    public void Dispose() => _cancel.Dispose();

    internal void Interrupt(string reason)
    {
        Reason = reason;
        _cancel.Cancel();
    }

    private SweepPace AtSite(WorkProgress value)
    {
        _doneBefore ??= (int)value.Done;
        var done = (int)value.Done - _doneBefore.Value;
        double? left = done > 0 ? _clock.GetElapsedTime(_began).TotalSeconds / done * (value.Total - value.Done) : null;
        return new SweepPace(value.Stage, (int)value.Done, (int)value.Total, null, left);
    }
}
