using System.Text.Json.Nodes;
using InverseScope.Core.Consistency;
using InverseScope.Core.Information;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics.Sequential;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>
/// Measures one hypothesis at one site on references that no proposer saw: consistency, chance, κ, pair-swap effect
/// with its e-value, bits, controls and the evidence a reviewer wants to see. The verdict comes later, when all
/// hypotheses of the sweep are measured.
/// </summary>
/// <param name="site">The site.</param>
/// <param name="samples">Its confirm references with their samples.</param>
/// <param name="texts">The pool that text ids belong to.</param>
/// <param name="priorTexts">How many texts of the pool, from the first, make up the prior sample.</param>
/// <param name="minimumEss">References below it are not measured.</param>
/// <param name="seed">Chance of pairs, bootstrap and controls; each draws from a stream of its own.</param>
public sealed class HypothesisTest(
    Site site, SiteSamples samples, TextPool texts, int priorTexts, double minimumEss, RunSeed seed)
{
    private const double Alpha = 0.05;

    /// <summary>What was measured, with everything a verdict needs.</summary>
    /// <param name="Record">Complete but for id, verdict and FDR selection.</param>
    /// <param name="Consistency">The numbers that the verdict rests on.</param>
    public sealed record Outcome(HypothesisRecord Record, FeatureConsistency Consistency);

    /// <param name="labels">The draft's feature over the pool.</param>
    /// <param name="phase">Which references these are.</param>
    public Outcome Measure(HypothesisDraft draft, LabelColumn labels, HypothesisPhase phase)
    {
        var hash = draft.Feature.Hash;
        var siteName = site.ToString();
        var references = ReferenceClusters.Of(LabelledSamples.Own(samples.Sets, labels), minimumEss);
        var measured = FeatureConsistency.Measure(references, bootstrap: seed.Stream("bootstrap", siteName, hash));
        var effects = PairSwap.Effects(references, seed.Stream("pairs", siteName, hash));
        var (evidence, sequence, points) = (new EProcess(), new BettingSequence(Alpha), new List<SequencePoint>());
        double sum = 0;
        foreach (var effect in effects)
        {
            evidence.Observe(effect);
            sequence.Observe(0.5 * (effect + 1));
            sum += effect;
            var interval = sequence.Interval.Map(2, -1);
            points.Add(new SequencePoint(points.Count + 1, sum / (points.Count + 1), interval.Low, interval.High));
        }

        var bits = FeatureBits.Measure(references, seed.Stream("bits", siteName, hash));
        var collector = new EvidenceCollector(texts, labels.Label);
        foreach (var set in samples.Sets)
        {
            if (set.Ess >= minimumEss && labels.Label(set.Reference) is { } label)
                collector.Add(label, set);
        }

        var any = effects.Length > 0;
        var record = new HypothesisRecord
        {
            Id = $"{siteName}/{hash[..12]}",
            Site = siteName,
            Title = draft.Title,
            Statement = draft.Spec.Hypothesis,
            Kind = draft.Spec switch { { Script: not null } => FeatureKind.Script, { Llm: not null } => FeatureKind.Llm, _ => FeatureKind.Rule },
            Spec = (JsonObject)JsonNode.Parse(FeatureSpecText.Print(draft.Spec, SpecFormat.Json))!,
            SpecYaml = FeatureSpecText.Print(draft.Spec, SpecFormat.Yaml),
            SpecHash = hash,
            Author = draft.Author,
            Phase = phase,
            Fcr = measured.Fcr,
            FcrCi = Of(measured.FcrInterval),
            Chance = measured.Chance,
            Kappa = measured.Kappa,
            KappaCi = Of(measured.KappaInterval),
            EValue = any ? evidence.Value : null,
            Log10EValue = any ? evidence.LogValue / Math.Log(10) : null,
            Bits = bits?.Bits,
            BitsCi = Of(bits?.Interval),
            LabelEntropy = bits?.LabelEntropy,
            Labels = references.Clusters.Select(c => c.Label).Distinct().Count(),
            Effect = any ? sum / effects.Length : null,
            EffectCi = any ? new ReportInterval(points[^1].Lower, points[^1].Upper) : null,
            Pairs = effects.Length,
            Counts = CountsOf(measured.Counts),
            Bounds = Of(measured.MissingBounds),
            Ess = measured.MeanEss,
            Controls = Controls(labels, hash, measured),
            Explore = draft.Explore,
            LabelTable = collector.LabelTable(),
            Evidence = new EvidenceRecord
            {
                MatchHistogram = collector.MatchHistogram(),
                Sequence = any ? EvidenceCollector.Thin(points) : null,
            },
            Samples = collector.Examples(),
            Trail = draft.Trail,
            Verdict = HypothesisVerdict.Undecided,
            VerdictReason = "not yet decided",
        };
        return new Outcome(record, measured);
    }

    private List<ControlRecord> Controls(LabelColumn labels, string hash, FeatureConsistency measured)
    {
        var siteName = site.ToString();
        var swapped = FeatureConsistency.Measure(
            LabelledSamples.Swapped(samples.Sets, labels, seed.Stream("swapped", siteName, hash)), minimumEss,
            bootstrap: seed.Stream("swapped bootstrap", siteName, hash));
        var unconditional = FeatureConsistency.Measure(
            LabelledSamples.Unconditional(samples.Sets, labels, priorTexts, seed.Stream("unconditional", siteName, hash)),
            minimumEss, bootstrap: seed.Stream("unconditional bootstrap", siteName, hash));
        return
        [
            Control("references swapped", "κ about 0", swapped),
            Control("unconditional samples", "κ about 0, rate about chance", unconditional),
        ];

        ControlRecord Control(string name, string expected, FeatureConsistency under) => new()
        {
            Name = name,
            Expected = expected,
            Fcr = under.Fcr,
            Kappa = under.Kappa,
            KappaCi = Of(under.KappaInterval),
            AsExpected = measured.HasVariation && under.KappaInterval is { } interval
                ? interval.Low <= ControlTolerance && interval.High >= -ControlTolerance
                : null,
        };
    }

    // One control in twenty misses 0 by chance alone; a control is off only if it is off by an amount that matters.
    private const double ControlTolerance = 0.05;

    private static CountsRecord CountsOf(ConsistencyCounts counts) => new()
    {
        References = counts.Measured,
        ReferencesUndefined = counts.UndefinedReferences,
        NotMeasured = counts.NotMeasured,
        Samples = counts.Samples,
        Distinct = counts.Distinct,
        Matched = counts.Matched,
        Mismatched = counts.Mismatched,
        Undefined = counts.Undefined,
        Failed = counts.Failed,
        Truncated = counts.Truncated,
    };

    private static ReportInterval? Of(Core.Statistics.Interval? interval) =>
        interval is { } i ? new ReportInterval(i.Low, i.High) : null;
}
