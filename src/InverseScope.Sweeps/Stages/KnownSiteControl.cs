using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Calibration;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Stages;

/// <summary>
/// The control of a whole sweep: planted and null sites on the sweep's own task and references, through its own search and
/// tests. At a null site the planted features are tested too, so that there is something to be quiet about.
/// </summary>
internal static class KnownSiteControl
{
    private const double NoiseRatio = 0.5;

    // A search with one feature per site to find needs no larger bank, whatever the sweep's own is.
    private const int MostDraws = 20_000;

    /// <returns>Empty if the prior has nothing that could be planted.</returns>
    public static IReadOnlyList<KnownSiteRecord> Run(
        SweepPlan plan, ITask task, SpecLibrary library, IReadOnlyList<HypothesisDraft> personSpecs, SweepReferences references, TimeProvider clock,
        IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        var seed = new RunSeed(new RunSeed(plan.Seed).Stream("known sites").NextLong(long.MaxValue));
        var features = plan.Search ? PlantedFeatures.FromPrior(plan.KnownSites, task, seed, cancel) : Deterministic(personSpecs, plan.KnownSites);
        if (features.Count == 0)
            return [];
        KnownSite[] sites =
        [
            .. features.Select(f => new KnownSite([f], plan.Search ? [] : [f])),
            .. Enumerable.Range(0, plan.KnownSites).Select(_ => new KnownSite([], features)),
        ];
        var measurement = KnownSites.Options(plan.Measurement, columns: 1, NoiseRatio);
        var known = plan with { Measurement = measurement with { BankSize = Math.Min(measurement.BankSize, MostDraws) } };
        using var run = new KnownSites(known, task, library, sites, NoiseRatio, seed, clock);
        return [.. run.Run(references, progress, "control sites", cancel).Select(Record)];
    }

    // What a language model labels would cost its calls once more.
    private static IReadOnlyList<HypothesisDraft> Deterministic(IReadOnlyList<HypothesisDraft> specs, int count) =>
        [.. specs.Where(d => d.Spec.Llm is null).Take(count)];

    private static KnownSiteRecord Record(KnownSiteOutcome outcome)
    {
        var planted = outcome.Site.IsNull ? null : outcome.Site.Planted[0];
        var shown = (outcome.False.Count > 0 ? outcome.False[0] : null) ?? outcome.Found.FirstOrDefault(f => f is not null)
            ?? outcome.Hypotheses.MaxBy(h => h.Kappa ?? double.NegativeInfinity);
        return new KnownSiteRecord
        {
            Planted = planted?.Title,
            PlantedHash = planted?.Feature.Hash,
            NoiseRatio = planted is null ? null : NoiseRatio,
            Result = outcome.False.Count > 0 ? KnownSiteResult.FalseDiscovery
                : outcome.Site.IsNull ? KnownSiteResult.Quiet
                : outcome.Found.All(f => f is not null) ? KnownSiteResult.Found
                : KnownSiteResult.Missed,
            Feature = shown?.Title,
            Kappa = shown?.Kappa,
            KappaCi = shown?.KappaCi,
            Tested = outcome.Hypotheses.Count,
            Confirmed = outcome.Hypotheses.Count(h => h.Verdict == HypothesisVerdict.Confirmed),
        };
    }
}
