using InverseScope.Agent.Budgets;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics;
using InverseScope.Core.Statistics.Calibration;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Stages;

namespace InverseScope.Sweeps.Calibration;

/// <summary>A site of which it is known what it encodes.</summary>
/// <param name="Planted">The features that its activations are made of; none for a null site.</param>
/// <param name="Given">Specs that are tested there beside the proposals of the search.</param>
internal sealed record KnownSite(IReadOnlyList<HypothesisDraft> Planted, IReadOnlyList<HypothesisDraft> Given)
{
    public bool IsNull => Planted.Count == 0;
}

/// <summary>What came of a known site.</summary>
/// <param name="Hypotheses">All that was tested there, with verdicts.</param>
/// <param name="Found">For each planted feature, the confirmed hypothesis that is equivalent to it on the prior; null if there is none.</param>
/// <param name="False">Confirmed hypotheses whose true κ is below the stated effect.</param>
/// <param name="Related">
/// Confirmed hypotheses that are true, but not equivalent to a planted feature: what is left of it when it is not found.
/// </param>
/// <param name="IsReplaced">
/// Whether the site counts as explained without its planted features having been found: something else stands in their place.
/// </param>
internal sealed record KnownSiteOutcome(
    KnownSite Site, IReadOnlyList<HypothesisRecord> Hypotheses, IReadOnlyList<HypothesisRecord?> Found,
    IReadOnlyList<HypothesisRecord> False, IReadOnlyList<HypothesisRecord> Related, bool IsReplaced);

/// <summary>
/// Takes known sites through the stages of a sweep, decides them together, and holds the verdicts against the truth.
/// </summary>
internal sealed class KnownSites : IDisposable
{
    /// <summary>Coordinates of a known site's activation, as many as a head of GPT-2 has.</summary>
    public const int Width = 64;

    private readonly SweepPlan _plan;
    private readonly ITask _task;
    private readonly SpecLibrary _library;
    private readonly IReadOnlyList<KnownSite> _sites;
    private readonly PlantedBackend _backend;
    private readonly RunSeed _seed;
    private readonly TimeProvider _clock;

    /// <param name="plan">Its measurement options are used as they are, but for the sampler, which is a bank.</param>
    /// <param name="noiseRatio">Norm of the noise over that of the signal, 0 or more.</param>
    public KnownSites(
        SweepPlan plan, ITask task, SpecLibrary library, IReadOnlyList<KnownSite> sites, double noiseRatio, RunSeed seed, TimeProvider clock)
    {
        (_plan, _task, _library, _sites, _seed, _clock) = (plan, task, library, sites, seed, clock);
        _backend = new PlantedBackend(
            task, plan.Measurement, seed, [.. sites.Select(s => s.Planted.Select(d => d.Feature).ToArray())], noiseRatio, Width);
    }

    /// <summary>
    /// Measurement options for sites that are made of <paramref name="columns"/> features: what lies nearer than halfway to
    /// the next label is a neighbour.
    /// </summary>
    public static MeasurementOptions Options(MeasurementOptions plan, int columns, double noiseRatio) => plan.OverBank() with
    {
        Kernel = KernelKind.Threshold,
        Distance = DistanceKind.Cosine,
        Weighting = Weighting.Importance,
        Epsilon = PlantedSite.HalfwayDistance(columns, noiseRatio),
        // The noise moves norms, which say nothing of the label.
        NormBand = 1,
    };

    /// <summary>Investigates every site.</summary>
    public IReadOnlyList<KnownSiteOutcome> Run(
        SweepReferences references, IProgress<WorkProgress>? progress, string stage, CancellationToken cancel)
    {
        Site[] sites = [.. _sites.Select((_, i) => PlantedBackend.SiteAt(i))];
        var given = _sites.SelectMany((s, i) => s.Given.Select(d => (Draft: d, Site: sites[i].Address.ToString())))
            .GroupBy(g => g.Draft.Feature.Hash, StringComparer.Ordinal)
            .Select(g => g.First().Draft with
            {
                Spec = g.First().Draft.Spec with { Sites = [.. g.Select(one => one.Site)] },
            });
        // Its samples are of no target, and cost next to nothing.
        var unlimited = new Budget(new BudgetLimits(), _clock);
        var stages = new SiteStages(_plan, sites.Length, _task, _library, [.. given], _backend, null, references, _seed, _clock, unlimited);
        var confirmed = new List<ConfirmResult>();
        foreach (var (done, site) in sites.Index())
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Report(new WorkProgress(stage, done, sites.Length, "sites"));
            confirmed.Add(stages.Confirm(site, stages.Propose(site, new Dictionary<string, LanguageModelProposals>(), cancel), cancel));
        }

        progress?.Report(new WorkProgress(stage, sites.Length, sites.Length, "sites"));
        var decided = new VerdictRule(_plan.MinimumKappa, _plan.FalseDiscoveryRate)
            .Decide([.. confirmed.SelectMany(c => c.Hypotheses)])
            .ToLookup(h => h.Site, StringComparer.Ordinal);
        return [.. sites.Select((site, i) => Judge(site, _sites[i], confirmed[i], [.. decided[site.ToString()]], cancel))];
    }

    /// <summary>Effects and rates of a spec at a site on references of their own: what its intervals must contain.</summary>
    /// <param name="references">Many, so that the error of the truth is small beside the intervals.</param>
    public (double? Effect, double? Kappa) Truth(int index, HypothesisDraft spec, IReadOnlyList<string> references, CancellationToken cancel)
    {
        var site = PlantedBackend.SiteAt(index);
        var samples = _backend.Sample(site, references, "truth", cancel);
        var measured = new MeasuredSite(site, samples, PriorSample.Of(_backend, site, samples, _seed), _backend.Texts);
        var labels = RankedLabels.Over(measured, new LabelColumn(spec.Feature, _backend.Texts), cancel);
        var clusters = Core.Consistency.ReferenceClusters.Of(
            LabelledSamples.Of(samples.Sets, labels), _plan.Measurement.MinimumEss);
        var effects = Core.Consistency.PairSwap.Effects(clusters, _seed.Stream("truth pairs", site.ToString(), spec.Feature.Hash));
        return (
            effects.Length == 0 ? null : effects.Average(),
            Core.Consistency.FeatureConsistency.Measure(clusters, measured.Prior.Shares(labels)).Kappa);
    }

    public void Dispose() => _backend.Dispose();

    private KnownSiteOutcome Judge(
        Site site, KnownSite known, ConfirmResult result, IReadOnlyList<HypothesisRecord> hypotheses, CancellationToken cancel)
    {
        var confirmed = hypotheses.Where(h => h.Verdict == HypothesisVerdict.Confirmed).ToArray();
        if (known.IsNull || confirmed.Length == 0)
            return new KnownSiteOutcome(known, hypotheses, [.. known.Planted.Select(_ => (HypothesisRecord?)null)], known.IsNull ? confirmed : [], [], false);
        var prior = PriorSample.Of(_backend, site, new SiteSamples([], [], 1, 0), _seed);
        int[] Codes(IFeature feature) => prior.Partition(new LabelColumn(feature, _backend.Texts), cancel);
        var found = confirmed.Select(h => (Record: h, Codes: Codes(_library.Draft(h.Spec!.ToJsonString(), h.Author, null, []).Feature))).ToArray();
        int[][] planted = [.. known.Planted.Select(p => Codes(p.Feature))];
        var joint = new Core.Information.JointLabels(planted.Length).CombineColumns(planted);
        bool Same(int[] a, int[] b) => AdjustedMutualInformation.Of(a, b) >= SpecLint.DuplicateInformation;
        // One hypothesis that names all planted labels at once has found each of them.
        var whole = found.FirstOrDefault(f => Same(f.Codes, joint)).Record;
        HypothesisRecord?[] equivalent = [.. planted.Select(p => found.FirstOrDefault(f => Same(f.Codes, p)).Record ?? whole)];
        HypothesisRecord[] wrong = [.. found.Where(f => PerfectInversion.Kappa(joint, f.Codes) < _plan.MinimumKappa).Select(f => f.Record)];
        var explained = result.Bits is { LeaveNothing: true, AreCarried: true };
        return new KnownSiteOutcome(
            known, hypotheses, equivalent, wrong, [.. confirmed.Except(equivalent.OfType<HypothesisRecord>()).Except(wrong)],
            explained && equivalent.Any(e => e is null));
    }
}
