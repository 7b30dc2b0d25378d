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

/// <summary>What hypotheses at a site are measured on.</summary>
/// <param name="Samples">References with their samples.</param>
/// <param name="Prior">The texts that chance and entropies are taken over.</param>
/// <param name="Texts">The pool that text ids belong to.</param>
public sealed record MeasuredSite(Site Site, SiteSamples Samples, PriorSample Prior, TextPool Texts);

/// <summary>A hypothesis as measured, before any verdict: that waits for the others it is decided with.</summary>
/// <param name="Record">Complete but for verdict and selection.</param>
/// <param name="Consistency">Rates on the fixed sample of all references.</param>
/// <param name="Test">The sequential test as it ended, on which the verdict rests.</param>
public sealed record MeasuredHypothesis(
    HypothesisRecord Record, FeatureConsistency Consistency, SequentialTestState Test);

/// <summary>
/// Measures one hypothesis at one site on references that no proposer saw. All references make up a fixed sample, decided
/// beforehand: consistency, chance, κ, bits and the permutation test are of that. The verdict rests on a sequential test
/// of the pair-swap effect, which takes pairs of these references in random order and ends by its own rule.
/// </summary>
/// <param name="site">The confirm references.</param>
/// <param name="randomTarget">The same references at the same site of a target with random weights; null for none.</param>
/// <param name="minimumEss">References below it are not measured.</param>
/// <param name="rule">When the sequential test ends.</param>
/// <param name="seed">Chance of pairs, bootstrap and controls; each draws from a stream of its own.</param>
public sealed class HypothesisTest(
    MeasuredSite site, MeasuredSite? randomTarget, double minimumEss, SequentialTestOptions rule, RunSeed seed)
{
    private const double Confidence = 0.95;
    private const int UnconditionalDraws = 20_000;

    // One control in twenty misses 0 by chance alone; a control is off only if it is off by an amount that matters.
    private const double ControlTolerance = 0.05;

    // What a control must show does not need every neighbour of an enumerated prior.
    private const int ControlSamples = 256;

    private readonly string _siteName = site.Site.ToString();
    private readonly SampleSet[] _forControls =
        [.. site.Samples.Sets.Select(s => s.Thinned(ControlSamples, seed.Stream("controls", site.Site.ToString(), site.Texts[s.Reference])))];

    /// <param name="labels">The draft's feature over the site's pool.</param>
    /// <param name="randomLabels">The same over the pool of the random-weight target; null without one.</param>
    /// <param name="phase">Which references these are.</param>
    /// <param name="agreement">
    /// How far a labeller that errs agrees with itself; null where labels are deterministic.
    /// </param>
    public MeasuredHypothesis Measure(
        HypothesisDraft draft, LabelColumn labels, LabelColumn? randomLabels, HypothesisPhase phase,
        LabellerAgreement? agreement = null, CancellationToken cancel = default)
    {
        var hash = draft.Feature.Hash;
        var ranked = RankedLabels.Over(site, labels, cancel);
        var references = ReferenceClusters.Of(LabelledSamples.Of(site.Samples.Sets, ranked), minimumEss);
        var priorShares = site.Prior.Shares(ranked);
        var measured = FeatureConsistency.Measure(references, priorShares, Stream("bootstrap", hash), Confidence);
        var (test, points) = Test(references, hash);
        var bits = FeatureBits.Measure(references, Stream("bits", hash), Confidence, site.Prior.IsExact ? priorShares : null);
        var collector = new EvidenceCollector(site.Texts, labels.Label);
        foreach (var set in site.Samples.Sets)
        {
            if (set.Ess >= minimumEss && labels.Label(set.Reference) is { } label)
                collector.Add(label, set);
        }

        var any = test.Pairs > 0;
        var logE = any ? test.LogEValue / Math.Log(10) : (double?)null;
        var record = new HypothesisRecord
        {
            Id = $"{_siteName}/{hash[..12]}",
            Site = _siteName,
            Title = draft.Title,
            Statement = draft.Spec.Hypothesis,
            Kind = draft.Spec switch { { Script: not null } => FeatureKind.Script, { Llm: not null } => FeatureKind.Llm, _ => FeatureKind.Rule },
            Spec = (JsonObject)JsonNode.Parse(FeatureSpecText.Print(draft.Spec, SpecFormat.Json))!,
            SpecYaml = FeatureSpecText.Print(draft.Spec, SpecFormat.Yaml),
            SpecHash = hash,
            Author = draft.Author,
            Phase = phase,
            Fcr = measured.Fcr,
            FcrCi = ReportInterval.Of(measured.FcrInterval),
            Chance = measured.Chance,
            Kappa = measured.Kappa,
            KappaCi = ReportInterval.Of(measured.KappaInterval),
            KappaOfCeiling = measured.Kappa is { } kappa ? agreement?.Disattenuate(kappa) : null,
            KappaOfCeilingCi = measured.KappaInterval is { } interval ? ReportInterval.Of(agreement?.Disattenuate(interval)) : null,
            NoiseCeiling = agreement?.Agreement,
            PValue = measured.HasVariation ? PermutationTest.PValue(references, Stream("permutations", hash)) : null,
            EValue = any ? test.EValue : null,
            Log10EValue = logE,
            Bits = bits?.Bits,
            BitsCi = ReportInterval.Of(bits?.Interval),
            LabelEntropy = bits?.LabelEntropy,
            Labels = references.Clusters.Select(c => c.Label).Distinct().Count(),
            Effect = test.Effect,
            EffectCi = ReportInterval.Of(test.EffectInterval),
            Pairs = test.Pairs,
            Stop = test.Stop,
            Counts = CountsOf(measured.Counts),
            Bounds = ReportInterval.Of(measured.MissingBounds),
            Ess = measured.MeanEss,
            Controls = Controls(ranked, randomLabels, hash, measured, priorShares, cancel),
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
        return new MeasuredHypothesis(record, measured, test.State);
    }

    private (SequentialTest Test, List<SequencePoint> Points) Test(ReferenceClusters references, string hash)
    {
        var test = new SequentialTest(rule);
        var points = new List<SequencePoint>();
        foreach (var effect in PairSwap.Effects(references, Stream("pairs", hash)))
        {
            var stop = test.Observe(effect);
            var interval = test.EffectInterval!.Value;
            points.Add(new SequencePoint(test.Pairs, test.Effect, interval.Low, interval.High));
            if (stop is not null)
                break;
        }

        test.Conclude();
        return (test, points);
    }

    private List<ControlRecord> Controls(
        RankedLabels labels, LabelColumn? randomLabels, string hash, FeatureConsistency measured, double[] priorShares,
        CancellationToken cancel)
    {
        var own = LabelledSamples.Of(_forControls, labels);
        var draws = Stream("unconditional", hash);
        int[] drawn = [.. Enumerable.Range(0, UnconditionalDraws).Select(_ => site.Prior.Draw(draws))];
        var drawnLabels = Array.ConvertAll(drawn, t => labels[t]);
        var controls = new List<ControlRecord>
        {
            Control("references swapped", "κ about 0", Core.Consistency.Controls.SwappedReferences(own, Stream("swapped", hash)), priorShares),
            Control("labels shuffled", "κ about 0", Core.Consistency.Controls.ShuffledLabels(own, Stream("shuffled", hash)), priorShares),
            Control(
                "unconditional samples", "κ about 0, rate about chance",
                Core.Consistency.Controls.UnconditionalSamples(own, drawn, drawnLabels, draws), priorShares),
        };
        if (randomTarget is not null && randomLabels is not null)
        {
            var ranked = RankedLabels.Over(randomTarget, randomLabels, cancel);
            var random = Control(
                "random-weight target", "κ about 0, or far below: what is left is copying of tokens",
                LabelledSamples.Of(randomTarget.Samples.Sets, ranked), randomTarget.Prior.Shares(ranked));
            // Random weights pass some tokens on; the control is off where they explain as much as training does.
            var below = random.KappaCi is { } left && measured.KappaInterval is { } trained && left.Upper < trained.Low;
            controls.Add(random.AsExpected is null ? random : random with { AsExpected = random.AsExpected == true || below });
        }

        return controls;

        ControlRecord Control(string name, string expected, LabelledReference[] references, double[] shares)
        {
            var under = FeatureConsistency.Measure(references, minimumEss, shares, Stream($"{name} bootstrap", hash), Confidence);
            return new ControlRecord
            {
                Name = name,
                Expected = expected,
                Fcr = under.Fcr,
                Chance = under.Chance,
                Kappa = under.Kappa,
                KappaCi = ReportInterval.Of(under.KappaInterval),
                AsExpected = measured.HasVariation && under.KappaInterval is { } interval
                    ? interval.Low <= ControlTolerance && interval.High >= -ControlTolerance
                    : null,
            };
        }
    }

    private RandomStream Stream(string name, string hash) => seed.Stream(name, _siteName, hash);

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
}
