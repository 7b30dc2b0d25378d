using System.Collections.Concurrent;
using InverseScope.Core.Sampling;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Desk;

/// <summary>
/// Works through sweeps one after another: they share one device, and two at once would only slow each other. What waits stands in the
/// store, so that it goes on in the same order after the service ended, however it did.
/// </summary>
/// <param name="dispatch">Has sites of the sweep that runs worked on at the same time; null: one after another.</param>
public sealed partial class SweepQueue(
    Workspace workspace, SweepRunner runner, IHostApplicationLifetime lifetime, ILogger<SweepQueue> logger, ISiteDispatch? dispatch = null) : BackgroundService, ISweepQueue
{
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly ConcurrentDictionary<string, string> _faults = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly List<string> _waiting = [];
    private RunningSweep? _running;
    private readonly ConcurrentDictionary<string, long> _changes = new(StringComparer.Ordinal);
    private long _turn;

    public long ChangesOf(string id) => _changes.GetValueOrDefault(id);

    public bool IsWorking => ExecuteTask is { IsCompleted: false };

    public CancellationToken Stopping => lifetime.ApplicationStopping;

    /// <summary>What is being worked on; null while nothing is.</summary>
    public RunningSweep? Running
    {
        get
        {
            lock (_lock)
                return _running;
        }
    }

    public (RunningPlace? Running, bool IsQueued) PlaceOf(string id)
    {
        lock (_lock)
            return (_running is { } running && running.Id == id ? new RunningPlace(running.Pace, running.Seconds) : null, _waiting.Contains(id));
    }

    public string? FaultOf(string id) => _faults.GetValueOrDefault(id);

    public void Add(string id)
    {
        lock (_lock)
        {
            if (_running is { } running && running.Id == id)
            {
                running.IsWantedAgain = running.Reason is not null;
                return;
            }

            if (!_waiting.Contains(id))
                Enqueue(id);
        }

        Changed(id);
    }

    public bool Interrupt(string id, string reason)
    {
        lock (_lock)
        {
            if (_running is { } running && running.Id == id)
            {
                running.Interrupt(reason);
            }
            else if (_waiting.Contains(id))
            {
                workspace.Store.Change(id, s => (s.State, s.StopReason, s.Turn) = (SweepState.Stopped, reason, null));
                _waiting.Remove(id);
            }
            else
            {
                return false;
            }
        }

        Changed(id);
        return true;
    }

    public void Tell(string id) => Changed(id);

    // Before anything is listened to: nobody's sweep can come before those that were there.
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        TakeUp();
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        base.Dispose();
        _arrived.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Factory.StartNew(
        Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Work()
    {
        while (Next() is { } running)
        {
            using (running)
            {
                Changed(running.Id);
                Run(running);
                lock (_lock)
                {
                    _running = null;
                    if (running.IsWantedAgain)
                        Guarded(running.Id, () => Enqueue(running.Id));
                }
            }

            Changed(running.Id);
        }
    }

    // What was running or waiting when the service ended goes on, in its order. What broke off elsewhere never had a turn: people resume it.
    private void TakeUp()
    {
        try
        {
            var all = workspace.Store.Sweeps();
            lock (_lock)
            {
                _turn = Math.Max(_turn, all.Max(s => s.Turn) ?? 0);
                _waiting.AddRange(all.Where(s => s.IsToGoOn()).OrderBy(s => s.Turn).Select(s => s.Id));
                if (_waiting.Count > 0)
                    _arrived.Release(_waiting.Count);
            }
        }
#pragma warning disable CA1031 // A store that cannot be read keeps nobody from looking at what can.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogStore(logger, e);
        }
    }

    private RunningSweep? Next()
    {
        while (true)
        {
            try
            {
                _arrived.Wait(Stopping);
            }
            catch (OperationCanceledException)
            {
                return null;
            }

            lock (_lock)
            {
                if (_waiting.Count == 0)
                    continue;
                // At once, so that who interrupts it finds it here or there.
                _running = new RunningSweep(_waiting[0], workspace.Clock, Changed, Stopping);
                _waiting.RemoveAt(0);
                return _running;
            }
        }
    }

    private void Run(RunningSweep running) => Guarded(running.Id, () => SweepTurn.Run(workspace, runner, running, Stopping, new SweepRunOptions { Dispatch = dispatch }));

    private void Guarded(string id, Action work)
    {
        try
        {
            work();
        }
#pragma warning disable CA1031 // What one sweep dies of, be it the store, must not keep the next from its turn.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _faults[id] = e.Message;
            LogFault(logger, id, e);
        }
    }

    private void Enqueue(string id)
    {
        var turn = _turn + 1;
        workspace.Store.Change(id, s => (s.State, s.StopReason, s.Turn) = (SweepState.Running, null, turn));
        _turn = turn;
        _faults.TryRemove(id, out _);
        _waiting.Add(id);
        _arrived.Release();
    }

    private void Changed(string id) => _changes.AddOrUpdate(id, 1, (_, changes) => changes + 1);

    [LoggerMessage(Level = LogLevel.Error, Message = "Sweep {Id} failed.")]
    private static partial void LogFault(ILogger logger, string id, Exception fault);

    [LoggerMessage(Level = LogLevel.Error, Message = "The sweeps that were left cannot be read.")]
    private static partial void LogStore(ILogger logger, Exception fault);
}

/// <summary>The sweep that is being worked on.</summary>
public sealed class RunningSweep : IProgress<WorkProgress>, IDisposable
{
    private readonly CancellationTokenSource _cancel;
    private readonly TimeProvider _clock;
    private readonly Action<string> _changed;
    private readonly long _began;
    private readonly Lock _lock = new();
    private SweepPace _pace = new(null, 0, 0, null, null);
    private int? _doneBefore;

    internal RunningSweep(string id, TimeProvider clock, Action<string> changed, CancellationToken stopping)
    {
        (Id, _clock, _changed, _began) = (id, clock, changed, clock.GetTimestamp());
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(stopping);
    }

    public string Id { get; }

    /// <summary>Why a person ended it; null if nobody did.</summary>
    public string? Reason { get; private set; }

    /// <summary>Whether it was asked for once more after it was ended.</summary>
    internal bool IsWantedAgain { get; set; }

    public SweepPace Pace
    {
        get
        {
            lock (_lock)
                return _pace;
        }
    }

    /// <summary>Of work in this run.</summary>
    public double Seconds => _clock.GetElapsedTime(_began).TotalSeconds;

    internal CancellationToken Cancel => _cancel.Token;

    public void Report(WorkProgress value)
    {
        lock (_lock)
            _pace = value.Unit == "sites" && value.Stage.StartsWith(Id, StringComparison.Ordinal) ? AtSite(value) : _pace with { Step = value };
        _changed(Id);
    }

    public void Dispose() => _cancel.Dispose();

    internal void Interrupt(string reason)
    {
        Reason = reason;
        IsWantedAgain = false;
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
