using System.Globalization;
using System.Text.Json;
using InverseScope.Core.Information;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Stages;

/// <summary>
/// The stages of one site. <c>propose</c> sees explore references only; <c>confirm</c> tests each proposal once on
/// references that nothing before it was given.
/// </summary>
internal sealed class SiteInvestigation
{
    private const string ProposeStage = "propose/1";
    private const string ConfirmStage = "confirm/1";
    private const int PriorSample = 2_000;
    private const double SamePartition = 0.98;

    // Labels of this many features are kept for the next sites: an enumerated prior makes each a few megabytes.
    private const int KeptColumns = 32;

    private readonly SweepPlan _plan;
    private readonly ITask _task;
    private readonly IInversionBackend _backend;
    private readonly SweepReferences _references;
    private readonly StageLog _log;
    private readonly TimeProvider _clock;
    private readonly RunSeed _seed;
    private readonly IReadOnlyList<HypothesisDraft> _personSpecs;
    private readonly SpecLibrary _library;
    private readonly Dictionary<string, LabelColumn> _columns = new(StringComparer.Ordinal);
    private readonly Queue<string> _columnOrder = new();
    private readonly SymbolicProposer? _search;

    public SiteInvestigation(
        SweepPlan plan, StoredSweep sweep, ITask task, IInversionBackend backend, SweepReferences references, StageLog log,
        TimeProvider clock)
    {
        (_plan, _task, _backend, _references, _log, _clock) = (plan, task, backend, references, log, clock);
        _seed = new RunSeed(plan.Seed);
        _library = new SpecLibrary(task);
        _personSpecs = [.. sweep.Specs.Select(s => _library.Draft(s, HypothesisAuthor.Person, null, []))];
        _search = plan.Search ? new SymbolicProposer(plan, task, backend, _seed) : null;
    }

    /// <summary>Whether the site's results are committed.</summary>
    public bool IsDone(Site site) => _log.IsDone(site.ToString(), ConfirmStage, "");

    /// <summary>Runs what is left of the site's stages.</summary>
    public void Investigate(Site site, CancellationToken cancel)
    {
        var name = site.ToString();
        var proposed = Read<ProposeResult>(_log.Run(name, ProposeStage, "", () =>
        {
            var result = Propose(site, cancel);
            return (Write(result), result.Summary);
        }));
        _log.Run(name, ConfirmStage, "", () =>
        {
            var result = Confirm(site, proposed, cancel);
            return (Write(result), Sentence($"{result.Hypotheses.Count} hypotheses tested on {result.References.Confirm} untouched references"));
        });
    }

    /// <summary>The committed results of a site that is done.</summary>
    public (ProposeResult Proposed, ConfirmResult Confirmed) Results(Site site)
    {
        static (string, string) Missing() => throw new InvalidOperationException("The site is not done.");
        return (
            Read<ProposeResult>(_log.Run(site.ToString(), ProposeStage, "", Missing)),
            Read<ConfirmResult>(_log.Run(site.ToString(), ConfirmStage, "", Missing)));
    }

    private ProposeResult Propose(Site site, CancellationToken cancel)
    {
        var proposals = _personSpecs.Where(d => ClaimedAt(d.Spec, site))
            .Select(d => new ProposalResult(SpecLibrary.Write(d.Spec), d.Author, null, [Step("given by a person", "as a spec file")]))
            .ToList();
        if (_search is null)
            return new ProposeResult(proposals, 0, Sentence($"{proposals.Count} specs of people; no search"));
        var samples = _backend.Sample(site, _references.Explore, "explore", cancel);
        var tested = _personSpecs.Select(d => d.Feature.Hash).ToHashSet(StringComparer.Ordinal);
        var found = _search.Propose(site, samples, tested, _clock, cancel);
        return found with
        {
            Proposals = [.. proposals, .. found.Proposals],
            Summary = Sentence($"{proposals.Count} specs of people; search: {found.Summary}"),
        };
    }

    private ConfirmResult Confirm(Site site, ProposeResult proposed, CancellationToken cancel)
    {
        var samples = _backend.Sample(site, _references.Confirm, "confirm", cancel);
        var minimumEss = _plan.Measurement.MinimumEss;
        var priorTexts = _backend.PriorTexts;
        var test = new HypothesisTest(site, samples, _backend.Texts, priorTexts, minimumEss, _seed);
        var tested = new List<TestedHypothesis>();
        var partitions = new List<(string Title, int[] Codes)>();
        var standing = new List<LabelColumn>();
        foreach (var proposal in proposed.Proposals)
        {
            cancel.ThrowIfCancellationRequested();
            var draft = _library.Draft(proposal.Spec, proposal.Author, proposal.Explore, proposal.Trail);
            var labels = Column(draft.Feature);
            var codes = labels.ReadFirst(Math.Min(PriorSample, priorTexts), cancel).ToArray();
            var same = partitions.FirstOrDefault(p => AdjustedMutualInformation.Of(p.Codes, codes) >= SamePartition).Title;
            var (record, consistency) = test.Measure(draft, labels, HypothesisPhase.Confirm);
            record = record with
            {
                Trail = [.. record.Trail, Step("tested on untouched references", Sentence($"{record.Counts.References} references, {record.Pairs} pairs"))],
            };
            var degenerate = VerdictRule.WhyDegenerate(consistency, same);
            tested.Add(new TestedHypothesis(record, consistency, degenerate));
            partitions.Add((draft.Title, codes));
            if (degenerate is null && consistency.KappaInterval?.Low >= _plan.MinimumKappa)
                standing.Add(labels);
        }

        var measured = samples.Sets.Where(s => s.Ess >= minimumEss).ToArray();
        return new ConfirmResult(
            tested,
            samples.Bits,
            standing.Count == 0 ? null : JointBits(site, samples, standing),
            [.. standing.Select(c => c.Feature.Hash)],
            measured.Length == 0 ? null : measured.Average(s => s.Ess),
            new ReferenceCounts
            {
                Explore = _references.Explore.Count,
                Confirm = samples.Sets.Count,
                WithoutPosition = samples.WithoutPosition.Count,
                NotMeasured = samples.Sets.Count - measured.Length,
                PriorShareWithPosition = samples.PriorShareWithPosition,
            },
            samples.Sets.Sum(s => (long)s.Texts.Length),
            samples.Sets.Sum(s => (long)s.Texts.Length + 1) * proposed.Proposals.Count);
    }

    private double? JointBits(Site site, SiteSamples samples, List<LabelColumn> standing) =>
        FeatureBits.Joint(
            [.. standing.Select(c => LabelledSamples.Own(samples.Sets, c))], _plan.Measurement.MinimumEss,
            _seed.Stream("joint bits", site.ToString()))?.Bits;

    private bool ClaimedAt(FeatureSpec spec, Site site) =>
        spec.Sites.Count == 0
        || SitePattern.ExpandAll(
            spec.Sites, _backend.Target.Layers, _backend.Target.Heads, [site.Position], _task).Contains(site);

    private LabelColumn Column(IFeature feature)
    {
        if (_columns.TryGetValue(feature.Hash, out var known))
            return known;
        if (_columnOrder.Count >= KeptColumns)
            _columns.Remove(_columnOrder.Dequeue());
        _columnOrder.Enqueue(feature.Hash);
        return _columns[feature.Hash] = new LabelColumn(feature, _backend.Texts);
    }

    private TrailStep Step(string step, string detail) => new() { Time = _clock.GetUtcNow(), Step = step, Detail = detail };

    private static string Write<T>(T value) => JsonSerializer.Serialize(value, ReportJson.LineOptions);

    private static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, ReportJson.LineOptions)!;

    private static string Sentence(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
