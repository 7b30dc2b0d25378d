using System.Text.Json;
using InverseScope.Agent.Chat;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
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
    // A message may list thousands of errors of a file.
    private const int LongestReason = 2000;

    // A control need not be exact: draws do where an enumeration would cost as much as the sweep itself.
    private const int RandomTargetTexts = 20_000;

    /// <summary>Stores a new sweep with everything that decides its numbers. Nothing is computed yet.</summary>
    /// <param name="command">The command that a person can repeat.</param>
    /// <param name="given">Proposals that were made outside of a sweep, tested in place of spec files; null: none.</param>
    /// <exception cref="BadInputException">The plan, its task, its generator or one of its specs cannot be used.</exception>
    public StoredSweep Begin(SweepPlan plan, string command, IReadOnlyList<ProposalResult>? given = null)
    {
        // Where there are proposals, a plan that finds none is as good as another.
        var problems = (given is { Count: > 0 } ? plan with { Search = true } : plan).Check().ToArray();
        if (problems.Length > 0)
            throw new BadInputException(string.Join(Environment.NewLine, problems));
        var task = tasks.Find(plan.Task);
        ReferenceDraws.Check(task, plan.ReferencesWhere);
        var outline = targets(plan.Model);
        plan = WithGenerator(plan, outline.Target, task, SitesOf(plan, outline.Target, task));
        if (plan.TaskVectorPairs > 0)
            TaskVectorStages.Check(plan, outline.Target, task);
        var library = new SpecLibrary(task, outline.Tokenizer, checksOnly: plan.LanguageModel is not null);
        var specs = given is null ? library.ReadFiles(plan.SpecFiles) : [.. given.Select(p => library.Draft(p.Spec, p.Author, p.Explore, p.Trail))];
        if (plan.LanguageModel is { Chat.EmbeddingModel: null } && specs.FirstOrDefault(d => d.Spec.Llm?.Equivalence is LabelEquivalence.Embedding) is { } compared)
        {
            throw new BadInputException(
                $"The spec '{compared.Title}' compares labels by embeddings, and no model for them is named.", "Name one with 'embedding_model' in language_model, or compare by 'normalised' or 'judged'.");
        }

        return store.Begin(new StoredSweep
        {
            Name = plan.Name,
            Plan = JsonSerializer.Serialize(plan, ReportJson.LineOptions),
            Specs = [.. specs.Select(d => SpecLibrary.Write(d.Spec))],
            Given = given is null ? null : JsonSerializer.Serialize(given, ReportJson.LineOptions),
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
            Plan = JsonSerializer.Serialize(WithoutLimits(JsonSerializer.Deserialize<SweepPlan>(sweep.Plan, ReportJson.LineOptions)!), ReportJson.LineOptions),
            Specs = sweep.Specs,
            Given = sweep.Given,
            Command = command,
            ReplayOf = id,
            Version = version,
            State = SweepState.Running,
            Started = Timestamp.Of(clock.GetUtcNow()),
        });
    }

    // What was answered in several runs, each with its own budget, is replayed in one.
    private static SweepPlan WithoutLimits(SweepPlan plan) => plan with
    {
        BudgetMinutes = null,
        BudgetSamples = null,
        LanguageModel = plan.LanguageModel is { } model ? model with { MaxCalls = null, MaxTokens = null } : null,
    };

    /// <summary>What a sweep does.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public SweepPlan PlanOf(string id) => JsonSerializer.Deserialize<SweepPlan>(store.Sweep(id).Plan, ReportJson.LineOptions)!;

    /// <summary>
    /// Time between reports of a sweep that runs, at least; they take at most a twentieth of its time besides. Default 20 s.
    /// </summary>
    public TimeSpan InterimInterval { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Runs what is left of a sweep.</summary>
    /// <param name="whyCancelled">
    /// Asked when it was cancelled: why it stopped, or null if it is to go on in another process. Then it stays as one that runs, and no report
    /// is written. Without it, a user stopped it.
    /// </param>
    /// <param name="options">How it shares its work with others; null: not at all.</param>
    /// <returns>The sweep as it then stands: finished, stopped by the user or its budget, or to go on.</returns>
    /// <exception cref="BadInputException">The model or a site cannot be used.</exception>
    /// <exception cref="OutsideServiceException">The disk is full or the store is out of reach.</exception>
    /// <exception cref="StoreAwayException">With a fence: the store is out of reach, and the sweep stays as one that runs.</exception>
    /// <exception cref="FencedException">Another process has taken the sweep over.</exception>
    public StoredSweep Run(
        string id, IProgress<WorkProgress>? progress, CancellationToken cancel, Func<string?>? whyCancelled = null, SweepRunOptions? options = null)
    {
        options ??= new SweepRunOptions();
        var began = clock.GetTimestamp();
        SweepProgress.ForgetStop(home, id);
        var sweep = store.Change(id, s => (s.State, s.StopReason, s.Finished, s.EarlierSeconds) = (SweepState.Running, null, null, s.WorkSeconds), options.Fence);
        using var time = new WorkTime(store, sweep, options.Fence, clock, began);
        try
        {
            Settle(sweep, RunWhole(sweep, time, progress, whyCancelled, options, cancel));
        }
        catch (OperationCanceledException)
        {
            if (Reason(whyCancelled) is { } reason)
                Settle(sweep, reason);
        }
        catch (StoreAwayException) when (options.Fence is not null)
        {
            // It stays as one that runs: here or elsewhere it is taken up where it was, once the store is there again.
            throw;
        }
        catch (Exception e) when (e is BadInputException or OutsideServiceException)
        {
            sweep.State = SweepState.Failed;
            sweep.StopReason = e.Message.Length <= LongestReason ? e.Message : $"{e.Message[..LongestReason]}…";
            End(sweep, time, options.Fence, null);
            throw;
        }
        catch (Exception e) when (e is not FencedException)
        {
            // How it ended, others write.
            time.Tell();
            throw;
        }

        End(sweep, time, options.Fence, cancel.IsCancellationRequested ? whyCancelled : null);
        return sweep;
    }

    private static string? Reason(Func<string?>? whyCancelled) => whyCancelled is null ? "user" : whyCancelled();

    private static void Settle(StoredSweep sweep, string? stopped) =>
        (sweep.State, sweep.StopReason) = (stopped is null ? SweepState.Finished : SweepState.Stopped, stopped ?? "finished");

    // Returns why it stopped early, or null.
    private string? RunWhole(
        StoredSweep sweep, WorkTime time, IProgress<WorkProgress>? progress, Func<string?>? whyCancelled, SweepRunOptions options, CancellationToken cancel)
    {
        var plan = JsonSerializer.Deserialize<SweepPlan>(sweep.Plan, ReportJson.LineOptions)!.Within(sweep.Limits);
        // Before minutes go into activations: a language model that is not there is found out in seconds.
        using var languageModel = plan.LanguageModel is { } wanted ? languageModels(wanted.Chat) : null;
        if (languageModel?.HasTools == false && plan.LanguageModel!.Propose.Contains(LanguageModelMode.Tools))
            throw new BadInputException($"{languageModel.Chat.Model.Name} cannot call functions, which 'propose: [tools]' asks of it.", "Name a model that can, or propose by loop.");
        NoteModel(sweep, languageModel?.Chat.Model, languageModel?.Embedder?.Identity, options.Fence);
        var task = tasks.Find(plan.Task);
        var seed = new RunSeed(plan.Seed);
        using var backend = backends(plan.Model, TargetWeights.Trained, task, plan.Measurement, seed);
        using var randomTarget = plan.RandomWeightControl && plan.Sites.Count > 0
            ? backends(plan.Model, TargetWeights.Random, task, OfRandomTarget(plan.Measurement, task), seed)
            : null;
        using var run = new SweepRun(
            sweep, plan, task, new TargetUnderStudy(backend, randomTarget, targets(plan.Model).Tokenizer), languageModel, home, store, clock, time, progress, options)
        {
            InterimInterval = InterimInterval,
        };
        string? stopped;
        try
        {
            stopped = run.Investigate(cancel);
        }
        catch (OperationCanceledException) when (Reason(whyCancelled) is not null)
        {
            // Whoever stops it wants to see what there is.
            stopped = Reason(whyCancelled);
        }

        sweep.WorkSeconds = time.Seconds;
        sweep.Finished = Timestamp.Of(clock.GetUtcNow());
        Settle(sweep, stopped);
        run.Report();
        return stopped;
    }

    private static MeasurementOptions OfRandomTarget(MeasurementOptions options, ITask task) =>
        options.Sampler == SamplerKind.Enumerate && task.Count <= RandomTargetTexts
            ? options with { Generator = null }
            : options.OverBank() with { BankSize = Math.Min(options.BankSize, RandomTargetTexts) };

    internal static IReadOnlyList<Site> SitesOf(SweepPlan plan, TargetDescription target, ITask task)
    {
        var positions = plan.Positions.Select(SitePattern.ParsePosition).ToArray();
        return SitePattern.ExpandAll(plan.Sites, target.Layers, target.Heads, positions.Length == 0 ? null : positions, task);
    }

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

    // Who resumes a sweep after the model was fetched anew may; that two models answered must be seen.
    private void NoteModel(StoredSweep sweep, ChatModel? model, string? embedding, StoreFence? fence)
    {
        if (model is null || (sweep.LanguageModel == model.Identity && sweep.EmbeddingModel == embedding))
            return;
        if (sweep.LanguageModel is { } before && before != model.Identity)
        {
            store.Log(new StoredLogLine
            {
                Sweep = sweep.Id,
                Time = Timestamp.Of(clock.GetUtcNow()),
                Step = "language model changed",
                Detail = $"It was {before} in the runs before, and is {model.Identity}.",
            }, fence);
        }

        (sweep.LanguageModel, sweep.EmbeddingModel) = (model.Identity, embedding);
        store.Change(sweep.Id, s => (s.LanguageModel, s.EmbeddingModel) = (model.Identity, embedding), fence);
    }

    private void End(StoredSweep sweep, WorkTime time, StoreFence? fence, Func<string?>? whyCancelled)
    {
        time.Dispose();
        sweep.WorkSeconds = time.Seconds;
        sweep.Finished = sweep.State == SweepState.Running ? null : Timestamp.Of(clock.GetUtcNow());
        store.Change(sweep.Id, s =>
        {
            // What a person said last counts, also while the report was written.
            if (sweep.State == SweepState.Stopped)
                sweep.StopReason = whyCancelled?.Invoke() ?? sweep.StopReason;
            (s.State, s.StopReason, s.Finished, s.WorkSeconds) = (sweep.State, sweep.StopReason, sweep.Finished, sweep.WorkSeconds);
        }, fence);
    }
}
