using System.Collections.Concurrent;
using InverseScope.Core;
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
public sealed partial class SweepQueue(Workspace workspace, SweepRunner runner, IHostApplicationLifetime lifetime, ILogger<SweepQueue> logger) : BackgroundService
{
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly ConcurrentDictionary<string, string> _faults = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly List<string> _waiting = [];
    private RunningSweep? _running;
    private long _turn;
    private long _version;

    /// <summary>Grows with everything that changes.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>Cancelled when the service begins to end.</summary>
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

    public bool IsQueued(string id)
    {
        lock (_lock)
            return _waiting.Contains(id);
    }

    /// <summary>What a sweep broke at that could not be stored; null if nothing.</summary>
    public string? FaultOf(string id) => _faults.GetValueOrDefault(id);

    /// <summary>Lets a sweep wait for its turn; one that waits or runs already does so once.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    /// <exception cref="OutsideServiceException">The store cannot be written: nothing waits then.</exception>
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

        Changed();
    }

    /// <summary>Takes a sweep out of the queue, or stops it at the next batch.</summary>
    /// <param name="reason">Stored as why it ended.</param>
    /// <returns>Whether it waited or ran.</returns>
    /// <exception cref="OutsideServiceException">The store cannot be written: it still waits then.</exception>
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
                workspace.Store.Change(id, s => (s.State, s.StopReason) = (SweepState.Stopped, reason));
                _waiting.Remove(id);
            }
            else
            {
                return false;
            }
        }

        Changed();
        return true;
    }

    /// <summary>Has those who watch look again.</summary>
    public void Tell() => Changed();

    public override void Dispose()
    {
        base.Dispose();
        _arrived.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Factory.StartNew(
        Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Work()
    {
        TakeUp();
        while (Next() is { } running)
        {
            using (running)
            {
                Changed();
                Run(running);
                lock (_lock)
                {
                    _running = null;
                    if (running.IsWantedAgain)
                        Guarded(running.Id, () => Enqueue(running.Id));
                }
            }

            Changed();
        }
    }

    // What was running or waiting when the service ended goes on, in its order.
    private void TakeUp()
    {
        try
        {
            var all = workspace.Store.Sweeps();
            lock (_lock)
            {
                _turn = Math.Max(_turn, all.Max(s => s.Turn) ?? 0);
                string[] left = [.. all.Where(s => s.State == SweepState.Running).OrderBy(s => s.Turn ?? 0).ThenBy(s => s.Started, StringComparer.Ordinal).Select(s => s.Id)];
                // What was added since the service began comes after them.
                string[] added = [.. _waiting.Except(left)];
                _waiting.Clear();
                _waiting.AddRange([.. left, .. added]);
                _arrived.Release(left.Length + 1);
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

    private void Run(RunningSweep running) => Guarded(running.Id, () =>
    {
        try
        {
            // Without a person's reason it is the service that ends: the sweep goes on with the next.
            runner.Run(running.Id, running, running.Cancel, () => running.Reason);
        }
        catch (Exception e) when (e is not (BadInputException or OutsideServiceException))
        {
            workspace.Store.Change(running.Id, s => (s.State, s.StopReason) = (SweepState.Failed, $"{e.GetType().Name}: {e.Message}"));
            throw;
        }
    });

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

    private void Changed() => Interlocked.Increment(ref _version);

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
        _changed();
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
