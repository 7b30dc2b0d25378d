using System.Globalization;
using System.Text.Json.Nodes;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Statistics.Sequential;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Tests.Reports;

/// <summary>
/// Reports of made-up sweeps over three-digit addition: what a sample copies from its reference is planted, everything
/// else is computed from the labelled samples the way a sweep does.
/// </summary>
internal static class ReportFixture
{
    public const string HostileText = "</script><img src=x onerror=alert(1)>\u202Egnp.exe\u0007 & \"tail'\n=1+1|`*_[link](http://x)";

    private static readonly DateTimeOffset Evening = new(2026, 3, 14, 22, 5, 0, TimeSpan.Zero);

    private static readonly Feature[] Features =
    [
        new("First digit of the first number", "The site carries the hundreds of the first addend.", "chars, {nth: 0}", t => t[..1]),
        new("Tens digit of the second number", "The site carries the tens of the second addend.", "chars, {nth: 5}", t => t.Substring(5, 1)),
        new("Carry out of the tens", "The site says whether the tens add up to ten or more.",
            "{sum: [[chars, {nth: 1}, int], [chars, {nth: 5}, int]]}, {ge: 10}", t => Digit(t, 1) + Digit(t, 5) >= 10 ? "true" : "false"),
        new("Unordered pair of hundreds digits", "The site carries both hundreds digits without their order.",
            "{set: [[chars, {nth: 0}], [chars, {nth: 4}]]}", t => Digit(t, 0) < Digit(t, 4) ? $"{{{t[0]}, {t[4]}}}" : $"{{{t[4]}, {t[0]}}}"),
        new("Sum of the units", "The site carries the sum of the two units digits.",
            "{sum: [[chars, {nth: 2}, int], [chars, {nth: 6}, int]]}", t => (Digit(t, 2) + Digit(t, 6)).ToString(CultureInfo.InvariantCulture)),
        new("Parity of the second number", "The site says whether the second addend is even.", "chars, {nth: 6}, int, {mod: 2}",
            t => (Digit(t, 6) % 2).ToString(CultureInfo.InvariantCulture)),
    ];

    /// <summary>Three sites with a hypothesis of every verdict, hostile text, a fault, and numbers that were not measured.</summary>
    public static ReportDocument Tiny()
    {
        var first = Site(SiteKind.Head, 0, 1, "=");
        var second = Site(SiteKind.Head, 1, 2, "=");
        var confirmed = Hypothesis(first, 0, 0.86, 40, seed: 1) with
        {
            Reviews =
            [
                new ReviewRecord { Verdict = ReviewVerdict.NeedsMore, Author = "Ada", Time = Evening.AddHours(10), Comment = "" },
                new ReviewRecord { Verdict = ReviewVerdict.Accept, Author = "=Bob <b>", Time = Evening.AddHours(12), Comment = HostileText },
            ],
            Corrected = new CorrectedRecord
            {
                Checked = 12,
                Corrections = 2,
                Fcr = 0.84,
                FcrCi = new ReportInterval(0.8, 0.88),
                Chance = 0.11,
                Kappa = 0.82,
                KappaCi = new ReportInterval(0.77, 0.87),
                Accuracy = 10 / 12.0,
                AccuracyCi = new ReportInterval(0.55, 0.95),
            },
        };
        var undecided = Hypothesis(first, 2, 0.35, 12, seed: 2) with
        {
            KappaCi = new ReportInterval(-0.02, 0.7),
            Verdict = HypothesisVerdict.Undecided,
            VerdictReason = "The interval spans 0.10 after 12 references.",
            PassesFdr = false,
        };
        var refuted = Hypothesis(first, 5, 0, 40, seed: 3);
        var hostile = Hypothesis(second, 1, 0.7, 30, seed: 4) with
        {
            Title = "Digit <b>bold</b> | \"x\"",
            Statement = "=cmd()|' \u202Ereversed",
            Author = HypothesisAuthor.Llm,
            Kind = FeatureKind.Llm,
            NoiseCeiling = 0.9,
            KappaOfCeiling = 0.81,
            Counts = new CountsRecord
            {
                References = 30,
                ReferencesUndefined = 2,
                NotMeasured = 1,
                Samples = 960,
                Distinct = 700,
                Matched = 600,
                Mismatched = 200,
                Undefined = 40,
                Failed = 90,
                Truncated = 30,
            },
            Bounds = new ReportInterval(0.62, 0.75),
            Samples =
            [
                new ExampleRecord
                {
                    Reference = HostileText,
                    Label = "<i>",
                    SampleCount = 2,
                    Samples =
                    [
                        new SampleRecord { Text = HostileText, Label = null, Distance = null, Weight = 0.5, Match = false },
                        new SampleRecord { Text = "123+456=579", Label = "<i>", Distance = 0.01, Weight = 0.5, Match = true },
                    ],
                },
            ],
        };
        var degenerate = Untested(second, 4, HypothesisVerdict.Degenerate, "Same partition of the prior as 'Sum of the units'.");
        var failed = Untested(second, 3, HypothesisVerdict.Failed, "The script broke its time limit on 31 % of the texts.");
        return ReportDocument.Of(Sweep("addition-0001", ["L0H1@=", "L1H2@=", "embed@last"], 3, 412, 1_200, 9_600),
        [
            SiteRecord.Of(first, SiteStatus.Done) with
            {
                Verdict = SiteVerdict.PartlyExplained,
                VerdictReason = "One feature confirmed; 3.10 of 6.32 bits are left.",
                Bits = 6.32, BitsCi = new ReportInterval(6.1, 6.5), ExplainedBits = 3.22, ExplainedBitsCi = new ReportInterval(3, 3.4), ResidualBits = 3.1, ResidualBitsCi = new ReportInterval(2.8, 3.4), Ess = 41.5, Epsilon = 0.05, Seconds = 121.25,
                References = new ReferenceCounts { Explore = 200, Confirm = 40, WithoutPosition = 0, NotMeasured = 3, PriorShareWithPosition = 1 },
                Hypotheses = [confirmed, undecided, refuted],
                RefusalRate = 0.12,
                TokenBits = new TokenBitsRecord
                {
                    PriorGap = 0.1,
                    References =
                    [
                        Told("615+861=1476", [1.5, 0.02, -0.31, 0, 2.9, 0.1, 0.4, -0.02, 0, 0, 0, 0, 0]),
                        Told(HostileText, [.. HostileText.Select(_ => 0.5), 1]),
                    ],
                    Positions =
                    [
                        new PositionBits { Position = "@A1", Bits = 1.25, References = 40 },
                        new PositionBits { Position = "@B1", Bits = 2.75, References = 38 },
                    ],
                },
            },
            SiteRecord.Of(second, SiteStatus.Done) with
            {
                Verdict = SiteVerdict.Explained,
                Hypotheses = [hostile, degenerate, failed],
            },
            SiteRecord.Of(new Site(new SiteAddress(SiteKind.Embedding), Position.Last), SiteStatus.Failed) with
            {
                Verdict = SiteVerdict.Failed,
                VerdictReason = "The activation bank could not be written: no space left on the device.",
            },
        ],
        [
            new KnownSiteRecord
            {
                Planted = "1st character", PlantedHash = SpecHash(0), NoiseRatio = 0.5, Result = KnownSiteResult.Found,
                Feature = "1st character", Kappa = 0.97, KappaCi = new ReportInterval(0.95, 0.99), Tested = 1, Confirmed = 1,
            },
            new KnownSiteRecord
            {
                Planted = "Number | <b>", PlantedHash = SpecHash(1), NoiseRatio = 0.5, Result = KnownSiteResult.Missed,
                Tested = 0, Confirmed = 0,
            },
            new KnownSiteRecord
            {
                Result = KnownSiteResult.Quiet, Feature = "1st character", Kappa = 0.01, KappaCi = new ReportInterval(-0.03, 0.04),
                Tested = 2, Confirmed = 0,
            },
        ],
        taskVector: TaskVector());
    }

    /// <summary>The source's whole answer moves at layer 1; its task alone at layer 0; layer 2 broke.</summary>
    public static TaskVectorRecord TaskVector(string text = HostileText)
    {
        TaskVectorSiteRecord Site(int layer, int success, int source, int kept) =>
            TaskVectorSiteRecord.Of(new Site(new SiteAddress(SiteKind.Attention, layer), Position.Last), SiteStatus.Done) with
            {
                Success = Share(success, 40),
                SourceAnswer = Share(source, 40),
                Kept = Share(kept, 40),
                Other = Share(40 - success - source - kept, 40),
                SameTaskSuccess = Share(0, 36),
                SameTaskAnswer = Share(source * 36 / 40, 36),
                SameTaskKept = Share(30 - source * 36 / 40, 36),
                NotMeasured = 0,
                SameTaskNotMeasured = 0,
            };
        return new TaskVectorRecord
        {
            PairsWanted = 60,
            Pairs = 50,
            Sources = 50,
            PairsUsed = 40,
            TargetAccuracy = Share(46, 50),
            SourceAccuracy = Share(44, 50),
            SameTaskAccuracy = Share(45, 50),
            Sites =
            [
                Site(0, 32, 2, 5), Site(1, 1, 31, 6),
                TaskVectorSiteRecord.Of(new Site(new SiteAddress(SiteKind.Attention, 2), Position.Last), SiteStatus.Failed) with { Reason = text },
            ],
            Examples = [new TaskVectorExample { Target = text, Source = "cat → chat\ndog →", OwnAnswer = "perro", SourceAnswer = "chien", MovedAnswer = text }],
        };
    }

    private static RateRecord Share(int count, int of) => TaskVectorExperiment.Rate([.. Enumerable.Range(0, of).Select(i => (i < count, $"{i}"))])!;

    /// <summary>A night over many heads: most encode nothing that was tried, some encode one or two features.</summary>
    public static ReportDocument Night(int layers, int heads, IReadOnlyList<string> positions, int perSite, long seed)
    {
        var chance = new RunSeed(seed).Stream("night");
        var sites = new List<SiteRecord>();
        foreach (var position in positions)
        {
            for (var layer = 0; layer < layers; layer++)
            {
                for (var head = 0; head < heads; head++)
                    sites.Add(NightSite(Site(SiteKind.Head, layer, head, position), perSite, chance));
            }
        }

        return ReportDocument.Of(
            Sweep("addition-0042", [.. positions.Select(p => $"L*H*@{p}")], sites.Count, 611.4, 1_228_800, 9_830_400), sites);
    }

    public static HypothesisRecord Hypothesis(Site site, int feature, double copied, int references, long seed)
    {
        var f = Features[feature];
        var random = new RunSeed(seed).Stream("fixture", site.ToString(), f.Title);
        var pool = new TextPool();
        var collector = new EvidenceCollector(pool, id => f.Label(pool[id]));
        var rates = new List<double>();
        int matched = 0, samples = 0;
        for (var r = 0; r < references; r++)
        {
            var reference = Draw(random);
            var label = f.Label(reference);
            var ids = new int[32];
            var weights = new float[32];
            var distances = new float[32];
            for (var i = 0; i < 32; i++)
            {
                var copy = random.NextDouble() < copied;
                string text;
                do
                    text = Draw(random);
                while (copy && f.Label(text) != label);
                ids[i] = pool.Add(text);
                weights[i] = 1 / 32f;
                distances[i] = (float)(0.045 * random.NextDouble() * (copy ? 0.8 : 1) + 0.002);
                matched += f.Label(text) == label ? 1 : 0;
                samples++;
            }

            rates.Add(ids.Count(i => f.Label(pool[i]) == label) / 32.0);
            collector.Add(label, new SampleSet(pool.Add(reference), ids, weights, distances, 20 + 10 * random.NextDouble(), 400, Bits: 8));
        }

        var chance = Chance(f);
        var fcr = rates.Average();
        var kappa = (fcr - chance) / (1 - chance);
        var half = 0.5 / Math.Sqrt(references);
        var interval = new ReportInterval(kappa - half, Math.Min(1, kappa + half));
        var pairs = references / 2;
        var verdict = interval.Lower >= 0.1 ? HypothesisVerdict.Confirmed
            : interval.Upper < 0.1 ? HypothesisVerdict.Refuted
            : HypothesisVerdict.Undecided;
        var log10 = pairs * Math.Log10(1 + 0.8 * Math.Max(-0.01, kappa)) - 0.5;
        var yaml = $"schema: inversescope/feature-spec/v1\nid: addition.f{feature}\ntitle: {f.Title}\nrule: [{f.Rule}]\n";
        return new HypothesisRecord
        {
            Id = $"{site}/{SpecHash(feature)[..8]}",
            Site = site.ToString(),
            Title = f.Title,
            Statement = f.Statement,
            Kind = FeatureKind.Rule,
            Spec = new JsonObject { ["schema"] = "inversescope/feature-spec/v1", ["id"] = $"addition.f{feature}", ["title"] = f.Title },
            SpecYaml = yaml,
            SpecHash = SpecHash(feature),
            Author = feature == 0 ? HypothesisAuthor.Person : HypothesisAuthor.Symbolic,
            Phase = HypothesisPhase.Confirm,
            Fcr = fcr,
            FcrCi = new ReportInterval(Math.Max(0, fcr - half * (1 - chance)), Math.Min(1, fcr + half * (1 - chance))),
            Chance = chance,
            Kappa = kappa,
            KappaCi = interval,
            EValue = Math.Pow(10, log10),
            Log10EValue = log10,
            PassesFdr = verdict == HypothesisVerdict.Confirmed,
            Bits = Math.Max(0, 3.2 * kappa),
            BitsCi = new ReportInterval(Math.Max(0, 3.2 * kappa - 0.2), Math.Max(0, 3.2 * kappa + 0.2)),
            LabelEntropy = 3.21,
            Labels = 9,
            Effect = kappa,
            EffectCi = interval,
            SelectedCi = verdict == HypothesisVerdict.Confirmed ? new ReportInterval(interval.Lower - 0.02, interval.Upper) : null,
            PValue = verdict == HypothesisVerdict.Confirmed ? 0.0005 : 0.2,
            Pairs = pairs,
            Stop = verdict switch
            {
                HypothesisVerdict.Confirmed => StopReason.Established,
                HypothesisVerdict.Refuted => StopReason.Futile,
                _ => StopReason.Budget,
            },
            Counts = new CountsRecord
            {
                References = references,
                ReferencesUndefined = 0,
                NotMeasured = 2,
                Samples = samples,
                Distinct = pool.Count,
                Matched = matched,
                Mismatched = samples - matched,
                Undefined = 0,
                Failed = 0,
                Truncated = 0,
            },
            Bounds = new ReportInterval(fcr, fcr),
            Ess = 24.6,
            Controls =
            [
                new ControlRecord
                {
                    Name = "references swapped", Expected = "κ near 0", Fcr = chance + 0.004, Kappa = 0.01,
                    KappaCi = new ReportInterval(-0.04, 0.06), AsExpected = true,
                },
                new ControlRecord { Name = "unconditional samples", Expected = "rate near chance" },
            ],
            Causal = verdict != HypothesisVerdict.Confirmed ? null : new CausalRecord
            {
                References = 40,
                Donors = 2,
                KlSharing = 0.21,
                KlOther = kappa > 0.5 ? 3.4 : 0.22,
                KlDifference = kappa > 0.5 ? 3.19 : 0.01,
                KlDifferenceCi = kappa > 0.5 ? new ReportInterval(2.7, 3.6) : new ReportInterval(-0.01, 0.03),
                AnswerProbability = 0.93,
                AnswerProbabilitySharing = 0.88,
                AnswerProbabilityOther = kappa > 0.5 ? 0.31 : 0.87,
            },
            Verdict = verdict,
            VerdictReason = verdict switch
            {
                HypothesisVerdict.Confirmed => "Selected at a false discovery rate of 5 %, and κ lies above 0.10.",
                HypothesisVerdict.Refuted => "The upper bound of κ lies below 0.10.",
                _ => $"The interval spans 0.10 after {references} references.",
            },
            Explore = new ExploreRecord { References = 200, Fcr = fcr + 0.012, Chance = chance, Kappa = kappa + 0.012, Bits = 3.2 * Math.Max(0, kappa) },
            LabelTable = collector.LabelTable(),
            Evidence = new EvidenceRecord { MatchHistogram = collector.MatchHistogram(), Sequence = Sequence(kappa, pairs) },
            Samples = collector.Examples(),
            Trail = Trail(kappa),
            Command = $"inversescope spec eval specs/addition.f{feature}.yaml --sites {site} --seed 7",
        };
    }

    public static Site Site(SiteKind kind, int layer, int head, string position) =>
        new(new SiteAddress(kind, layer, head), new Position.Named(position));

    private static SiteRecord NightSite(Site site, int perSite, RandomStream chance)
    {
        var strong = chance.NextDouble() < 0.25;
        var hypotheses = new List<HypothesisRecord>();
        for (var k = 0; k < perSite; k++)
        {
            var copied = strong && k < 2 ? 0.3 + 0.65 * chance.NextDouble() : chance.NextDouble() < 0.1 ? 0.15 : 0;
            hypotheses.Add(Hypothesis(site, (chance.NextInt(2) + k * 2) % Features.Length, copied, 60, chance.NextInt(1_000_000)));
        }

        hypotheses = [.. hypotheses.DistinctBy(h => h.SpecHash)];
        var confirmed = hypotheses.Where(h => h.Verdict == HypothesisVerdict.Confirmed).ToList();
        var explained = confirmed.Sum(h => h.Bits ?? 0);
        var bits = explained + chance.NextDouble() * 2;
        return SiteRecord.Of(site, SiteStatus.Done) with
        {
            Verdict = confirmed.Count == 0 ? SiteVerdict.EncodesNoneOfWhatWasTried
                : bits - explained < 0.5 ? SiteVerdict.Explained
                : SiteVerdict.PartlyExplained,
            VerdictReason = $"{hypotheses.Count} tried, {confirmed.Count} confirmed.",
            Bits = bits,
            ExplainedBits = explained,
            ResidualBits = bits - explained,
            Ess = 24.6,
            Epsilon = 0.05,
            Seconds = 4.2,
            References = new ReferenceCounts { Explore = 200, Confirm = 60, WithoutPosition = 0, NotMeasured = 2, PriorShareWithPosition = 1 },
            Hypotheses = hypotheses,
        };
    }

    private static ReferenceTokens Told(string text, double[] bits) => new()
    {
        Reference = text,
        Bits = bits.Sum(),
        Tokens = [.. text.Select(c => c.ToString()).Append("").Zip(bits, (token, b) => new TokenBitsOf { Token = token, Bits = b })],
    };

    private static HypothesisRecord Untested(Site site, int feature, HypothesisVerdict verdict, string reason) => new()
    {
        Id = $"{site}/{SpecHash(feature)[..8]}",
        Site = site.ToString(),
        Title = Features[feature].Title,
        Kind = verdict == HypothesisVerdict.Failed ? FeatureKind.Script : FeatureKind.Rule,
        SpecHash = SpecHash(feature),
        Author = HypothesisAuthor.Symbolic,
        Phase = HypothesisPhase.Explore,
        Verdict = verdict,
        VerdictReason = reason,
    };

    private static SweepRecord Sweep(
        string id, IReadOnlyList<string> patterns, int sites, double seconds, long samples, long labels) => new()
        {
            Id = id,
            Name = "addition",
            Task = "addition",
            TaskFingerprint = "addition/1",
            TaskSize = 810_000,
            Model = new TargetDescription(
            "addition", "gpt2", "9f2b7c04d1e6a83355be0c7719d4a2f06e8b1c93d7405f6a2b8e9c1d3f507a64", 2, 4, 64, 256, 15, 12),
            Sites = patterns,
            Samplers = [SamplerKind.Bank],
            Options = new OptionsRecord
            {
                Measurement = new MeasurementOptions(),
                ExploreReferences = 200,
                ConfirmReferences = 60,
                MinimumKappa = 0.1,
                FalseDiscoveryRate = 0.05,
                Confidence = 0.95,
                Search = new JsonObject { ["max_proposals"] = 6 },
                BudgetMinutes = null,
            },
            Seeds = new Dictionary<string, long> { ["run"] = 7 },
            Versions = new Dictionary<string, string> { ["inversescope"] = "0.1.0", ["dotnet"] = "10.0.1", ["libtorch"] = "2.10.0" },
            Started = Evening,
            Finished = Evening.AddSeconds(seconds),
            State = SweepState.Finished,
            StopReason = "finished",
            Cost = new CostRecord
            {
                WallSeconds = seconds,
                Samples = samples,
                Labels = labels,
                TargetTexts = 20_000L * sites,
                PeakMemoryBytes = 1_310_000_000,
            },
            Command = "inversescope sweep run sweeps/addition.yaml --seed 7",
        };

    private static List<SequencePoint> Sequence(double effect, int pairs)
    {
        var points = new List<SequencePoint>();
        for (var t = 1; t <= pairs; t++)
        {
            var half = Math.Min(1, 1.6 / Math.Sqrt(t));
            points.Add(new SequencePoint(
                t, effect + 0.1 * Math.Sin(t) / Math.Sqrt(t), Math.Max(-1, effect - half), Math.Min(1, effect + half)));
        }

        return [.. EvidenceCollector.Thin(points)];
    }

    private static List<TrailStep> Trail(double kappa) =>
    [
        new() { Time = Evening.AddSeconds(12), Step = "propose", Detail = "Rank 1 of 6 by bits for each step of the rule.", InputsHash = "0a1b2c3d4e5f" },
        new() { Time = Evening.AddSeconds(13), Step = "compile", Detail = "No label undefined on 1,000 texts of the prior.", InputsHash = "1b2c3d4e5f60" },
        new() { Time = Evening.AddSeconds(15), Step = "score on explore", Detail = $"κ {(kappa + 0.012).ToString("0.00", CultureInfo.InvariantCulture)} on 200 references.", InputsHash = "2c3d4e5f6071" },
        new() { Time = Evening.AddSeconds(31), Step = "confirm", Detail = "Tested once on untouched references.", InputsHash = "3d4e5f607182" },
    ];

    private static string SpecHash(int feature) =>
        string.Concat(Enumerable.Repeat((0x9e3779b97f4a7c15UL * (ulong)(feature + 1)).ToString("x16", CultureInfo.InvariantCulture), 4));

    private static double Chance(Feature feature)
    {
        var random = new RunSeed(99).Stream("prior");
        var labels = Enumerable.Range(0, 2_000).Select(_ => feature.Label(Draw(random))).CountBy(l => l).ToList();
        return labels.Sum(l => l.Value / 2_000.0 * (l.Value / 2_000.0));
    }

    private static string Draw(RandomStream random)
    {
        var a = 100 + random.NextInt(900);
        var b = 100 + random.NextInt(900);
        return string.Create(CultureInfo.InvariantCulture, $"{a}+{b}={a + b}");
    }

    private static int Digit(string text, int at) => text[at] - '0';

    private sealed record Feature(string Title, string Statement, string Rule, Func<string, string> Label);
}
