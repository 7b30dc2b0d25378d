using System.Collections.Concurrent;
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
public sealed class SweepDesk(Workspace workspace, ISweepQueue queue, SweepRunner runner, ICompute compute, ReportShelf reports)
{
    private const string PausedReason = "paused";
    private const string StoppedReason = "user";
    private const string PlanName = "plan.yaml";
    private const string BrokeOffReason = "broke off";
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(500);

    // Of sweeps that neither run nor wait: only the store and the queue change those, and both count their changes.
    private readonly ConcurrentDictionary<string, SettledView> _settled = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, KnownPlan> _plans = new(StringComparer.Ordinal);
    private AllSweeps? _all;

    /// <summary>All sweeps, the latest first.</summary>
    public IReadOnlyList<SweepView> All()
    {
        var (known, begun) = (_all, workspace.Store.Begun);
        if (known?.Begun != begun)
            _all = known = new AllSweeps(begun, [.. workspace.Store.Sweeps().Reverse().Select(s => s.Id)]);
        return [.. known.Ids.Select(Find)];
    }

    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public SweepView Find(string id)
    {
        while (true)
        {
            var (stored, queued) = (workspace.Store.ChangesOf(id), queue.ChangesOf(id));
            if (_settled.TryGetValue(id, out var settled) && (settled.Stored, settled.Queued) == (stored, queued))
                return settled.View;
            var sweep = workspace.Store.Sweep(id);
            var place = queue.PlaceOf(id);
            var view = ViewOf(sweep, place.Running, place.IsQueued);
            if (place is not (null, false))
                return view;
            // Else it began or ended between the two looks.
            if ((workspace.Store.ChangesOf(id), queue.ChangesOf(id)) == (stored, queued))
            {
                _settled[id] = new SettledView(stored, queued, view);
                return view;
            }
        }
    }

    /// <summary>Stores a new sweep and lets it wait for its turn.</summary>
    /// <param name="plan">YAML or JSON, as a plan file holds it; relative paths count from the home, and none may lead out of it.</param>
    /// <exception cref="BadInputException">The plan, its model, its task or one of its specs cannot be used.</exception>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer: nothing waits then.</exception>
    public SweepView Begin(string plan)
    {
        var given = GivenPlan.Read(plan, workspace);
        var sweep = runner.Begin(given.Plan, $"inversescope sweep run {PlanName}");
        try
        {
            var file = KeepPlan(sweep.Id, given.Text);
            workspace.Store.Change(sweep.Id, s => s.Command = $"inversescope sweep run {Quoted(file)} --home {Quoted(workspace.Home.Path)}");
            queue.Add(sweep.Id);
        }
        catch (OutsideServiceException e)
        {
            SetFailed(sweep.Id, e.Message);
            throw;
        }

        return Find(sweep.Id);
    }

    /// <summary>
    /// Lets a sweep that was set aside, stopped or broke off wait for its turn again; so one that ended with a part that failed, or whose report
    /// is gone.
    /// </summary>
    /// <exception cref="BadInputException">There is no such sweep, or nothing of it is left to do.</exception>
    public SweepView Resume(string id)
    {
        if (Find(id) is { Status: SweepStatus.Finished } done && reports.IsWhole(id))
        {
            throw new BadInputException(
                $"Sweep '{id}' is finished: nothing failed, and its report is there.",
                $"A new one with its plan begins anew, with another seed for other draws. This one was begun by: {done.Command}");
        }

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
    /// <param name="seen">Tag of the limits that whoever changes them saw; null: whatever they are.</param>
    /// <exception cref="BadInputException">There is no such sweep, or a limit is none.</exception>
    /// <exception cref="EditConflictException">They are others than those that were seen.</exception>
    public SweepView SetLimits(string id, SweepLimits limits, string? seen = null)
    {
        if (string.Join(" ", limits.Check()) is { Length: > 0 } problems)
            throw new BadInputException(problems);
        workspace.Store.Change(id, s =>
        {
            if (seen is not null && seen != TagOf(LimitsOf(PlanOf(s))))
                throw new EditConflictException("Somebody has changed the limits since you read them.");
            s.Limits = new StoredLimits
            {
                Minutes = limits.Minutes,
                Samples = limits.Samples,
                LanguageModelCalls = limits.LanguageModelCalls,
                LanguageModelTokens = limits.LanguageModelTokens,
            };
        });
        queue.Tell(id);
        return Find(id);
    }

    /// <summary>Changes what share of a cluster's workers a sweep gets, from its next call on.</summary>
    /// <exception cref="BadInputException">There is no such sweep, or it is finished.</exception>
    public SweepView SetPriority(string id, SweepPriority priority)
    {
        workspace.Store.Change(id, s => s.Priority = s.State != SweepState.Finished ? priority : throw new BadInputException($"Sweep '{id}' is finished: it needs no workers any more."));
        queue.Tell(id);
        return Find(id);
    }

    /// <summary>Changes with the limits.</summary>
    internal static string TagOf(SweepLimits limits) => ContentHash.Of(JsonSerializer.Serialize(limits, ReportJson.LineOptions))[..16];

    /// <summary>The sweep now, and again whenever something of it changes, until it neither runs nor waits, or the service ends.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public async IAsyncEnumerable<SweepView> Watch(string id, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancel, queue.Stopping);
        using var timer = new PeriodicTimer(WatchInterval, workspace.Clock);
        long? seen = null;
        do
        {
            var version = queue.ChangesOf(id);
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

    private string KeepPlan(string id, string text)
    {
        try
        {
            var file = Path.Combine(Directory.CreateDirectory(workspace.Home.Sweep(id)).FullName, PlanName);
            File.WriteAllText(file, text);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutsideServiceException($"The plan cannot be written: {e.Message}", e);
        }
    }

    private void SetFailed(string id, string why)
    {
        try
        {
            workspace.Store.Change(id, s => (s.State, s.StopReason) = (SweepState.Failed, why));
        }
        catch (OutsideServiceException)
        {
            // It stands there as one that broke off.
        }
    }

    private SweepPlan PlanOf(StoredSweep sweep)
    {
        if (!_plans.TryGetValue(sweep.Id, out var known) || known.Text != sweep.Plan)
            _plans[sweep.Id] = known = new KnownPlan(sweep.Plan, JsonSerializer.Deserialize<SweepPlan>(sweep.Plan, ReportJson.LineOptions)!);
        return known.Plan.Within(sweep.Limits);
    }

    private SweepView ViewOf(StoredSweep sweep, RunningPlace? running, bool isQueued)
    {
        var plan = PlanOf(sweep);
        var used = workspace.Store.Transcripts.Totals(sweep.Id).All;
        var told = SweepProgress.Find(workspace.Home, sweep.Id);
        var unstored = running is null ? queue.FaultOf(sweep.Id) : null;
        // What is parked when the service ends has its place in the next.
        var isParked = sweep.IsToGoOn() && queue.Stopping.IsCancellationRequested;
        var status = running is not null ? SweepStatus.Running
            : isQueued || isParked ? SweepStatus.Queued
            : unstored is not null ? SweepStatus.Failed
            : StatusOf(sweep);
        return new SweepView
        {
            Id = sweep.Id,
            Name = sweep.Name,
            Status = status,
            Reason = running is not null ? null : unstored ?? sweep.StopReason ?? (status == SweepStatus.Stopped ? BrokeOffReason : null),
            Model = plan.Model,
            Task = plan.Task,
            LanguageModel = plan.LanguageModel?.Chat.Model,
            ReplayOf = sweep.ReplayOf,
            Priority = sweep.Priority,
            Started = Timestamp.Read(sweep.Started),
            Finished = sweep.Finished is { } finished ? Timestamp.Read(finished) : null,
            Pace = running?.Pace is { Sites: > 0 } pace ? pace : new SweepPace(running?.Pace.Doing, told?.SitesDone ?? 0, told?.Sites ?? 0, running?.Pace.Step, null),
            Spend = new SweepSpend(
                // The store is told now and then, and whoever looks sees more of it.
                running is null ? sweep.WorkSeconds : Math.Max(sweep.WorkSeconds, sweep.EarlierSeconds + running.Seconds), used.Messages, used.PromptTokens + used.ReplyTokens,
                LimitsOf(plan))
            {
                Samples = told?.Samples ?? 0,
            },
            LastFault = unstored ?? (sweep.State == SweepState.Failed ? sweep.StopReason : told?.Fault),
            Command = sweep.Command,
            Device = running is null ? null : compute.Health.Device,
        };
    }

    private static SweepLimits LimitsOf(SweepPlan plan) => new(plan.BudgetMinutes, plan.BudgetSamples, plan.LanguageModel?.MaxCalls, plan.LanguageModel?.MaxTokens);

    private static string Quoted(string path) => path.Contains(' ', StringComparison.Ordinal) ? $"'{path}'" : path;

    private static SweepStatus StatusOf(StoredSweep sweep) => sweep.State switch
    {
        SweepState.Finished => SweepStatus.Finished,
        SweepState.Failed => SweepStatus.Failed,
        SweepState.Stopped when sweep.StopReason == PausedReason => SweepStatus.Paused,
        SweepState.Stopped => SweepStatus.Stopped,
        // Its process ended, or it has no place in the queue: nothing goes on until somebody asks.
        SweepState.Running => SweepStatus.Stopped,
        _ => throw new ArgumentOutOfRangeException(nameof(sweep), sweep.State, "No such state."),
    };

    private sealed record SettledView(long Stored, long Queued, SweepView View);

    private sealed record KnownPlan(string Text, SweepPlan Plan);

    private sealed record AllSweeps(long Begun, IReadOnlyList<string> Ids);
}
