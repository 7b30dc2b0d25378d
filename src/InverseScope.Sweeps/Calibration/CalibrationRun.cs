using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics.Calibration;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Stages;

namespace InverseScope.Sweeps.Calibration;

/// <summary>
/// Measures what a sweep's verdicts are worth, on sites whose truth is known. Each repetition is a sweep of its own through
/// the same stages: first the search has to find what is planted; then the planted specs are given, and the intervals of
/// all specs at all sites are held against the true values.
/// </summary>
public static class CalibrationRun
{
    // With so many, the error of the truth widens the spread of κ − truth by a twentieth; its coverage loses about a point.
    private const int TruthShare = 10;

    /// <exception cref="BadInputException">The options cannot be used, or the task's prior is too small.</exception>
    public static CalibrationReport Run(
        CalibrationOptions options, ITask task, RunSeed seed, TimeProvider clock, IProgress<WorkProgress>? progress,
        CancellationToken cancel)
    {
        var problems = options.Check().ToArray();
        if (problems.Length > 0)
            throw new BadInputException(string.Join(Environment.NewLine, problems));
        var together = options.Together ? 2 : 1;
        var measurement = (options.Measurement ?? Measurement(options.Together, options.NoiseRatio)).OverBank();
        var plan = new SweepPlan
        {
            Name = "calibration",
            Model = "planted",
            Task = task.Name,
            Sites = ["L*H*"],
            Measurement = measurement,
            ExploreReferences = options.ExploreReferences,
            ConfirmReferences = options.ConfirmReferences,
        };
        var planted = options.Planted.Chunk(together).ToArray();
        var library = new SpecLibrary(task);
        var tally = new Tally(options);
        for (var repetition = 0; repetition < options.Repetitions; repetition++)
        {
            var chance = new RunSeed(seed.Stream("calibration", $"{repetition}").NextLong(long.MaxValue));
            var references = SweepReferences.Draw(task, options.ExploreReferences, options.ConfirmReferences, chance);
            var stage = FormattableString.Invariant($"repetition {repetition + 1} of {options.Repetitions}");
            KnownSite[] sites =
            [
                .. planted.Select(p => new KnownSite(p, [])),
                .. Enumerable.Range(0, options.NullSites).Select(_ => new KnownSite([], [])),
            ];
            using (var found = new KnownSites(plan, task, library, sites, options.NoiseRatio, chance, clock))
                tally.Found(found.Run(references, progress, $"{stage}, search", cancel));
            if (options.Planted.Count == 0)
                continue;
            KnownSite[] given = [.. sites.Select(s => s with { Given = options.Planted })];
            using var tested = new KnownSites(plan with { Search = false }, task, library, given, options.NoiseRatio, chance, clock);
            var outcomes = tested.Run(references, progress, $"{stage}, given specs", cancel);
            tally.Given(outcomes);
            var truthReferences = Texts(task, options.TruthReferences ?? TruthShare * options.ConfirmReferences, chance);
            foreach (var (i, outcome) in outcomes.Index())
            {
                foreach (var spec in options.Planted)
                {
                    cancel.ThrowIfCancellationRequested();
                    tally.Interval(
                        outcome.Hypotheses.First(h => h.SpecHash == spec.Feature.Hash),
                        tested.Truth(i, spec, truthReferences, cancel));
                }
            }
        }

        return tally.Report(task.Name, measurement.Epsilon) with { Streams = Streams(options.StreamSweeps, seed, cancel) };
    }

    /// <summary>Neighbours as they are chosen by default: nearer than halfway to the next label.</summary>
    public static MeasurementOptions Measurement(bool together, double noiseRatio) =>
        KnownSites.Options(new MeasurementOptions(), together ? 2 : 1, noiseRatio);

    private static StreamReport? Streams(int sweeps, RunSeed seed, CancellationToken cancel)
    {
        if (sweeps == 0)
            return null;
        var options = new StreamSimulationOptions { Repetitions = sweeps };
        var result = StreamSimulation.Run(options, seed, cancel);
        var missed = result.Coverage.Of - result.Coverage.Count;
        return new StreamReport
        {
            Sweeps = sweeps,
            Copied = options.Copied,
            MissRate = (double)missed / result.Coverage.Of,
            Missed = missed,
            Sequences = result.Coverage.Of,
            NullEstablishedRate = result.NullEstablished.Rate,
            NullEstablished = result.NullEstablished.Count,
            NullHypotheses = result.NullEstablished.Of,
            Power = result.Discovery.Rate,
            FalseDiscoveryRate = result.FalseDiscoveryRate,
            MeanPairs = result.MeanPairs,
        };
    }

    private static string[] Texts(ITask task, int count, RunSeed seed)
    {
        var random = seed.Stream("truth references", task.Fingerprint);
        return [.. Enumerable.Range(0, count).Select(_ => task.Draw(random)).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Counts over repetitions.</summary>
    private sealed class Tally(CalibrationOptions options)
    {
        private readonly List<double> _falseShares = [];
        private readonly Dictionary<string, (int Discovered, int Planted, List<double> Kappas, List<string> Related)> _bySpec = [];
        private int _falseDiscoveries;
        private int _discoveries;
        private int _nullSites;
        private int _nullSitesWithDiscovery;
        private int _replaced;
        private int _confirmedWhenGiven;
        private int _givenAtHome;
        private int _given;
        private int _falseWhenGiven;
        private int _intervals;
        private int _covered;
        private int _kappas;
        private int _kappaCovered;

        public void Found(IReadOnlyList<KnownSiteOutcome> outcomes)
        {
            Verdicts(outcomes);
            foreach (var outcome in outcomes)
            {
                _replaced += outcome.IsReplaced ? 1 : 0;
                foreach (var (spec, found) in outcome.Site.Planted.Zip(outcome.Found))
                {
                    var (discovered, planted, kappas, related) = _bySpec.GetValueOrDefault(spec.Feature.Hash, (0, 0, [], []));
                    if (found is { Kappa: { } kappa })
                        kappas.Add(kappa);
                    if (found is null)
                        related.AddRange(outcome.Related.Select(r => r.Title).Except(related));
                    _bySpec[spec.Feature.Hash] = (discovered + (found is null ? 0 : 1), planted + 1, kappas, related);
                }
            }
        }

        public void Given(IReadOnlyList<KnownSiteOutcome> outcomes)
        {
            foreach (var outcome in outcomes)
            {
                _givenAtHome += outcome.Site.Planted.Count;
                _confirmedWhenGiven += outcome.Site.Planted.Count(p => outcome.Hypotheses.Any(h =>
                    h.SpecHash == p.Feature.Hash && h.Verdict == HypothesisVerdict.Confirmed));
                _given += outcome.Hypotheses.Count;
                _falseWhenGiven += outcome.False.Count;
            }
        }

        public void Interval(HypothesisRecord measured, (double? Effect, double? Kappa) truth)
        {
            if (measured.EffectCi is { } effect && truth.Effect is { } trueEffect)
            {
                _intervals++;
                _covered += Contains(effect, trueEffect) ? 1 : 0;
            }

            if (measured.KappaCi is { } kappa && truth.Kappa is { } trueKappa)
            {
                _kappas++;
                _kappaCovered += Contains(kappa, trueKappa) ? 1 : 0;
            }
        }

        public CalibrationReport Report(string task, double epsilon)
        {
            var (discovered, planted) = (_bySpec.Values.Sum(s => s.Discovered), _bySpec.Values.Sum(s => s.Planted));
            return new CalibrationReport
            {
                Task = task,
                Noise = options.NoiseRatio,
                Together = options.Together,
                Epsilon = epsilon,
                Repetitions = options.Repetitions,
                DiscoveryRate = Share(discovered, planted),
                Discovered = discovered,
                Planted = planted,
                FalseDiscoveryRate = _falseShares.Average(),
                FalseDiscoveries = _falseDiscoveries,
                Discoveries = _discoveries,
                NullDiscoveryRate = Share(_nullSitesWithDiscovery, _nullSites),
                NullSitesWithDiscovery = _nullSitesWithDiscovery,
                NullSites = _nullSites,
                Replaced = _replaced,
                Power = Share(_confirmedWhenGiven, _givenAtHome),
                ConfirmedWhenGiven = _confirmedWhenGiven,
                FalseWhenGiven = _falseWhenGiven,
                Given = _given,
                Coverage = Share(_covered, _intervals),
                Covered = _covered,
                Intervals = _intervals,
                KappaCoverage = Share(_kappaCovered, _kappas),
                KappaCovered = _kappaCovered,
                KappaIntervals = _kappas,
                BySpec = [.. options.Planted.Select(spec =>
                {
                    var counts = _bySpec[spec.Feature.Hash];
                    return new PlantedSpecReport
                    {
                        Id = spec.Spec.Id,
                        Title = spec.Title,
                        Discovered = counts.Discovered,
                        Planted = counts.Planted,
                        Kappa = counts.Kappas.Count == 0 ? null : counts.Kappas.Average(),
                        Related = counts.Related,
                    };
                })],
            };
        }

        private void Verdicts(IReadOnlyList<KnownSiteOutcome> outcomes)
        {
            var confirmed = outcomes.Sum(o => o.Hypotheses.Count(h => h.Verdict == HypothesisVerdict.Confirmed));
            var wrong = outcomes.Sum(o => o.False.Count);
            (_discoveries, _falseDiscoveries) = (_discoveries + confirmed, _falseDiscoveries + wrong);
            _falseShares.Add(confirmed == 0 ? 0 : (double)wrong / confirmed);
            _nullSites += outcomes.Count(o => o.Site.IsNull);
            _nullSitesWithDiscovery += outcomes.Count(o => o.Site.IsNull && o.False.Count > 0);
        }

        private static bool Contains(ReportInterval interval, double value) => interval.Lower <= value && value <= interval.Upper;

        private static double? Share(int count, int of) => of == 0 ? null : (double)count / of;
    }
}
