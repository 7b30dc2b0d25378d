using System.Text.Json;
using InverseScope.Agent.Budgets;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Labels;
using InverseScope.Agent.Transcripts;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Stages;
using InverseScope.Sweeps.Store;
using InverseScope.Torch.Generators;

namespace InverseScope.Sweeps;

/// <summary>Makes the compute backend of a sweep: target, task, options and seed in, backend out; the caller disposes it.</summary>
public delegate IInversionBackend BackendFactory(
    string model, TargetWeights weights, ITask task, MeasurementOptions options, RunSeed seed);

/// <summary>What is known of a target before anything is computed.</summary>
/// <param name="Tokenizer">Splits a text into its tokens, null where it cannot read it; null if the model has no tokenizer.</param>
public sealed record TargetOutline(TargetDescription Target, Func<string, IReadOnlyList<string>?>? Tokenizer);

/// <summary>Looks a model up.</summary>
/// <exception cref="BadInputException">There is none of this name, or its files cannot be used.</exception>
public delegate TargetOutline TargetLookup(string model);

/// <summary>
/// Carries a sweep from its plan to its report: for each site explore, propose, test on untouched references; then
/// correct for the number of hypotheses, and report. Every stage's result is committed before the next begins, and its
/// chance comes from streams named after it, so that a sweep resumed anywhere ends with the same numbers.
/// </summary>
public sealed class SweepRunner(
    Home home, SweepStore store, BackendFactory backends, TargetLookup targets, TaskCatalog tasks, TimeProvider clock,
    string version, LanguageModelFactory languageModels)
{
    private const string LabellerName = "labels";
    private const string KnownSiteStage = "control sites/1";

    /// <summary>Stores a new sweep with everything that decides its numbers. Nothing is computed yet.</summary>
    /// <param name="command">The command that a person can repeat.</param>
    /// <exception cref="BadInputException">The plan, its task, its generator or one of its specs cannot be used.</exception>
    public StoredSweep Begin(SweepPlan plan, string command)
    {
        var problems = plan.Check().ToArray();
        if (problems.Length > 0)
            throw new BadInputException(string.Join(Environment.NewLine, problems));
        var task = tasks.Find(plan.Task);
        ReferenceDraws.Check(task, plan.ReferencesWhere);
        var outline = targets(plan.Model);
        plan = WithGenerator(plan, outline.Target, task, SitesOf(plan, outline.Target, task));
        if (plan.TaskVectorPairs > 0)
            TaskVectorStages.Check(plan, outline.Target, task);
        var specs = new SpecLibrary(task, outline.Tokenizer, checksOnly: plan.LanguageModel is not null).ReadFiles(plan.SpecFiles);
        return store.Begin(new StoredSweep
        {
            Name = plan.Name,
            Plan = JsonSerializer.Serialize(plan, ReportJson.LineOptions),
            Specs = [.. specs.Select(d => SpecLibrary.Write(d.Spec))],
            Command = command,
            Version = version,
            State = SweepState.Running,
            Started = Timestamp.Of(clock.GetUtcNow()),
        });
    }

    /// <summary>Stores a new sweep with the plan and specs of another, to be run with the answers that it was given.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public StoredSweep BeginAgain(string id, string command)
    {
        var sweep = store.Sweep(id);
        return store.Begin(new StoredSweep
        {
            Name = sweep.Name,
            Plan = sweep.Plan,
            Specs = sweep.Specs,
            Command = command,
            Version = version,
            State = SweepState.Running,
            Started = Timestamp.Of(clock.GetUtcNow()),
        });
    }

    /// <summary>The language model that a sweep asks; null for none.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public ChatOptions? LanguageModelOf(string id) =>
        JsonSerializer.Deserialize<SweepPlan>(store.Sweep(id).Plan, ReportJson.LineOptions)!.LanguageModel?.Chat;

    /// <summary>Runs what is left of a sweep.</summary>
    /// <returns>The sweep as it then stands: finished, or stopped by the user or its budget.</returns>
    /// <exception cref="BadInputException">The model or a site cannot be used.</exception>
    /// <exception cref="OutsideServiceException">The disk is full or the store is out of reach.</exception>
    public StoredSweep Run(string id, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        var sweep = store.Sweep(id);
        var plan = JsonSerializer.Deserialize<SweepPlan>(sweep.Plan, ReportJson.LineOptions)!;
        var began = clock.GetTimestamp();
        var earlier = sweep.WorkSeconds;
        SweepProgress.ForgetStop(home, id);
        sweep.State = SweepState.Running;
        sweep.StopReason = null;
        sweep.Finished = null;
        store.Update(sweep);
        try
        {
            var reason = RunSites(sweep, plan, earlier, began, progress, cancel);
            sweep.State = reason is null ? SweepState.Finished : SweepState.Stopped;
            sweep.StopReason = reason ?? "finished";
        }
        catch (OperationCanceledException)
        {
            sweep.State = SweepState.Stopped;
            sweep.StopReason = "user";
        }
        catch (Exception e) when (e is BadInputException or OutsideServiceException)
        {
            sweep.State = SweepState.Failed;
            sweep.StopReason = e.Message;
            End(sweep, earlier + clock.GetElapsedTime(began).TotalSeconds);
            throw;
        }

        End(sweep, earlier + clock.GetElapsedTime(began).TotalSeconds);
        return sweep;
    }

    // A control need not be exact: draws do where an enumeration would cost as much as the sweep itself.
    private const int RandomTargetTexts = 20_000;

    // Returns why it stopped early, or null.
    private string? RunSites(
        StoredSweep sweep, SweepPlan plan, double earlier, long began, IProgress<WorkProgress>? progress,
        CancellationToken cancel)
    {
        // Of this run alone: who resumes a sweep whose budget was spent grants it once more.
        double RunSeconds() => clock.GetElapsedTime(began).TotalSeconds;
        var task = tasks.Find(plan.Task);
        var seed = new RunSeed(plan.Seed);
        // Before minutes go into activations: a language model that is not there is found out in seconds.
        using var languageModel = plan.LanguageModel is { } wanted ? languageModels(wanted.Chat) : null;
        var budget = new Budget(
            new BudgetLimits
            {
                Calls = plan.LanguageModel?.MaxCalls,
                Tokens = plan.LanguageModel?.MaxTokens,
                WallTime = plan.BudgetMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null,
            },
            clock);
        using var labeller = languageModel is null ? null : Labeller(sweep.Id, plan.LanguageModel!, languageModel, budget);
        using var backend = backends(plan.Model, TargetWeights.Trained, task, plan.Measurement, seed);
        using var randomTarget = plan.RandomWeightControl && plan.Sites.Count > 0
            ? backends(plan.Model, TargetWeights.Random, task, OfRandomTarget(plan.Measurement, task), seed)
            : null;
        var sites = SitesOf(plan, backend.Target, task);
        var log = new StageLog(
            store, sweep.Id,
            ContentHash.Of(
                [sweep.Plan, backend.Target.ContentHash, task.Fingerprint, .. sweep.Specs, .. backend.Generator is { } by ? [by.ContentHash] : Array.Empty<string>()]),
            clock);
        // A task-vector experiment alone needs none.
        var references = sites.Count == 0 ? SweepReferences.None : SweepReferences.Draw(task, plan.ExploreReferences, plan.ConfirmReferences, seed, plan.ReferencesWhere);
        var library = new SpecLibrary(task, targets(plan.Model).Tokenizer, labeller is null ? null : new SweepLabeller(labeller));
        HypothesisDraft[] personSpecs = [.. sweep.Specs.Select(s => library.Draft(s, HypothesisAuthor.Person, null, []))];
        var stage = new SiteInvestigation(
            new SiteStages(
                plan, sites.Count, task, library, personSpecs, backend, randomTarget, references, seed, clock,
                languageModel is null ? null : Proposer(sweep.Id, plan.LanguageModel!, languageModel, budget, seed),
                labeller is null || plan.LanguageModel!.Relabelled == 0 ? null : (draft, texts, token) => SelfAgreement.Measure(labeller, plan.LanguageModel.Relabelled, log, seed, draft, texts, token)), log);
        var left = sites.Where(s => !stage.IsDone(s)).ToArray();
        var done = sites.Count - left.Length;
        void Tell(SweepState state, string what) =>
            new SweepProgress(sweep.Id, state, what, done, sites.Count, Environment.ProcessId, clock.GetUtcNow()).Write(home);

        string? WhyStop() => SweepProgress.IsAskedToStop(home, sweep.Id) ? "user"
            : RunSeconds() > plan.BudgetMinutes * 60 ? "budget"
            : null;

        var failed = new Dictionary<Site, string>();
        IReadOnlyList<KnownSiteRecord>? knownSites = null;
        string? knownSiteFault = null;
        if (plan.KnownSites > 0 && sites.Count > 0)
        {
            Tell(SweepState.Running, "control sites");
            knownSiteFault = Guarded(log, "control sites", () => knownSites = JsonSerializer.Deserialize<IReadOnlyList<KnownSiteRecord>>(
                log.Run("", KnownSiteStage, "", () =>
                {
                    var found = KnownSiteControl.Run(plan, task, library, personSpecs, references, clock, progress, cancel);
                    return (JsonSerializer.Serialize(found, ReportJson.LineOptions), $"{found.Count(f => f.AsExpected)} of {found.Count} control sites as they must be");
                }),
                ReportJson.LineOptions));
        }

        if (left.Length > 0)
        {
            Tell(SweepState.Running, "activations");
            backend.Prepare(left, progress, cancel);
            randomTarget?.Prepare(left, progress, cancel);
        }

        string? stopped = null;
        var parked = new Dictionary<Site, string>();
        // Those that waited for a language model are taken up once more when all others are done.
        var queue = new Queue<Site>(left);
        while (queue.TryDequeue(out var site))
        {
            cancel.ThrowIfCancellationRequested();
            stopped = WhyStop();
            if (stopped is not null)
                break;
            progress?.Report(new WorkProgress($"{sweep.Id} {site}", done, sites.Count, "sites"));
            Tell(SweepState.Running, site.ToString());
            try
            {
                if (Guarded(log, site.ToString(), () => stage.Investigate(site, cancel)) is { } fault)
                    failed[site] = fault;
                parked.Remove(site);
                done++;
            }
            catch (SiteParkedException e)
            {
                log.Note(site.ToString(), "parked", e.Message);
                if (parked.TryAdd(site, e.Message))
                    queue.Enqueue(site);
            }
            catch (BudgetSpentException)
            {
                stopped = "budget";
                break;
            }
        }

        if (parked.Count > 0)
            stopped ??= $"language model unavailable: {parked.Count} {(parked.Count == 1 ? "site waits" : "sites wait")} for it";

        TaskVectorRecord? taskVector = null;
        if (plan.TaskVectorPairs > 0)
        {
            var patching = new TaskVectorStages(plan, task, backend, seed, log);
            var broken = new Dictionary<Site, string>();
            foreach (var (index, site) in patching.Sites.Index())
            {
                cancel.ThrowIfCancellationRequested();
                stopped ??= patching.IsDone(site) ? null : WhyStop();
                if (stopped is not null)
                    break;
                progress?.Report(new WorkProgress($"{sweep.Id} task vector {site}", index, patching.Sites.Count, "sites"));
                Tell(SweepState.Running, $"task vector {site}");
                if (!patching.IsDone(site) && Guarded(log, site.ToString(), () => patching.Investigate(site, cancel)) is { } fault)
                    broken[site] = fault;
            }

            taskVector = patching.Record(broken, stopped);
        }

        progress?.Report(new WorkProgress($"{sweep.Id} report", done, sites.Count, "sites"));
        sweep.WorkSeconds = earlier + RunSeconds();
        sweep.Finished = Timestamp.Of(clock.GetUtcNow());
        sweep.State = stopped is null ? SweepState.Finished : SweepState.Stopped;
        sweep.StopReason = stopped ?? "finished";
        var report = SweepReport.Build(sweep, plan, task, backend.Target, backend.Generator, stage, sites, failed, parked, knownSites, knownSiteFault, taskVector, store.Transcripts.Totals(sweep.Id).All);
        ReportFiles.Write(home.Sweep(sweep.Id), report, Enum.GetValues<ReportFormat>());
        log.Note("", "report", $"{report.Sites.Count} sites, {report.Sites.Sum(s => s.Hypotheses.Count)} hypotheses");
        Tell(sweep.State, "report");
        return stopped;
    }

    private ChatLabeller Labeller(string sweep, LanguageModelPlan plan, LanguageModelAccess model, Budget budget) => new(
        new RecordedChat(new BudgetedChat(model.Chat, budget), store.Transcripts.Of(sweep, "", LabellerName), clock), plan.Labels, store.Labels, model.Embedder);

    private LanguageModelProposer Proposer(string sweep, LanguageModelPlan plan, LanguageModelAccess model, Budget budget, RunSeed seed) => new(
        plan, model.Chat, budget, (site, proposer) => store.Transcripts.Of(sweep, site, proposer),
        (site, proposer) => [.. store.Transcripts.Calls(sweep, site, proposer).Select(c => store.Transcripts.Entry(c.Id))], seed, clock);

    private static IReadOnlyList<Site> SitesOf(SweepPlan plan, TargetDescription target, ITask task)
    {
        var positions = plan.Positions.Select(SitePattern.ParsePosition).ToArray();
        return SitePattern.ExpandAll(plan.Sites, target.Layers, target.Heads, positions.Length == 0 ? null : positions, task);
    }

    private static MeasurementOptions OfRandomTarget(MeasurementOptions options, ITask task) =>
        options.Sampler == SamplerKind.Enumerate && task.Count <= RandomTargetTexts
            ? options with { Generator = null }
            : options.OverBank() with { BankSize = Math.Min(options.BankSize, RandomTargetTexts) };

    // Which generator it is, is settled once: one trained later must not make a resumed sweep ask.
    private SweepPlan WithGenerator(SweepPlan plan, TargetDescription target, ITask task, IReadOnlyList<Site> sites)
    {
        var options = plan.Measurement;
        if (!options.UsesGenerator)
            return plan;
        var generators = new GeneratorCatalog(home.Generators);
        var found = generators.Fitting(options.Generator, target, task, options.Basis);
        var record = GeneratorRecord.Read(found.Folder);
        // Beside another sampler it tells of the sites that it knows; but hardly was it named for none.
        if (options.SamplesFromGenerator || !sites.Any(s => record.Sites.Contains(s.ToString())))
            record.CheckSites(found.Folder, sites);
        var isKnown = generators.All.Any(g => g.Name == found.Name && g.Folder == found.Folder);
        return plan with { Measurement = options with { Generator = isKnown ? found.Name : found.Folder } };
    }

    // Returns the fault's message, or null.
    private static string? Guarded(StageLog log, string what, Action work)
    {
        try
        {
            work();
            return null;
        }
#pragma warning disable CA1031 // A fault at one site must not cost the night: it is logged, shown, and tried again on resume.
        catch (Exception e) when (e is not (OperationCanceledException or BadInputException or OutsideServiceException or SiteParkedException or BudgetSpentException))
#pragma warning restore CA1031
        {
            log.Note(what, "failed", e.ToString());
            return e.Message;
        }
    }

    private void End(StoredSweep sweep, double workSeconds)
    {
        sweep.WorkSeconds = workSeconds;
        sweep.Finished = Timestamp.Of(clock.GetUtcNow());
        store.Update(sweep);
    }
}
