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

    private string Id => this.GetPrimaryKeyString();

    public async Task Start()
    {
        if (_running is { } running)
        {
            running.IsWantedAgain = running.Reason is not null;
            return;
        }

        await this.RegisterOrUpdateReminder(ReminderName, ReminderPeriod, ReminderPeriod);
        // While the reminder was written, somebody may have begun it.
        if (_running is not null)
            return;
        _fault = null;
        _running = new RunningSweep(Id, workspace.Clock, _ => Interlocked.Increment(ref _changes), sweeps.Stopping);
        DelayDeactivation(TimeSpan.MaxValue);
        var told = this.RegisterGrainTimer(Tell, ReportInterval, ReportInterval);
        _ = End(_running, told);
    }

    public Task GoOn() => _running is null ? Start() : Task.CompletedTask;

    public Task<bool> Interrupt(string reason)
    {
        if (_running is { } running)
        {
            running.Interrupt(reason);
            Interlocked.Increment(ref _changes);
            return Task.FromResult(true);
        }

        if (!workspace.Store.Sweep(Id).IsToGoOn())
            return Task.FromResult(false);
        workspace.Store.Change(Id, s => (s.State, s.StopReason, s.Turn) = (SweepState.Stopped, reason, null));
        return Task.FromResult(true);
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (_running is not null)
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
        try
        {
            goesOn = await Task.Factory.StartNew(() => Work(running), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
#pragma warning disable CA1031 // While the store does not answer, not even how it ended can be written or read: the reminder looks again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            (_fault, goesOn) = (e.Message, true);
            LogFault(logger, Id, e);
        }

        told.Dispose();
        _running = null;
        var wantedAgain = running.IsWantedAgain;
        running.Dispose();
        try
        {
            if (wantedAgain)
            {
                // Its turn was taken from it by the run that ended.
                workspace.Store.Change(Id, s => (s.State, s.StopReason, s.Turn) = (SweepState.Running, null, workspace.Clock.GetUtcNow().ToUnixTimeMilliseconds()));
                await GoOn();
                return;
            }

            await sweeps.Pool.Report(new SweepNow(Id, sweeps.Silo, new SweepPace(null, 0, 0, null, null), 0, Interlocked.Increment(ref _changes), true, _fault));
            if (!goesOn)
                await Forget();
            else if (_running is null)
                DeactivateOnIdle();
        }
        catch (Exception e) when (ClusterGrains.IsPassing(e, CancellationToken.None) || e is OutsideServiceException)
        {
            LogNotTold(logger, Id, e);
        }
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
        catch (FencedException e)
        {
            // Another service has it.
            LogFenced(logger, Id, e);
            return true;
        }
        catch (StoreAwayException e)
        {
            LogAway(logger, Id, e.Message);
            return true;
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
        catch (Exception e)
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sweep {Id} goes on in another service.")]
    private static partial void LogFenced(ILogger logger, string id, Exception why);

    [LoggerMessage(Level = LogLevel.Error, Message = "Sweep {Id} failed.")]
    private static partial void LogFault(ILogger logger, string id, Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Where sweep {Id} stands could not be told.")]
    private static partial void LogNotTold(ILogger logger, string id, Exception why);
}
