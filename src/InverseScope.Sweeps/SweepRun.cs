using System.Collections.Concurrent;
using System.Text.Json;
using InverseScope.Agent.Budgets;
using InverseScope.Agent.Labels;
using InverseScope.Agent.Transcripts;
using InverseScope.Core;
using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Samples;
using InverseScope.Sweeps.Stages;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps;

/// <summary>What a sweep measures.</summary>
/// <param name="Backend">Of the trained target.</param>
/// <param name="Random">Of the same target with random weights; null without that control.</param>
/// <param name="Tokenizer">As in <see cref="TargetOutline"/>.</param>
internal sealed record TargetUnderStudy(IInversionBackend Backend, IInversionBackend? Random, Func<string, IReadOnlyList<string>?>? Tokenizer);

/// <summary>
/// One run of a sweep: sites that are left, one after another or as many at once as its dispatch says, then the task-vector experiment, then the report. What one of them
/// lacks (a language model, luck) does not keep the next from its turn.
/// </summary>
internal sealed class SweepRun : IDisposable
{
    private const string LabellerName = "labels";
    private const string KnownSiteStage = "control sites/1";
    private const string SpecTestStage = "spec tests/1";

    // A report costs at most a twentieth of what is done between two.
    private const int InterimShare = 20;

    private readonly StoredSweep _sweep;
    private readonly ITask _task;
    private readonly TargetUnderStudy _target;
    private readonly Home _home;
    private readonly SweepStore _store;
    private readonly TimeProvider _clock;
    private readonly IProgress<WorkProgress>? _progress;
    private readonly WorkTime _time;
    private readonly RunSeed _seed;
    private readonly LanguageModelAccess? _languageModel;
    private readonly ChatLabeller? _labeller;
    private readonly Budget? _asking;
    private readonly Budget _drawing;
    private readonly ConcurrentBag<SiteStages> _idle = [];
    private readonly StageLog _log;
    private readonly ISiteDispatch? _dispatch;
    private readonly IReadOnlyList<Site> _sites;
    private readonly SweepReferences _references;
    private readonly SpecLibrary _library;
    private readonly HypothesisDraft[] _givenSpecs;
    private readonly SiteInvestigation _stages;
    private readonly TaskVectorStages? _patching;
    private readonly SweepStanding _standing;

    private SweepPlan _plan;
    private long _reported;
    private TimeSpan _reportCost;
    private IReadOnlyList<KnownSiteRecord>? _knownSites;
    private string? _knownSiteFault;
    private TaskVectorRecord? _taskVector;

    /// <param name="languageModel">Null if the plan asks none; the caller disposes it.</param>
    /// <param name="time">Of which this run's counts for its budget: who resumes a sweep whose budget was spent grants it once more.</param>
    /// <param name="options">Who else works on it, and whether somebody may take it over.</param>
    /// <exception cref="BadInputException">A spec or a site cannot be used.</exception>
    public SweepRun(
        StoredSweep sweep, SweepPlan plan, ITask task, TargetUnderStudy target, LanguageModelAccess? languageModel, Home home, SweepStore store,
        TimeProvider clock, WorkTime time, IProgress<WorkProgress>? progress, SweepRunOptions options)
    {
        _dispatch = options.Dispatch;
        (_sweep, _plan, _task, _target, _languageModel) = (sweep, plan, task, target, languageModel);
        (_home, _store, _clock, _time, _progress, _reported) = (home, store, clock, time, progress, clock.GetTimestamp());
        _seed = new RunSeed(plan.Seed);
        _sites = SweepRunner.SitesOf(plan, target.Backend.Target, task);
        _log = new StageLog(
            store, sweep.Id,
            ContentHash.Of(
                [sweep.Plan, target.Backend.Target.ContentHash, task.Fingerprint, .. sweep.Specs, .. target.Backend.Generator is { } by ? [by.ContentHash] : Array.Empty<string>()]),
            clock, options.Fence);
        // A task-vector experiment alone needs none.
        _references = _sites.Count == 0 ? SweepReferences.None : SweepReferences.Draw(task, plan.ExploreReferences, plan.ConfirmReferences, _seed, plan.ReferencesWhere);
        _drawing = new Budget(new BudgetLimits { Samples = plan.BudgetSamples }, clock);
        if (languageModel is not null)
        {
            _asking = new Budget(AskingLimits(plan.LanguageModel!), clock);
            _labeller = new ChatLabeller(
                new RecordedChat(new BudgetedChat(languageModel.Chat, _asking), store.Transcripts.Of(sweep.Id, "", LabellerName), clock),
                plan.LanguageModel!.Labels, store.Labels, languageModel.Embedder);
        }

        (_library, _givenSpecs) = Specs();
        var stages = NewStages(_library, _givenSpecs);
        _stages = new SiteInvestigation(stages, _log);
        _idle.Add(stages);
        _standing = new SweepStanding(sweep.Id, _sites.Count, home, _log, clock, progress);
        foreach (var done in _sites.Where(_stages.IsDone))
            _standing.CountDone(done, _stages.Results(done).Samples);
        // What it cannot do is told before hours go into sites.
        _patching = plan.TaskVectorPairs == 0 ? null : new TaskVectorStages(plan, task, target.Backend, _seed, _log);
    }

    private (SpecLibrary Library, HypothesisDraft[] Given) Specs()
    {
        var library = new SpecLibrary(_task, _target.Tokenizer, _labeller is null ? null : new SweepLabeller(_labeller, _progress));
        return (library, _sweep.Given is { } given
            ? [.. JsonSerializer.Deserialize<ProposalResult[]>(given, ReportJson.LineOptions)!.Select(p => library.Draft(p.Spec, p.Author, p.Explore, p.Trail) with { Proposers = p.Proposers })]
            : [.. _sweep.Specs.Select(s => library.Draft(s, HypothesisAuthor.Person, null, []))]);
    }

    // Specs are compiled for each: a script runs on one thread at a time.
    private SiteStages NewStages()
    {
        var (library, given) = Specs();
        return NewStages(library, given);
    }

    private SiteStages NewStages(SpecLibrary library, IReadOnlyList<HypothesisDraft> given)
    {
        LanguageModelProposer? proposer = null;
        Func<HypothesisDraft, IReadOnlyList<string>, CancellationToken, LabellerAgreement?>? selfAgreement = null;
        if (_languageModel is { } model)
        {
            var (asked, transcripts) = (_plan.LanguageModel!, _store.Transcripts);
            proposer = new LanguageModelProposer(
                asked, model.Chat, _asking!, (site, name) => transcripts.Of(_sweep.Id, site, name),
                (site, name) => [.. transcripts.Calls(_sweep.Id, site, name).Select(c => transcripts.Entry(c.Id))], _seed, _clock);
            if (asked.Relabelled > 0)
                selfAgreement = (draft, texts, token) => SelfAgreement.Measure(_labeller!, asked.Relabelled, _log, _seed, draft, texts, token);
        }

        return new SiteStages(
            _plan, _sites.Count, _task, library, given, _target.Backend, _target.Random, _references, _seed, _clock, _drawing, proposer, selfAgreement,
            kept => KeptSiteFile.Write(_home.Sweep(_sweep.Id), kept));
    }

    /// <summary>Time between reports while it runs, at least.</summary>
    public required TimeSpan InterimInterval { get; init; }

    public void Dispose() => _labeller?.Dispose();

    /// <summary>Does what is left, as far as user, budget and language model let it.</summary>
    /// <returns>Why it ended early; null if nothing is left.</returns>
    public string? Investigate(CancellationToken cancel)
    {
        var left = _sites.Where(s => !_stages.IsDone(s)).ToArray();
        var untested = left.Length == 0 ? null : TestSpecs(cancel);
        MeasureKnownSites(cancel);
        if (left.Length > 0 && untested is null)
        {
            _standing.Tell(SweepState.Running, "activations");
            _target.Backend.Prepare(left, _progress, cancel);
            _target.Random?.Prepare(left, _progress, cancel);
        }

        var stopped = untested ?? InvestigateSites(left, cancel);
        // What it stops for (the user, time) is the more urgent reason than what sites wait for.
        return _patching is null ? stopped : PatchTaskVectors(_patching, cancel) ?? stopped;
    }

    /// <summary>Writes the report of the sweep as it now stands.</summary>
    public void Report()
    {
        _standing.TellBegun("report");
        ReadLimits();
        // A sweep that is resumed after it was reviewed is still reviewed.
        var report = ReportReviews.Apply(Document(), _store.Reviews, _home);
        _log.CheckFence();
        ReportFiles.Write(_home.Sweep(_sweep.Id), report, Enum.GetValues<ReportFormat>());
        TranscriptPages.Write(_home.Sweep(_sweep.Id), _sweep.Id, _store.Transcripts);
        _log.Note("", "report", $"{report.Sites.Count} sites, {report.Sites.Sum(s => s.Hypotheses.Count)} hypotheses");
        _standing.Tell(_sweep.State, "report");
    }

    private ReportDocument Document() => SweepReport.Build(
        _sweep, _plan, _task, _target.Backend.Target, _target.Backend.Generator, _stages, _sites, _standing.Failed, _standing.Parked, _knownSites, _knownSiteFault,
        // Where it was cancelled before or within the experiment.
        _taskVector ?? _patching?.Record(new Dictionary<Site, string>(), _sweep.StopReason ?? "not yet"), _store.Transcripts.Totals(_sweep.Id).All);

    // Whoever looks at a sweep that takes hours sees what is committed. What fails here is told by what is written next.
    private void ReportInterim()
    {
        var began = _clock.GetTimestamp();
        var since = _clock.GetElapsedTime(_reported, began);
        if (since < InterimInterval || since < _reportCost * InterimShare)
            return;
        _sweep.WorkSeconds = _time.Seconds;
        try
        {
            Guarded("interim report", () =>
            {
                var document = Document();
                _log.CheckFence();
                ReportFiles.Write(_home.Sweep(_sweep.Id), document, [ReportFormat.Json]);
            });
        }
        catch (Exception e) when (e is OutsideServiceException or BadInputException)
        {
        }

        _reported = _clock.GetTimestamp();
        _reportCost = _clock.GetElapsedTime(began, _reported);
    }

    // A person may change them while it runs.
    private void ReadLimits()
    {
        _plan = _plan.Within(_store.Sweep(_sweep.Id).Limits);
        _drawing.Change(new BudgetLimits { Samples = _plan.BudgetSamples });
        _asking?.Change(AskingLimits(_plan.LanguageModel!));
    }

    private BudgetLimits AskingLimits(LanguageModelPlan asked) => new()
    {
        Calls = asked.MaxCalls,
        Tokens = asked.MaxTokens,
        WallTime = _plan.BudgetMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null,
    };

    // Specs that a language model labels were read without running their tests. Returns why they could not be, or null.
    private string? TestSpecs(CancellationToken cancel)
    {
        try
        {
            foreach (var draft in _givenSpecs.Where(d => d.Spec.Llm is not null && d.Spec.Tests.Count > 0))
            {
                _log.Run("", SpecTestStage, draft.Feature.Hash, () => FeatureCompiler.WhyTestsFail(draft.Spec, draft.Feature, cancel) is { Count: > 0 } failures
                    ? throw new BadInputException(
                        $"The tests of the spec '{draft.Title}' fail: {string.Join(" ", failures)}", "Mend its instruction or its tests, or name another language model, and begin the sweep anew.")
                    : ("{}", $"{draft.Title}: its {draft.Spec.Tests.Count} tests pass"));
            }

            return null;
        }
        catch (SiteParkedException e)
        {
            return $"language model unavailable: {e.Message}";
        }
        catch (BudgetSpentException)
        {
            return "budget";
        }
    }

    private void MeasureKnownSites(CancellationToken cancel)
    {
        if (_plan.KnownSites == 0 || _sites.Count == 0)
            return;
        _standing.Tell(SweepState.Running, "control sites");
        _knownSiteFault = Guarded("control sites", () => _knownSites = JsonSerializer.Deserialize<IReadOnlyList<KnownSiteRecord>>(
            _log.Run("", KnownSiteStage, "", () =>
            {
                var found = KnownSiteControl.Run(_plan, _task, _library, _givenSpecs, _references, _clock, _progress, cancel);
                return (JsonSerializer.Serialize(found, ReportJson.LineOptions), $"{found.Count(f => f.AsExpected)} of {found.Count} control sites as they must be");
            }),
            ReportJson.LineOptions));
    }

    private string? InvestigateSites(Site[] left, CancellationToken cancel) => new SiteRounds(_sweep.Id, _plan, _dispatch, _standing, _clock)
    {
        Work = InvestigateSite,
        WhyStop = token => WhyStop() ?? HowModelChanged(token),
        Ended = Count,
    }.Run(left, cancel);

    private void Count(Site site, SiteOutcome outcome)
    {
        if (outcome.Kind == SiteOutcomeKind.Failed)
            _standing.CountFailed(site, outcome.Why!);
        else
            _standing.CountDone(site, _stages.Results(site).Samples);
        ReportInterim();
    }

    // May run on several threads, each at another site.
    private SiteOutcome InvestigateSite(Site site, StoreFence? fence, CancellationToken cancel)
    {
        var stages = _idle.TryTake(out var idle) ? idle : NewStages();
        try
        {
            var investigation = new SiteInvestigation(stages, fence is null ? _log : _log.Under(fence.Value));
            return Guarded(site.ToString(), () => investigation.Investigate(site, cancel)) is { } fault ? SiteOutcome.Failed(fault) : SiteOutcome.Done;
        }
        catch (SiteParkedException e)
        {
            return SiteOutcome.Parked(e.Message);
        }
        catch (BudgetSpentException)
        {
            return SiteOutcome.BudgetSpent;
        }
        finally
        {
            _idle.Add(stages);
        }
    }

    // It asks no language model: neither an outage nor spent calls and tokens keep it from its turn.
    private string? PatchTaskVectors(TaskVectorStages patching, CancellationToken cancel)
    {
        var broken = new Dictionary<Site, string>();
        string? stopped = null;
        foreach (var (index, site) in patching.Sites.Index())
        {
            if (patching.IsDone(site))
                continue;
            cancel.ThrowIfCancellationRequested();
            stopped = WhyStop();
            if (stopped is not null)
                break;
            _progress?.Report(new WorkProgress($"{_sweep.Id} task vector {site}", index, patching.Sites.Count, "sites"));
            _standing.Tell(SweepState.Running, $"task vector {site}");
            if (Guarded(site.ToString(), () => patching.Investigate(site, cancel)) is { } fault)
                broken[site] = fault;
        }

        _taskVector = patching.Record(broken, stopped);
        return stopped;
    }

    private string? WhyStop()
    {
        ReadLimits();
        return SweepProgress.IsAskedToStop(_home, _sweep.Id) ? "user"
            : _time.Elapsed.TotalMinutes > _plan.BudgetMinutes ? "budget"
            : null;
    }

    // Answers of two models must not be mixed unnoticed: a person decides whether the sweep goes on with the new one.
    private string? HowModelChanged(CancellationToken cancel) =>
        _languageModel?.Chat.Model is { Digest: { } was } model && _languageModel.DigestNow?.Invoke(cancel) is { } now && now != was
            ? $"language model changed: {model.Name} was {was} and is {now}"
            : null;

    // Returns the fault's message, or null.
    private string? Guarded(string what, Action work)
    {
        try
        {
            work();
            return null;
        }
#pragma warning disable CA1031 // A fault at one site must not cost the night: it is logged, shown, and tried again on resume.
        catch (Exception e) when (e is not (OperationCanceledException or BadInputException or OutsideServiceException or SiteParkedException or BudgetSpentException or FencedException))
#pragma warning restore CA1031
        {
            _standing.TellFault(what, e);
            return e.Message;
        }
    }
}
