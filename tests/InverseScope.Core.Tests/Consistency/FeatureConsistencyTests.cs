using CsCheck;
using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;
using static InverseScope.Core.Tests.Consistency.SimulatedReferences;

namespace InverseScope.Core.Tests.Consistency;

public sealed class FeatureConsistencyTests
{
    private static readonly RunSeed Seed = new(11);

    // Labels −3 .. 3, weights with zeros, references drawn more than once.
    private static readonly Gen<LabelledReference[]> References =
        from labels in Gen.Int[-3, 3].Array[12]
        from entries in (
            from reference in Gen.Int[0, 11]
            from samples in Gen.Select(Gen.Int[0, 30], Gen.Int[-3, 4], Gen.Float[0, 1]).Array[0, 6]
            from ess in Gen.Double[0, 12]
            select new LabelledReference(
                reference,
                labels[reference],
                [.. samples.Select(s => s.Item1)],
                [.. samples.Select(s => s.Item2)],
                [.. samples.Select(s => s.Item3 < 0.2f ? 0 : s.Item3)],
                ess)).Array[0, 20]
        select entries;

    [Fact]
    public void Rates_of_a_small_example_are_those_of_the_formulas()
    {
        LabelledReference[] references =
        [
            new(0, 0, [10, 11], [0, 1], [0.75f, 0.25f], 5),
            new(1, 1, [12, 13], [1, 1], [0.5f, 0.5f], 6),
            new(2, 0, [10, 14], [0, LabelCode.Undefined], [0.5f, 0.5f], 7),
        ];

        var measured = FeatureConsistency.Measure(references, minimumEss: 5);

        // π = (2/3, 1/3), q = ((.75 + 0 + .5)/3, (.25 + 1 + 0)/3).
        var chance = 2 / 3.0 * (1.25 / 3) + 1 / 3.0 * (1.25 / 3);
        Assert.Equal(0.75, measured.Fcr!.Value, 12);
        Assert.Equal(chance, measured.Chance!.Value, 12);
        Assert.Equal((0.75 - chance) / (1 - chance), measured.Kappa!.Value, 12);
        Assert.Equal(Math.Sqrt(2 * 0.25 * 0.25 / 6), measured.StandardError!.Value, 12);
        Assert.Equal(6, measured.MeanEss);
        Assert.Equal(new ConsistencyCounts(3, 0, 0, 0, 3, 6, 5, 4, 1, 1, 0, 0), measured.Counts);
        Assert.Equal(new Interval(0.75, 0.75), measured.MissingBounds);
    }

    [Fact]
    public void Chance_comes_from_the_prior_where_its_shares_are_given()
    {
        LabelledReference[] references = [Entry(0, 0, 0, 0), Entry(1, 1, 1, 0), Entry(2, 5, 5, 5)];

        var measured = FeatureConsistency.Measure(references, 0, PriorLabels.Shares([0, 0, 0, 1, -1, -1, -2, -3]));

        // Label 5 does not occur in the prior at all.
        Assert.Equal((3 / 6.0 + 1 / 6.0 + 0) / 3, measured.Chance!.Value, 12);
    }

    [Fact]
    public void A_reference_below_the_minimum_effective_size_is_not_measured()
    {
        LabelledReference[] references =
            [Entry(0, 0, 0, 0, 0), Entry(1, 1, 0, 0), new(2, 1, [], [], [], 0), new(3, 1, [4], [1], [0], 9)];

        var measured = FeatureConsistency.Measure(references, minimumEss: 3);

        Assert.Equal(1, measured.Fcr);
        Assert.Equal((1, 3), (measured.Counts.Measured, measured.Counts.NotMeasured));
        Assert.Null(measured.StandardError);
    }

    [Fact]
    public void Without_any_measured_reference_nothing_is_reported()
    {
        var measured = FeatureConsistency.Measure([Entry(0, 0)], 1, bootstrap: Seed.Stream("none"));

        Assert.Null(measured.Fcr);
        Assert.Null(measured.Chance);
        Assert.Null(measured.Kappa);
        Assert.Null(measured.KappaInterval);
        Assert.Null(measured.MeanEss);
        Assert.Equal(1, measured.Counts.NotMeasured);
    }

    [Fact]
    public void References_without_a_label_leave_the_mean()
    {
        var measured = FeatureConsistency.Measure(
            [Entry(0, 0, 0, 1), Entry(1, LabelCode.Undefined, 0, 0), Entry(2, 1, 1, 1)], 0);

        Assert.Equal(0.75, measured.Fcr);
        Assert.Equal((1, 2), (measured.Counts.UndefinedReferences, measured.Counts.Measured));
    }

    [Fact]
    public void Missing_labels_are_left_out_of_the_rate_and_bounded()
    {
        LabelledReference[] references =
        [
            Entry(0, 0, 0, LabelCode.Failed, LabelCode.Truncated, 1),
            Entry(1, 1, 1, 1, 1, 1),
            Entry(2, LabelCode.Failed, 1, 1, 1, 1),
            Entry(3, 1, LabelCode.Failed),
        ];

        var measured = FeatureConsistency.Measure(references, 0);

        Assert.Equal(0.75, measured.Fcr);
        Assert.Equal(new Interval((0.25 + 1 + 0 + 0) / 4, (0.75 + 1 + 1 + 1) / 4), measured.MissingBounds);
        Assert.Equal(
            new ConsistencyCounts(4, 0, 1, 1, 2, 8, 8, 5, 1, 0, 1, 1), measured.Counts);
    }

    [Fact]
    public void Entries_of_one_reference_are_one_cluster()
    {
        LabelledReference[] apart = [Entry(0, 0, 0, 1), Entry(1, 1, 1, 1), Entry(2, 0, 0, 0)];
        LabelledReference[] repeated = [.. apart, .. apart, .. apart];

        var once = FeatureConsistency.Measure(apart, 0);
        var thrice = FeatureConsistency.Measure(repeated, 0);

        Assert.Equal(once.Fcr!.Value, thrice.Fcr!.Value, 12);
        Assert.Equal(once.StandardError!.Value, thrice.StandardError!.Value, 12);
    }

    [Fact]
    public void A_constant_feature_has_no_variation_and_no_kappa()
    {
        var measured = FeatureConsistency.Measure(
            [Entry(0, 2, 2, 2), Entry(1, 2, 2, 2)], 0, bootstrap: Seed.Stream("constant"));

        Assert.Equal(1, measured.Fcr);
        Assert.Equal(1, measured.Chance);
        Assert.False(measured.HasVariation);
        Assert.Null(measured.KappaInterval);
    }

    [Fact]
    public void Samples_that_all_agree_do_not_make_a_certain_interval()
    {
        var measured = FeatureConsistency.Measure(
            [.. Enumerable.Range(0, 20).Select(r => Entry(r, r % 2, r % 2, r % 2))], 0, bootstrap: Seed.Stream("all"));

        Assert.Equal(Proportion.Wilson(20, 20), measured.FcrInterval);
        Assert.Equal(1, measured.KappaInterval!.Value.High);
        Assert.InRange(measured.KappaInterval.Value.Low, 0.5, 0.9);
    }

    [Theory]
    [InlineData(true, 0.82)]
    [InlineData(false, 1 / 6.0)]
    public void Where_nothing_is_encoded_the_raw_rate_is_chance_and_kappa_zero(bool biased, double rate)
    {
        var references = Draw(Seed.Stream("nothing"), 2_000, 50, copied: 0, biased ? NinetyTen : SixEqual);

        var measured = FeatureConsistency.Measure(references, 5);

        Assert.Equal(rate, measured.Fcr!.Value, 0.015);
        Assert.Equal(rate, measured.Chance!.Value, 0.015);
        Assert.Equal(0, measured.Kappa!.Value, 0.02);
    }

    [Fact]
    public void Kappa_is_the_share_of_samples_that_copy_the_label()
    {
        var references = Draw(Seed.Stream("copied"), 2_000, 20, copied: 0.3, SixEqual);

        Assert.Equal(0.3, FeatureConsistency.Measure(references, 5).Kappa!.Value, 0.015);
    }

    [Fact]
    public void The_order_of_references_and_of_samples_does_not_matter() =>
        Gen.Select(References, Gen.Int[0, 1_000]).Sample((references, key) =>
        {
            var random = Seed.Stream("order", key.ToString(System.Globalization.CultureInfo.InvariantCulture));
            LabelledReference[] shuffled = [.. references.Select(r => ShuffleSamples(r, random))];
            random.Shuffle(shuffled.AsSpan());

            var one = FeatureConsistency.Measure(references, 3);
            var other = FeatureConsistency.Measure(shuffled, 3);

            return Near(one.Fcr, other.Fcr) && Near(one.Chance, other.Chance) && Near(one.Kappa, other.Kappa)
                && Near(one.StandardError, other.StandardError) && Near(one.MeanEss, other.MeanEss)
                && one.Counts == other.Counts;
        });

    [Fact]
    public void Rates_stay_in_range_and_counts_add_up() =>
        References.Sample(references =>
        {
            var measured = FeatureConsistency.Measure(references, 3);
            var counts = measured.Counts;
            return measured.Fcr is null or (>= 0 and <= 1)
                && measured.Chance is null or (>= 0 and <= 1)
                && measured.Kappa is null or <= 1
                && counts.References == counts.UndefinedReferences + counts.MissingReferences + counts.NotMeasured
                    + counts.Measured
                && counts.Samples == counts.Matched + counts.Mismatched + counts.Undefined + counts.Failed
                    + counts.Truncated
                && counts.Distinct <= counts.Samples;
        });

    [Fact]
    public void The_rate_lies_in_the_bounds_of_what_is_missing_when_no_reference_is() =>
        References.Sample(references =>
        {
            LabelledReference[] labelled = [.. references.Where(r => !LabelCode.IsMissing(r.Label))
                .Where(r => r.SampleLabels.Any(l => !LabelCode.IsMissing(l)))];
            var measured = FeatureConsistency.Measure(labelled, 3);
            return measured.Fcr is not { } fcr || measured.Counts.NotMeasured > 0
                || (measured.MissingBounds!.Value.Low <= fcr + 1e-12
                    && fcr <= measured.MissingBounds.Value.High + 1e-12);
        });

    [Fact]
    public void The_bootstrap_agrees_with_a_slow_one_that_measures_every_replicate_from_its_samples()
    {
        var references = Draw(Seed.Stream("slow"), 25, 8, copied: 0.4, [0.5, 0.3, 0.2]);

        var fast = FeatureConsistency.Measure(references, 5, bootstrap: Seed.Stream("bootstrap"));

        var random = Seed.Stream("bootstrap");
        var fcrs = new List<double>();
        var kappas = new List<double>();
        for (var b = 0; b < FeatureConsistency.Replicates; b++)
        {
            LabelledReference[] drawn = [.. Enumerable.Range(0, 25)
                .Select(_ => references[(int)(((UInt128)random.NextBits() * 25) >> 64)])];
            var (fcr, kappa) = FromTheDefinition(drawn);
            fcrs.Add(fcr);
            kappas.Add(kappa);
        }

        AssertPercentiles(fcrs, fast.FcrInterval!.Value);
        AssertPercentiles(kappas, fast.KappaInterval!.Value);

        static void AssertPercentiles(List<double> values, Interval interval)
        {
            values.Sort();
            // 2.064 is the t quantile at 24 degrees of freedom; Φ(−2.064 √(25/24)) = 0.01757.
            Assert.Equal(values[(int)(0.01757 * values.Count)], interval.Low, 0.004);
            Assert.Equal(values[(int)((1 - 0.01757) * values.Count)], interval.High, 0.004);
        }
    }

    [Fact]
    public void Weights_count_as_the_same_number_of_repeats()
    {
        LabelledReference[] weighted =
            [new(0, 0, [0, 1], [0, 1], [0.25f, 0.75f], 9), new(1, 1, [2, 3], [1, 0], [0.5f, 0.5f], 9)];
        LabelledReference[] repeated = [Entry(0, 0, 0, 1, 1, 1), Entry(1, 1, 1, 1, 0, 0)];

        var one = FeatureConsistency.Measure(weighted, 0);
        var other = FeatureConsistency.Measure(repeated, 0);

        Assert.Equal(other.Fcr!.Value, one.Fcr!.Value, 12);
        Assert.Equal(other.Chance!.Value, one.Chance!.Value, 12);
    }

    [Fact]
    public void Malformed_entries_are_refused()
    {
        Assert.Throws<ArgumentException>(() => FeatureConsistency.Measure([new(0, 0, [1], [0, 0], [1], 5)], 0));
        Assert.Throws<ArgumentException>(() => FeatureConsistency.Measure([new(0, 0, [1], [0], [-1], 5)], 0));
        Assert.Throws<ArgumentException>(() => FeatureConsistency.Measure([Entry(0, 0, 0), Entry(0, 1, 0)], 0));
    }

    private static (double Fcr, double Kappa) FromTheDefinition(LabelledReference[] references)
    {
        var (fcr, chance) = (0.0, 0.0);
        foreach (var reference in references)
        {
            for (var i = 0; i < reference.Weights.Length; i++)
                fcr += reference.SampleLabels[i] == reference.Label ? reference.Weights[i] / references.Length : 0;
        }

        foreach (var label in references.Select(r => r.Label).Distinct())
        {
            var pi = references.Count(r => r.Label == label) / (double)references.Length;
            var q = references.Average(r => r.SampleLabels.Zip(r.Weights).Sum(s => s.First == label ? s.Second : 0.0));
            chance += pi * q;
        }

        return (fcr, (fcr - chance) / (1 - chance));
    }

    private static LabelledReference ShuffleSamples(LabelledReference reference, RandomStream random)
    {
        int[] order = [.. Enumerable.Range(0, reference.Weights.Length)];
        random.Shuffle(order.AsSpan());
        return reference with
        {
            SampleTexts = [.. order.Select(i => reference.SampleTexts[i])],
            SampleLabels = [.. order.Select(i => reference.SampleLabels[i])],
            Weights = [.. order.Select(i => reference.Weights[i])],
        };
    }

    private static bool Near(double? one, double? other) =>
        one is null ? other is null : other is not null && Math.Abs(one.Value - other.Value) < 1e-9;
}
