using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics.Sequential;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Reports;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Evaluation;

public sealed class HypothesisTestTests
{
    private static readonly RunSeed Seed = new(5);
    private static readonly ITask Addition = new TaskCatalog().Find("addition");
    private static readonly Site Planted = SitePattern.ExpandAll(["L0H0"], 1, 1)[0];
    private static readonly SequentialTestOptions Rule = new() { Evidence = 100 };

    [Fact]
    public void Every_control_is_measured_and_quiet_where_a_feature_is_carried()
    {
        using var trained = Backend(t => t[..1]);
        using var random = Backend(t => t[2..3]);

        var record = Measure(trained, random, Digit()).Record;

        Assert.Equal(
            ["references swapped", "labels shuffled", "unconditional samples", "random-weight target"],
            record.Controls.Select(c => c.Name));
        Assert.All(record.Controls, c => Assert.True(c.AsExpected, $"{c.Name}: κ = {c.Kappa}"));
        Assert.All(record.Controls, c => Assert.NotNull(c.Chance));
        Assert.True(record.Kappa > 0.9);
        Assert.Equal(1 / 2_000.0, record.PValue!.Value, 12);
    }

    [Fact]
    public void A_target_with_random_weights_that_shows_the_feature_as_well_is_told()
    {
        using var trained = Backend(t => t[..1]);
        using var random = Backend(t => t[..1]);

        var control = Measure(trained, random, Digit()).Record.Controls[^1];

        Assert.Equal(("random-weight target", false), (control.Name, control.AsExpected));
    }

    [Fact]
    public void The_test_stops_when_it_is_sure_and_the_rates_are_of_all_references_all_the_same()
    {
        using var trained = Backend(t => t[..1]);

        var (record, _, test) = Measure(trained, null, Digit());

        Assert.Equal(StopReason.Established, record.Stop);
        Assert.InRange(record.Pairs!.Value, 5, 40);
        Assert.Equal(record.Pairs, test.Effects.Length);
        Assert.Equal(120, record.Counts.References);
        Assert.Equal(record.Pairs, record.Evidence.Sequence![^1].Pairs);
    }

    [Fact]
    public void Chance_is_taken_over_the_prior()
    {
        using var trained = Backend(t => t[2..3]);
        var samples = Sample(trained);
        var labels = RankedLabels.Over(Measured(trained), new LabelColumn(Digit().Feature, trained.Texts), default);
        var prior = PriorSample.Of(trained, Planted, samples, Seed).Shares(labels);

        var record = Measure(trained, null, Digit()).Record;

        var references = samples.Sets.Where(s => s.Ess >= 5).Select(s => labels[s.Reference]).ToArray();
        Assert.Equal(references.Average(v => prior[v]), record.Chance!.Value, 9);
    }

    [Fact]
    public void The_order_in_which_texts_were_labelled_before_does_not_change_a_digit()
    {
        // As in a sweep that was killed: other sites, with other samples, were labelled first.
        using var trained = Backend(t => t[2..3]);
        using var random = Backend(t => t[1..2]);
        var (first, second) = (Record(reversed: false), Record(reversed: true));

        Assert.Equal(first, second);

        string Record(bool reversed)
        {
            var (own, other) = (Measured(trained), Measured(random));
            var (labels, randomLabels) = (new LabelColumn(Digit().Feature, trained.Texts), new LabelColumn(Digit().Feature, random.Texts));
            for (var i = 0; reversed && i < trained.PriorTexts; i++)
                _ = (labels[trained.PriorTexts - 1 - i], randomLabels[random.PriorTexts - 1 - i]);
            var record = new HypothesisTest(own, other, 5, Rule, Seed).Measure(Digit(), labels, randomLabels, HypothesisPhase.Confirm).Record;
            return System.Text.Json.JsonSerializer.Serialize(record, ReportJson.LineOptions);
        }
    }

    [Fact]
    public void A_labeller_that_errs_has_its_ceiling_and_kappa_is_told_relative_to_it()
    {
        using var trained = Backend(t => t[..1]);
        int[] first = [.. Enumerable.Range(0, 400).Select(i => i % 9)];
        int[] second = [.. first.Select((v, i) => i % 5 == 0 ? (v + 1) % 9 : v)];
        var agreement = LabellerAgreement.Measure(first, second, Seed.Stream("agreement"))!;

        var record = Measure(trained, null, Digit(), agreement).Record;

        Assert.Equal(0.8, record.NoiseCeiling!.Value, 9);
        Assert.Equal(record.Kappa!.Value / agreement.Kappa!.Value, record.KappaOfCeiling!.Value, 9);
        Assert.True(record.KappaOfCeilingCi!.Value.Lower <= record.KappaOfCeiling && record.KappaOfCeiling <= record.KappaOfCeilingCi.Value.Upper);
        Assert.Null(Measure(trained, null, Digit()).Record.NoiseCeiling);
    }

    [Fact]
    public void The_texts_that_partitions_are_compared_on_are_drawn_from_the_whole_of_an_enumeration()
    {
        // The first two thousand additions all begin with 10: every feature of the first digits would be one with any other.
        using var enumerated = new EnumeratedBackend();
        var prior = PriorSample.Of(enumerated, Planted, new SiteSamples([], [], 1, enumerated.PriorTexts), Seed);

        var codes = prior.Partition(new LabelColumn(Digit().Feature, enumerated.Texts), default);

        Assert.Equal(9, codes.Distinct().Count());
    }

    [Fact]
    public void Draws_from_the_prior_come_as_often_as_their_weight_says()
    {
        using var weighted = new EnumeratedBackend { PriorWeights = [.. Enumerable.Range(0, EnumeratedBackend.Rows).Select(i => i < 10 ? 1.0 : 0)] };
        var prior = PriorSample.Of(weighted, Planted, new SiteSamples([], [], 1, weighted.PriorTexts), Seed);
        var random = Seed.Stream("draws");

        var drawn = Enumerable.Range(0, 2_000).Select(_ => prior.Draw(random)).CountBy(t => t).ToArray();

        Assert.Equal(10, drawn.Length);
        Assert.All(drawn, d => Assert.InRange(d.Value, 150, 250));
    }

    private static HypothesisDraft Digit()
    {
        var compiled = FeatureCompiler.Compile(
            "schema: inversescope/feature-spec/v1\nid: d\nrule: [chars, first]\n", new CompileContext()).OrThrow("d.yaml");
        return new HypothesisDraft(compiled.Spec, compiled.Feature, HypothesisAuthor.Person, null, []);
    }

    private static MeasuredHypothesis Measure(
        PlantedBackend trained, PlantedBackend? random, HypothesisDraft draft, LabellerAgreement? agreement = null)
    {
        var test = new HypothesisTest(Measured(trained), random is null ? null : Measured(random), 5, Rule, Seed);
        return test.Measure(
            draft, new LabelColumn(draft.Feature, trained.Texts),
            random is null ? null : new LabelColumn(draft.Feature, random.Texts), HypothesisPhase.Confirm, agreement);
    }

    private static MeasuredSite Measured(PlantedBackend backend)
    {
        var samples = Sample(backend);
        return new MeasuredSite(Planted, samples, PriorSample.Of(backend, Planted, samples, Seed), backend.Texts);
    }

    private static SiteSamples Sample(PlantedBackend backend)
    {
        backend.Prepare([Planted], null, default);
        var random = Seed.Stream("references");
        return backend.Sample(Planted, [.. Enumerable.Range(0, 120).Select(_ => Addition.Draw(random)).Distinct()], "confirm", default);
    }

    private static PlantedBackend Backend(Func<string, string?> label) => new(
        Addition,
        new MeasurementOptions { Distance = DistanceKind.Euclidean, Kernel = KernelKind.Threshold, Epsilon = 0.6, BankSize = 2_000 },
        Seed,
        new Dictionary<string, Func<string, string?>> { [Planted.ToString()] = label });

    private sealed class EnumeratedBackend : IInversionBackend
    {
        public const int Rows = 810_000;

        public EnumeratedBackend()
        {
            for (var i = 0; i < Rows; i++)
                Texts.Add(Addition.TextAt(i));
        }

        public TargetDescription Target => throw new NotSupportedException();

        public MeasurementOptions Options { get; } = new();

        public TextPool Texts { get; } = new();

        public int PriorTexts => Rows;

        public double[]? PriorWeights { get; init; }

        public void Prepare(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel)
        {
        }

        public SiteSamples Sample(Site site, IReadOnlyList<string> references, string streamName, CancellationToken cancel) =>
            throw new NotSupportedException();

        public IReadOnlyList<int?> CharactersRead(Site site, IReadOnlyList<string> texts) => [.. texts.Select(t => (int?)t.Length)];

        public void Dispose()
        {
        }
    }
}
