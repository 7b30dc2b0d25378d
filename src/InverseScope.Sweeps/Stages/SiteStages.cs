using System.Globalization;
using InverseScope.Agent.Budgets;
using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Samples;

namespace InverseScope.Sweeps.Stages;

/// <summary>
/// What is done at each site of one target. <see cref="Propose"/> samples explore references only; <see cref="Confirm"/>
/// tests each proposal once on references that nothing before it was given, and <see cref="CheckCauses"/> patches them.
/// </summary>
internal sealed class SiteStages
{
    private readonly SweepPlan _plan;
    private readonly IInversionBackend _backend;
    private readonly IInversionBackend? _randomTarget;
    private readonly SweepReferences _references;
    private readonly TimeProvider _clock;
    private readonly RunSeed _seed;
    private readonly ITask _task;
    private readonly IReadOnlyList<HypothesisDraft> _givenSpecs;
    private readonly SpecLibrary _library;
    private readonly LabelColumns _columns;
    private readonly LabelColumns? _randomColumns;
    private readonly SymbolicProposer? _search;
    private readonly LanguageModelProposer? _languageModel;
    private readonly Func<HypothesisDraft, IReadOnlyList<string>, CancellationToken, LabellerAgreement?>? _agreement;
    private readonly Action<KeptSite>? _keep;
    private readonly int _planned;
    private readonly Budget _drawing;

    // What the last site was measured on; kept for the stage after it.
    private MeasuredSite? _measured;

    /// <param name="sites">Number of sites whose hypotheses are decided together.</param>
    /// <param name="library">Compiles proposals as they were stored.</param>
    /// <param name="givenSpecs">Specs of people, or proposals that were made outside of the sweep.</param>
    /// <param name="backend">Of the target; disposed by the caller.</param>
    /// <param name="randomTarget">The same target with random weights, as a control; null for none.</param>
    /// <param name="drawing">Of samples of the whole run, which others draw from too.</param>
    /// <param name="languageModel">Proposes as the plan says; null: no language model does.</param>
    /// <param name="agreement">How far the labeller of a spec agrees with itself on texts; null: nothing is labelled by one that errs.</param>
    /// <param name="keep">Told what each site was confirmed on, before its result is there; null: nothing is kept.</param>
    public SiteStages(
        SweepPlan plan, int sites, ITask task, SpecLibrary library, IReadOnlyList<HypothesisDraft> givenSpecs, IInversionBackend backend,
        IInversionBackend? randomTarget, SweepReferences references, RunSeed seed, TimeProvider clock, Budget drawing, LanguageModelProposer? languageModel = null,
        Func<HypothesisDraft, IReadOnlyList<string>, CancellationToken, LabellerAgreement?>? agreement = null,
        Action<KeptSite>? keep = null)
    {
        (_plan, _task, _backend, _randomTarget, _references, _seed, _clock) =
            (plan, task, backend, randomTarget, references, seed, clock);
        _library = library;
        _givenSpecs = givenSpecs;
        _columns = new LabelColumns(backend.Texts);
        _randomColumns = randomTarget is null ? null : new LabelColumns(randomTarget.Texts);
        _search = plan.Search ? new SymbolicProposer(plan, task, backend.Texts, backend.CharactersRead, seed) : null;
        (_languageModel, _agreement, _keep) = (languageModel, agreement, keep);
        _drawing = drawing;
        _planned = sites * (givenSpecs.Count + (plan.Search ? plan.MaxProposals : 0) + (languageModel is null ? 0 : plan.LanguageModel!.Propose.Count * plan.LanguageModel.Loop.MaxProposals));
    }

    /// <summary>The proposers that ask a language model.</summary>
    public IReadOnlyList<LanguageModelMode> LanguageModelModes => _languageModel is null ? [] : _plan.LanguageModel!.Propose;

    /// <summary>Asks a language model for proposals.</summary>
    public LanguageModelProposals ProposeByLanguageModel(Site site, LanguageModelMode mode, CancellationToken cancel)
    {
        var samples = Sample(_backend, site, _references.Explore, "explore", cancel);
        var measured = new MeasuredSite(site, samples, PriorSample.Of(_backend, site, samples, _seed), _backend.Texts);
        return _languageModel!.Propose(new ExploreBoard(measured, _task, _library, _plan.Measurement.MinimumEss, SweepReferences.Confirms, _seed), mode, cancel);
    }

    /// <summary>All proposals for a site: those that were given, of the search, and those that a language model gave before.</summary>
    /// <param name="asked">By the name of their proposer.</param>
    public ProposeResult Propose(Site site, IReadOnlyDictionary<string, LanguageModelProposals> asked, CancellationToken cancel)
    {
        var own = ProposeWithoutLanguageModel(site, cancel);
        if (asked.Count == 0)
            return own;
        var all = new Dictionary<string, ProposalResult>(StringComparer.Ordinal);
        foreach (var proposal in own.Proposals.Concat(asked.Values.SelectMany(a => a.Proposals)))
        {
            // One hypothesis is tested once, whoever else had it too.
            var hash = _library.Draft(proposal.Spec, proposal.Author, null, []).Feature.Hash;
            all[hash] = all.TryGetValue(hash, out var known) ? known with { Proposers = [.. known.Proposers.Union(proposal.Proposers)] } : proposal;
        }

        return own with
        {
            Proposals = [.. all.Values],
            Tried = own.Tried + asked.Values.Sum(a => a.Cost.Tried),
            Summary = $"{own.Summary}; {string.Join("; ", asked.Values.Select(a => a.Summary))}",
            Costs = asked.ToDictionary(a => a.Key, a => a.Value.Cost, StringComparer.Ordinal),
        };
    }

    // How many there will be is known at most: fewer lie near, or all that do are kept.
    private SiteSamples Sample(IInversionBackend backend, Site site, IReadOnlyList<string> references, string stream, CancellationToken cancel)
    {
        using var reserved = _drawing.TryReserve(new BudgetCost(Samples: (long)references.Count * Math.Max(1, backend.Options.Samples)), out _) ?? throw new BudgetSpentException();
        var samples = backend.Sample(site, references, stream, cancel);
        reserved.Settle(new BudgetCost(Samples: samples.Sets.Sum(s => (long)s.Texts.Length)));
        SweepTelemetry.CountSamples(samples, backend.Options.Sampler);
        return samples;
    }

    private ProposeResult ProposeWithoutLanguageModel(Site site, CancellationToken cancel)
    {
        _measured = null;
        HypothesisDraft[] claimed = [.. _givenSpecs.Where(d => ClaimedAt(d.Spec, site))];
        var proposals = claimed.Select(d => d.Author == HypothesisAuthor.Person
            ? new ProposalResult(SpecLibrary.Write(d.Spec), d.Author, null, [Step("given by a person", "as a spec file")]) { Proposers = ["person"] }
            : new ProposalResult(SpecLibrary.Write(d.Spec), d.Author, d.Explore, d.Trail) { Proposers = d.Proposers }).ToArray();
        if (_search is null)
            return new ProposeResult(proposals, 0, Sentence($"{proposals.Length} specs given; no search"));
        var samples = Sample(_backend, site, _references.Explore, "explore", cancel);
        var tested = claimed.Select(d => d.Feature.Hash).ToHashSet(StringComparer.Ordinal);
        var found = _search.Propose(site, samples, tested, _clock, cancel);
        return found with
        {
            Proposals = [.. proposals, .. found.Proposals],
            Summary = Sentence($"{proposals.Length} specs given; search: {found.Summary}"),
        };
    }

    /// <summary>Whether hypotheses that stand out are also checked by patching.</summary>
    public bool ChecksCauses => _plan.CausalReferences > 0;

    /// <summary>Patches the site for each hypothesis that stands out on its own numbers.</summary>
    /// <param name="standing">Their spec hashes.</param>
    public CausalResult CheckCauses(Site site, ProposeResult proposed, IReadOnlyList<string> standing, CancellationToken cancel)
    {
        var found = new Dictionary<string, CausalRecord?>(StringComparer.Ordinal);
        if (standing.Count == 0)
            return new CausalResult(found);
        var measured = _measured is { } known && known.Site == site ? known : Measured(site, _backend, cancel);
        var check = new CausalCheck(_backend, _task, _plan.CausalReferences, _plan.CausalDonors);
        foreach (var draft in proposed.Proposals.Select(p => _library.Draft(p.Spec, p.Author, p.Explore, p.Trail)).Where(d => standing.Contains(d.Feature.Hash)))
            found[draft.Feature.Hash] = check.Measure(measured, _columns.Of(draft.Feature), _seed.Stream("causal check", site.ToString(), draft.Feature.Hash), cancel);
        return new CausalResult(found);
    }

    public ConfirmResult Confirm(Site site, ProposeResult proposed, CancellationToken cancel)
    {
        var measured = _measured = Measured(site, _backend, cancel);
        var minimumEss = _plan.Measurement.MinimumEss;
        var test = new HypothesisTest(
            measured, _randomTarget is null ? null : Measured(site, _randomTarget, cancel), minimumEss,
            new VerdictRule(_plan.MinimumKappa, _plan.FalseDiscoveryRate).TestOf(_planned), _seed);
        var tested = new List<TestedHypothesis>();
        var partitions = new List<(string Title, int[] Codes)>();
        var standing = new List<LabelColumn>();
        var columns = new List<LabelColumn>();
        foreach (var proposal in proposed.Proposals)
        {
            cancel.ThrowIfCancellationRequested();
            var draft = _library.Draft(proposal.Spec, proposal.Author, proposal.Explore, proposal.Trail);
            var labels = _columns.Of(draft.Feature);
            var codes = measured.Prior.Partition(labels, cancel);
            var earlier = partitions.FindIndex(p => AdjustedMutualInformation.Of(p.Codes, codes) >= SpecLint.DuplicateInformation);
            var same = earlier < 0 ? null : partitions[earlier].Title;
            if (earlier >= 0)
                tested[earlier] = AlsoBy(tested[earlier], proposal.Proposers);
            var hypothesis = test.Measure(draft, labels, _randomColumns?.Of(draft.Feature), HypothesisPhase.Confirm, AgreementOf(draft, measured, cancel), cancel);
            var record = hypothesis.Record;
            hypothesis = hypothesis with
            {
                Record = record with
                {
                    Proposers = proposal.Proposers,
                    Trail =
                    [
                        .. record.Trail,
                        Step("tested on untouched references", Sentence($"{record.Counts.References} references; the test ended after {record.Pairs} pairs: {ReportNumbers.Words(record.Stop!.Value)}")),
                    ],
                },
            };
            var degenerate = VerdictRule.WhyDegenerate(hypothesis.Consistency, same);
            tested.Add(new TestedHypothesis(hypothesis, degenerate));
            partitions.Add((draft.Title, codes));
            columns.Add(labels);
            if (degenerate is null && record.EffectCi?.Lower >= _plan.MinimumKappa)
                standing.Add(labels);
        }

        _keep?.Invoke(KeptSiteCollector.Of(measured, columns, minimumEss, _seed.Value, cancel: cancel));
        var samples = measured.Samples;
        var usable = samples.Sets.Where(s => s.Ess >= minimumEss).ToArray();
        return new ConfirmResult(
            tested,
            SiteBits.Measure(measured, standing, minimumEss, _seed, cancel),
            [.. standing.Select(c => c.Feature.Hash)],
            usable.Length == 0 ? null : usable.Average(s => s.Ess),
            new ReferenceCounts
            {
                Explore = _references.Explore.Count,
                Confirm = samples.Sets.Count,
                WithoutPosition = samples.WithoutPosition.Count,
                NotMeasured = samples.Sets.Count - usable.Length,
                PriorShareWithPosition = samples.PriorShareWithPosition,
            },
            samples.Sets.Sum(s => (long)s.Texts.Length),
            samples.Sets.Sum(s => (long)s.Texts.Length + 1) * proposed.Proposals.Count,
            samples.RefusalRate,
            SiteTokens.Of(samples, _backend.Texts, _task),
            proposed.Costs);
    }

    // Who says the same in other words has found it too.
    private static TestedHypothesis AlsoBy(TestedHypothesis tested, IReadOnlyList<string> proposers) => tested with
    {
        Measured = tested.Measured with
        {
            Record = tested.Measured.Record with { Proposers = [.. tested.Measured.Record.Proposers.Union(proposers)] },
        },
    };

    private LabellerAgreement? AgreementOf(HypothesisDraft draft, MeasuredSite site, CancellationToken cancel) => draft.Spec.Llm is null
        ? null
        : _agreement?.Invoke(draft, [.. site.Samples.Sets.Select(s => site.Texts[s.Reference])], cancel);

    private MeasuredSite Measured(Site site, IInversionBackend backend, CancellationToken cancel)
    {
        var samples = Sample(backend, site, _references.Confirm, "confirm", cancel);
        return new MeasuredSite(site, samples, PriorSample.Of(backend, site, samples, _seed), backend.Texts);
    }

    private bool ClaimedAt(FeatureSpec spec, Site site) =>
        spec.Sites.Count == 0
        || SitePattern.ExpandAll(
            spec.Sites, _backend.Target.Layers, _backend.Target.Heads, [site.Position], _task).Contains(site);

    private TrailStep Step(string step, string detail) => new() { Time = _clock.GetUtcNow(), Step = step, Detail = detail };

    private static string Sentence(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Labels of the features used last, each computed once for each distinct text of a pool.</summary>
internal sealed class LabelColumns(TextPool texts)
{
    // Over an enumerated prior each takes a few megabytes.
    private const int Kept = 32;

    private readonly Dictionary<string, LabelColumn> _columns = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    public LabelColumn Of(IFeature feature)
    {
        if (_columns.TryGetValue(feature.Hash, out var known))
            return known;
        if (_order.Count >= Kept)
            _columns.Remove(_order.Dequeue());
        _order.Enqueue(feature.Hash);
        return _columns[feature.Hash] = new LabelColumn(feature, texts);
    }
}
