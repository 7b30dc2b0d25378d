using System.Runtime.CompilerServices;
using System.Text.Json;
using InverseScope.Core;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

/// <summary>What people and programs do with sweeps, whether through pages, the API or MCP.</summary>
public sealed class SweepDesk(Workspace workspace, SweepQueue queue, SweepRunner runner)
{
    private const string PausedReason = "paused";
    private const string StoppedReason = "user";
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>All sweeps, the latest first.</summary>
    public IReadOnlyList<SweepView> All() => [.. workspace.Store.Sweeps().Reverse().Select(ViewOf)];

    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public SweepView Find(string id) => ViewOf(workspace.Store.Sweep(id));

    /// <summary>Stores a new sweep and lets it wait for its turn.</summary>
    /// <param name="plan">YAML or JSON, as a plan file holds it; relative paths count from the home.</param>
    /// <exception cref="BadInputException">The plan, its model, its task or one of its specs cannot be used.</exception>
    public SweepView Begin(string plan)
    {
        var read = SweepPlanFile.Parse("plan", plan, workspace.Home.Path);
        workspace.Models.Find(read.Model);
        var sweep = runner.Begin(read, "inversescope sweep run plan.yaml");
        queue.Add(sweep.Id);
        return ViewOf(sweep);
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

    /// <summary>Sets what each later run of a sweep may use.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public SweepView SetLimits(string id, SweepLimits limits)
    {
        var sweep = workspace.Store.Sweep(id);
        var plan = JsonSerializer.Deserialize<SweepPlan>(sweep.Plan, ReportJson.LineOptions)!;
        sweep.Plan = JsonSerializer.Serialize(plan with { BudgetMinutes = limits.Minutes, BudgetSamples = limits.Samples }, ReportJson.LineOptions);
        workspace.Store.Update(sweep);
        return Find(id);
    }

    /// <summary>The sweep now, and again whenever something of it changes, until it neither runs nor waits.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public async IAsyncEnumerable<SweepView> Watch(string id, [EnumeratorCancellation] CancellationToken cancel)
    {
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
        while (await timer.WaitForNextTickAsync(cancel));
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
        var plan = JsonSerializer.Deserialize<SweepPlan>(sweep.Plan, ReportJson.LineOptions)!;
        var running = queue.Running is { } current && current.Id == sweep.Id ? current : null;
        var used = workspace.Store.Transcripts.Totals(sweep.Id).All;
        return new SweepView
        {
            Id = sweep.Id,
            Name = sweep.Name,
            Status = running is not null ? SweepStatus.Running : queue.IsQueued(sweep.Id) ? SweepStatus.Queued : StatusOf(sweep),
            Reason = running is null ? sweep.StopReason : null,
            Model = plan.Model,
            Task = plan.Task,
            ReplayOf = sweep.ReplayOf,
            Started = Timestamp.Read(sweep.Started),
            Finished = sweep.Finished is { } finished ? Timestamp.Read(finished) : null,
            Pace = running?.Pace ?? new SweepPace(null, 0, 0, null, null),
            Spend = new SweepSpend(
                sweep.WorkSeconds, used.Messages, used.PromptTokens + used.ReplyTokens,
                new SweepLimits(plan.BudgetMinutes, plan.BudgetSamples, plan.LanguageModel?.MaxCalls, plan.LanguageModel?.MaxTokens)),
            LastFault = sweep.State == SweepState.Failed ? sweep.StopReason : null,
            Command = sweep.Command,
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
