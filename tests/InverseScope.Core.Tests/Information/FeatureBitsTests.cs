using InverseScope.Core.Consistency;
using InverseScope.Core.Information;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tests.Consistency;

namespace InverseScope.Core.Tests.Information;

public sealed class FeatureBitsTests
{
    private static readonly RunSeed Seed = new(43);
    private static readonly double[] Hundred = [.. Enumerable.Repeat(0.01, 100)];

    [Fact]
    public void A_label_that_every_sample_keeps_is_carried_whole()
    {
        var bits = Measure(Simulated(200, 64, 1, SimulatedReferences.SixEqual, "whole"));

        Assert.Equal(Math.Log2(6), bits.LabelEntropy, 0.03);
        Assert.Equal(bits.LabelEntropy, bits.Bits, 0.02);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(2, true)]
    [InlineData(100, false)]
    [InlineData(100, true)]
    public void Where_nothing_is_carried_there_are_no_bits_however_many_the_labels(int labels, bool priorKnown)
    {
        double[] shares = [.. Enumerable.Repeat(1.0 / labels, labels)];
        var (mean, covered) = (0.0, 0);
        for (var run = 0; run < 20; run++)
        {
            var references = Simulated(200, 64, 0, shares, $"nothing {run}");
            var bits = FeatureBits.Measure(references, Seed.Stream("bootstrap"), 0.95, priorKnown ? shares : null)!;
            mean += bits.Bits / 20;
            covered += bits.Interval!.Value.Low <= 0 ? 1 : 0;
        }

        Assert.InRange(mean, -0.1, 0.02);
        Assert.InRange(covered, 17, 20);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Through_a_noisy_channel_come_the_bits_that_theory_says(bool priorKnown)
    {
        // ẑ knows a fair bit with an error of 0.1, and samples follow what follows from ẑ: I = 1 − h(0.1).
        var truth = 1 - 0.4689955935892812;
        var covered = 0;
        for (var run = 0; run < 100; run++)
        {
            var references = ReferenceClusters.Of(Channel(400, 64, 0.1, Seed.Stream("channel", $"{run}")), 5);
            var bits = FeatureBits.Measure(
                references, Seed.Stream("bootstrap", $"{run}"), 0.95, priorKnown ? [0.5, 0.5] : null)!;
            Assert.Equal(truth, bits.Bits, 0.25);
            covered += bits.Interval!.Value.Contains(truth) ? 1 : 0;
        }

        Assert.InRange(covered, 88, 100);
    }

    [Fact]
    public void Exact_shares_of_an_enumerated_prior_give_the_information_exactly()
    {
        // Four texts, two labels, two activations: ẑ of texts 0 and 1, label 0 both; ẑ of 2 and 3, labels 0 and 1.
        // Each pair of neighbours stands for 10⁶ texts, so that no smoothing is left.
        LabelledReference[] references =
        [
            new(0, 0, [0, 1], [0, 0], [0.5f, 0.5f], 1e6), new(1, 0, [0, 1], [0, 0], [0.5f, 0.5f], 1e6),
            new(2, 0, [2, 3], [0, 1], [0.5f, 0.5f], 1e6), new(3, 1, [2, 3], [0, 1], [0.5f, 0.5f], 1e6),
        ];
        LabelledReference[] many = [.. Enumerable.Range(0, 250).SelectMany(i => references.Select(r => r with
        {
            Reference = 4 * i + r.Reference,
            SampleTexts = [.. Enumerable.Range(0, 2_000)],
            SampleLabels = [.. Enumerable.Range(0, 2_000).Select(s => r.SampleLabels[s % 2])],
            Weights = [.. Enumerable.Repeat(1 / 2_000f, 2_000)],
        }))];

        var bits = FeatureBits.Measure(ReferenceClusters.Of(many, 0), null, 0.95, [0.75, 0.25])!;

        var entropy = -0.75 * Math.Log2(0.75) - 0.25 * Math.Log2(0.25);
        Assert.Equal(entropy, bits.LabelEntropy, 12);
        Assert.Equal(entropy - 0.5, bits.Bits, 0.001);
        Assert.Null(bits.Interval);
    }

    [Fact]
    public void Bits_do_not_exceed_the_entropy_of_the_label_by_more_than_chance()
    {
        var bits = Measure(Simulated(300, 64, 1, Hundred, "entropy"));

        Assert.InRange(bits.LabelEntropy, Math.Log2(100) - 0.2, Math.Log2(100) + 0.1);
        Assert.InRange(bits.Bits, bits.LabelEntropy - 0.1, bits.LabelEntropy);
    }

    [Fact]
    public void Two_independent_features_add_up_and_a_feature_twice_counts_once()
    {
        var random = Seed.Stream("joint");
        var (first, second) = TwoBits(random, 300, 64);

        var both = FeatureBits.Joint([first, second], 5, random)!;
        var twice = FeatureBits.Joint([first, first], 5, random)!;

        Assert.Equal(2, both.Bits, 0.1);
        Assert.Equal(1, twice.Bits, 0.05);
        Assert.True(both.Interval!.Value.Contains(both.Bits));
    }

    [Fact]
    public void Of_features_with_conditions_where_they_hold_is_part_of_the_joint_bits()
    {
        // Defined on half of the texts only, and constant there: alone it has no entropy, jointly it is one bit.
        var (first, _) = TwoBits(Seed.Stream("condition"), 300, 64);
        LabelledReference[] condition = [.. first.Select(r => r with
        {
            Label = Defined(r.Label),
            SampleLabels = [.. r.SampleLabels.Select(Defined)],
        })];

        Assert.Equal(0, Measure(ReferenceClusters.Of(condition, 5)).Bits, 0.001);
        Assert.Equal(1, FeatureBits.Joint([condition], 5, null)!.Bits, 0.05);

        static int Defined(int label) => label == 0 ? 0 : LabelCode.Undefined;
    }

    [Fact]
    public void Joint_bits_take_the_prior_of_the_combinations_where_it_is_known()
    {
        var (first, second) = TwoBits(Seed.Stream("joint prior"), 300, 64);

        var bits = FeatureBits.Joint([first, second], 5, null, 0.95, [[0, 0, 1, 1], [0, 1, 0, 1]])!;

        Assert.Equal(2, bits.LabelEntropy, 12);
        Assert.Equal(2, bits.Bits, 0.05);
    }

    [Fact]
    public void A_missing_label_makes_the_combination_missing()
    {
        var joint = new JointLabels(2);

        Assert.Equal(
            [0, LabelCode.Failed, LabelCode.Truncated, 1, 0],
            joint.CombineColumns(
                [[5, LabelCode.Failed, 5, LabelCode.Undefined, 5], [7, 7, LabelCode.Truncated, 7, 7]]));
    }

    [Fact]
    public void Features_over_other_samples_are_refused()
    {
        var (first, second) = TwoBits(Seed.Stream("other"), 3, 4);

        Assert.Throws<ArgumentException>(() => FeatureBits.Joint([first, second[..2]], 0, null));
        Assert.Throws<ArgumentException>(() => new JointLabels(2).Combine([first]));
    }

    [Fact]
    public void Nothing_measured_gives_no_bits() =>
        Assert.Null(FeatureBits.Measure(ReferenceClusters.Of([], 5), Seed.Stream("none")));

    private static FeatureBits Measure(ReferenceClusters references) => FeatureBits.Measure(references, null)!;

    private static ReferenceClusters Simulated(
        int references, int samples, double copied, double[] shares, string name) =>
        ReferenceClusters.Of(SimulatedReferences.Draw(Seed.Stream(name), references, samples, copied, shares), 5);

    private static LabelledReference[] Channel(int references, int samples, double error, RandomStream random) =>
        [.. Enumerable.Range(0, references).Select(r =>
        {
            var label = random.NextInt(2);
            var known = random.NextDouble() < error ? 1 - label : label;
            int[] labels = [.. Enumerable.Range(0, samples).Select(_ =>
                random.NextDouble() < error ? 1 - known : known)];
            return SimulatedReferences.Entry(r, label, labels);
        })];

    private static (LabelledReference[] First, LabelledReference[] Second) TwoBits(
        RandomStream random, int references, int samples)
    {
        var first = new LabelledReference[references];
        var second = new LabelledReference[references];
        for (var r = 0; r < references; r++)
        {
            var (a, b) = (random.NextInt(2), random.NextInt(2));
            first[r] = SimulatedReferences.Entry(r, a, [.. Enumerable.Repeat(a, samples)]);
            second[r] = SimulatedReferences.Entry(r, b, [.. Enumerable.Repeat(b, samples)]);
        }

        return (first, second);
    }
}
