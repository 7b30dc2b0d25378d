using System.Runtime.CompilerServices;
using System.Text.Json;
using InverseScope.Core;
using InverseScope.Service.Compute;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

/// <summary>What people and programs do with sweeps, whether through pages, the API or MCP.</summary>
public sealed class SweepDesk(Workspace workspace, SweepQueue queue, SweepRunner runner, ICompute compute)
{
    private const string PausedReason = "paused";
    private const string StoppedReason = "user";
    private const string PlanName = "plan.yaml";
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>All sweeps, the latest first.</summary>
    public IReadOnlyList<SweepView> All() => [.. workspace.Store.Sweeps().Reverse().Select(ViewOf)];

    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public SweepView Find(string id) => ViewOf(workspace.Store.Sweep(id));

    /// <summary>Stores a new sweep and lets it wait for its turn.</summary>
    /// <param name="plan">YAML or JSON, as a plan file holds it; relative paths count from the home, and none may lead out of it.</param>
    /// <exception cref="BadInputException">The plan, its model, its task or one of its specs cannot be used.</exception>
    public SweepView Begin(string plan)
    {
        var given = GivenPlan.Read(plan, workspace);
        var sweep = runner.Begin(given.Plan, $"inversescope sweep run {PlanName}");
        var folder = Directory.CreateDirectory(workspace.Home.Sweep(sweep.Id)).FullName;
        var file = Path.Combine(folder, PlanName);
        File.WriteAllText(file, given.Text);
        workspace.Store.Change(sweep.Id, s => s.Command = $"inversescope sweep run {file} --home {workspace.Home.Path}");
        queue.Add(sweep.Id);
        return Find(sweep.Id);
    }

    /// <summary>Lets a sweep that was set aside, stopped or broke off wait for its turn again.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public SweepView Resume(string id)
    {
        queue.Add(workspace.Store.Sweep(id).Id);
        return Find(id);
    }

    /// <summary>Sets a sweep aside at its next batch.</summary>
    /// <exception cref="BadInputException">There is no such sweep, or it neither runs nor waits.</exception>
    public SweepView Pause(string id) => Interrupt(id, PausedReason);

    /// <summary>Ends a sweep at its next batch, with a report of what it has.</summary>
    /// <exception cref="BadInputException">There is no such sweep, or it neither runs nor waits.</exception>
    public SweepView Stop(string id) => Interrupt(id, StoppedReason);

    /// <summary>
    /// Changes what each run of a sweep may use. One that runs keeps to minutes and samples from its next site on, and to what it may ask a
    /// language model likewise.
    /// </summary>
    /// <exception cref="BadInputException">There is no such sweep, or a limit is none.</exception>
    public SweepView SetLimits(string id, SweepLimits limits)
    {
        if (string.Join(" ", limits.Check()) is { Length: > 0 } problems)
            throw new BadInputException(problems);
        workspace.Store.Change(id, s => s.Limits = new StoredLimits
        {
            Minutes = limits.Minutes,
            Samples = limits.Samples,
            LanguageModelCalls = limits.LanguageModelCalls,
            LanguageModelTokens = limits.LanguageModelTokens,
        });
        queue.Tell();
        return Find(id);
    }

    /// <summary>The sweep now, and again whenever something of it changes, until it neither runs nor waits, or the service ends.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public async IAsyncEnumerable<SweepView> Watch(string id, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancel, queue.Stopping);
        using var timer = new PeriodicTimer(WatchInterval, workspace.Clock);
        long? seen = null;
        do
        {
            var version = queue.Version;
            if (version == seen)
                continue;
            seen = version;
            var view = Find(id);
            yield return view;
            if (view.Status is not (SweepStatus.Queued or SweepStatus.Running))
                yield break;
        }
        while (await Tick(timer, ends.Token, cancel));
    }

    private static async Task<bool> Tick(PeriodicTimer timer, CancellationToken ends, CancellationToken cancel)
    {
        try
        {
            return await timer.WaitForNextTickAsync(ends);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    private SweepView Interrupt(string id, string reason)
    {
        var view = Find(id);
        return queue.Interrupt(id, reason)
            ? Find(id)
            : throw new BadInputException($"Sweep '{id}' neither runs nor waits: it is {view.Status.ToString().ToLowerInvariant()}.");
    }

    private SweepView ViewOf(StoredSweep sweep)
    {
        var plan = JsonSerializer.Deserialize<SweepPlan>(sweep.Plan, ReportJson.LineOptions)!.Within(sweep.Limits);
        var running = queue.Running is { } current && current.Id == sweep.Id ? current : null;
        var used = workspace.Store.Transcripts.Totals(sweep.Id).All;
        var told = SweepProgress.Find(workspace.Home, sweep.Id);
        var unstored = running is null ? queue.FaultOf(sweep.Id) : null;
        var status = running is not null ? SweepStatus.Running
            : queue.IsQueued(sweep.Id) ? SweepStatus.Queued
            : unstored is not null ? SweepStatus.Failed
            : StatusOf(sweep);
        return new SweepView
        {
            Id = sweep.Id,
            Name = sweep.Name,
            Status = status,
            Reason = running is null ? unstored ?? sweep.StopReason : null,
            Model = plan.Model,
            Task = plan.Task,
            LanguageModel = plan.LanguageModel?.Chat.Model,
            ReplayOf = sweep.ReplayOf,
            Started = Timestamp.Read(sweep.Started),
            Finished = sweep.Finished is { } finished ? Timestamp.Read(finished) : null,
            Pace = running?.Pace is { Sites: > 0 } pace ? pace : new SweepPace(running?.Pace.Doing, told?.SitesDone ?? 0, told?.Sites ?? 0, running?.Pace.Step, null),
            Spend = new SweepSpend(
                sweep.WorkSeconds + (running?.Seconds ?? 0), used.Messages, used.PromptTokens + used.ReplyTokens,
                new SweepLimits(plan.BudgetMinutes, plan.BudgetSamples, plan.LanguageModel?.MaxCalls, plan.LanguageModel?.MaxTokens))
            {
                Samples = told?.Samples ?? 0,
            },
            LastFault = unstored ?? (sweep.State == SweepState.Failed ? sweep.StopReason : told?.Fault),
            Command = sweep.Command,
            Device = running is null ? null : compute.Health.Device,
        };
    }

    private static SweepStatus StatusOf(StoredSweep sweep) => sweep.State switch
    {
        SweepState.Finished => SweepStatus.Finished,
        SweepState.Failed => SweepStatus.Failed,
        SweepState.Stopped when sweep.StopReason == PausedReason => SweepStatus.Paused,
        SweepState.Stopped => SweepStatus.Stopped,
        // Between the service's begin and its turn.
        SweepState.Running => SweepStatus.Queued,
        _ => throw new ArgumentOutOfRangeException(nameof(sweep), sweep.State, "No such state."),
    };
}
