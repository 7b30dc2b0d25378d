using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Store;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Cluster;

/// <inheritdoc cref="ISweepGrain"/>
#pragma warning disable CA1001 // A run is disposed at its end, which may come after the grain's.
internal sealed partial class SweepGrain(ClusterSweeps sweeps, Workspace workspace, ILogger<SweepGrain> logger) : Grain, ISweepGrain, IRemindable
#pragma warning restore CA1001
{
    private const string ReminderName = "go on";

    // Where its process dies it goes on elsewhere after so long, and however long it takes to notice that.
    private static readonly TimeSpan ReminderPeriod = ClusterHost.ReminderPeriod;
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    private RunningSweep? _running;
    private long _changes;
    private long _reported = -1;
    private string? _fault;
    private Wish? _owed;
    private int _stops;

    private string Id => this.GetPrimaryKeyString();

    public async Task Start()
    {
        if (_running is { } running)
        {
            running.IsWantedAgain = running.Reason is not null;
            return;
        }

        var stops = _stops;
        await this.RegisterOrUpdateReminder(ReminderName, ReminderPeriod, ReminderPeriod);
        // While the reminder was written, somebody may have begun it, or stopped what waited.
        if (_running is not null || _stops != stops)
            return;
        (_fault, _owed) = (null, null);
        _running = new RunningSweep(Id, workspace.Clock, _ => Interlocked.Increment(ref _changes), sweeps.Stopping);
        DelayDeactivation(TimeSpan.MaxValue);
        var told = this.RegisterGrainTimer(Tell, ReportInterval, ReportInterval);
        _ = End(_running, told);
    }

    public Task GoOn() => _running is not null ? Task.CompletedTask : _owed is null ? Start() : Settle();

    public Task<bool> Interrupt(string reason)
    {
        if (_running is { } running)
        {
            running.Interrupt(reason);
            Interlocked.Increment(ref _changes);
            return Task.FromResult(true);
        }

        _stops++;
        var waits = _owed is { StopReason: null };
        return Task.FromResult(Write(new Wish(reason)) || waits);
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (_owed is not null)
            await Settle();
        if (_running is not null || _owed is not null)
            return;
        var isToGoOn = false;
        try
        {
            isToGoOn = workspace.Store.Sweep(Id).IsToGoOn();
        }
        catch (BadInputException)
        {
            // It was taken out of the store.
        }

        if (isToGoOn)
        {
            LogGoesOn(logger, Id);
            await Start();
            return;
        }

        await Forget();
    }

    private async Task End(RunningSweep running, IGrainTimer told)
    {
        // On a thread of its own; what follows is the grain's again.
        bool goesOn;
        var isOurs = true;
        try
        {
            goesOn = await Task.Factory.StartNew(() => Work(running), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (FencedException e)
        {
            // Another service has it.
            LogFenced(logger, Id, e);
            (goesOn, isOurs) = (true, false);
        }
        catch (StoreAwayException e)
        {
            LogAway(logger, Id, e.Message);
            goesOn = true;
        }
#pragma warning disable CA1031 // What is wrong with the store may pass: the reminder looks again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            (_fault, goesOn) = (e.Message, true);
            LogFault(logger, Id, e);
        }

        told.Dispose();
        _running = null;
        // What another service has, it goes on with.
        if (isOurs && running.IsWantedAgain)
            _owed = new Wish(null);
        else if (goesOn && isOurs && running.Reason is { } reason)
            _owed = new Wish(reason);
        running.Dispose();
        try
        {
            if (_owed is not null)
            {
                await Settle();
                goesOn = false;
            }

            if (_running is not null)
                return;
            await sweeps.Pool.Report(new SweepNow(Id, sweeps.Silo, new SweepPace(null, 0, 0, null, null), 0, Interlocked.Increment(ref _changes), true, _fault));
            if (_running is not null || _owed is not null)
                return;
            if (goesOn)
                DeactivateOnIdle();
            else
                await Forget();
        }
        catch (Exception e) when (ClusterGrains.IsPassing(e, CancellationToken.None))
        {
            LogNotTold(logger, Id, e);
        }
    }

    // Writes what a person asked for before the run ended, and does it. While the store does not answer, it is owed, and the reminder tries again.
    private async Task Settle()
    {
        var owed = _owed!;
        try
        {
            Write(owed);
        }
        catch (BadInputException)
        {
            // It was taken out of the store.
            _owed = null;
            return;
        }
        catch (OutsideServiceException e)
        {
            LogOwed(logger, Id, e.Message);
            return;
        }

        _fault = null;
        if (owed.StopReason is null)
            await Start();
    }

    // Returns whether it changed anything: what has ended meanwhile is not stopped.
    private bool Write(Wish wish)
    {
        var isNew = false;
        workspace.Store.Change(Id, s =>
        {
            isNew = wish.StopReason is null || s.IsToGoOn();
            if (!isNew)
                return;
            // The run that ended may have taken its turn from it.
            (s.State, s.StopReason, s.Turn) = wish.StopReason is { } reason
                ? (SweepState.Stopped, reason, (long?)null)
                : (SweepState.Running, null, workspace.Clock.GetUtcNow().ToUnixTimeMilliseconds());
        });
        _owed = null;
        return isNew;
    }

    // Returns whether it is to go on elsewhere.
    private bool Work(RunningSweep running)
    {
        try
        {
            using var seat = sweeps.Seat(running.Cancel);
            var fence = workspace.Store.TakeOver(Id);
            var goesOn = SweepTurn.Run(workspace, sweeps.RunnerOf(Id, running.Cancel), running, sweeps.Stopping, new SweepRunOptions { Dispatch = sweeps.NewDispatch(), Fence = fence });
            if (goesOn && !sweeps.Stopping.IsCancellationRequested)
                LogBrokeOff(logger, Id);
            return goesOn;
        }
        catch (OperationCanceledException) when (sweeps.Stopping.IsCancellationRequested)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            workspace.Store.Change(Id, s => (s.State, s.StopReason, s.Turn) = (SweepState.Stopped, running.Reason, null));
            return false;
        }
#pragma warning disable CA1031 // What one sweep dies of must not end the service.
        catch (Exception e) when (e is not (FencedException or StoreAwayException))
#pragma warning restore CA1031
        {
            _fault = e.Message;
            LogFault(logger, Id, e);
            // While the store does not answer, nothing can be written down; the reminder tries again.
            return e is OutsideServiceException && sweeps.IsToGoOn(Id);
        }
    }

    private async Task Tell()
    {
        if (_running is not { } running || Interlocked.Read(ref _changes) is var changes && changes == _reported && running.Seconds % 5 > 1)
            return;
        _reported = Interlocked.Read(ref _changes);
        try
        {
            await sweeps.Pool.Report(new SweepNow(Id, sweeps.Silo, running.Pace, running.Seconds, _reported, false, null));
        }
        catch (Exception e) when (ClusterGrains.IsPassing(e, CancellationToken.None))
        {
            LogNotTold(logger, Id, e);
        }
    }

    private async Task Forget()
    {
        if (await this.GetReminder(ReminderName) is { } reminder && _running is null)
            await this.UnregisterReminder(reminder);
        // Meanwhile somebody may have begun it anew, who trusts in the reminder.
        if (_running is null)
            DeactivateOnIdle();
        else
            await this.RegisterOrUpdateReminder(ReminderName, ReminderPeriod, ReminderPeriod);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Sweep {Id} goes on here.")]
    private static partial void LogGoesOn(ILogger logger, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sweep {Id} broke off without a reason: it begins again where it was.")]
    private static partial void LogBrokeOff(ILogger logger, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sweep {Id} goes on when the store is there again: {Why}")]
    private static partial void LogAway(ILogger logger, string id, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What was asked for of sweep {Id} is done when the store is there again: {Why}")]
    private static partial void LogOwed(ILogger logger, string id, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sweep {Id} goes on in another service.")]
    private static partial void LogFenced(ILogger logger, string id, Exception why);

    [LoggerMessage(Level = LogLevel.Error, Message = "Sweep {Id} failed.")]
    private static partial void LogFault(ILogger logger, string id, Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Where sweep {Id} stands could not be told.")]
    private static partial void LogNotTold(ILogger logger, string id, Exception why);

    /// <summary>What a person asked for last that does not stand in the store yet.</summary>
    /// <param name="StopReason">Why it is to end; null: it is to run again.</param>
    private sealed record Wish(string? StopReason);
}
