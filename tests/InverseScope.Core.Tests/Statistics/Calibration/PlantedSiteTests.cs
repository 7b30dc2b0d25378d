using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics.Calibration;
using InverseScope.Core.Statistics.Sequential;

namespace InverseScope.Core.Tests.Statistics.Calibration;

/// <summary>Planted and null sites, through the sampler and the sequential test that a sweep uses.</summary>
public sealed class PlantedSiteTests
{
    private const int Texts = 3_000;
    private const int Width = 24;
    private static readonly RunSeed Seed = new(61);

    // Two unrelated features of a text: its number modulo 5, and whether a shuffled number is even.
    private static readonly int[] Five = [.. Enumerable.Range(0, Texts).Select(i => i % 5)];
    private static readonly int[] Two = [.. Enumerable.Range(0, Texts).Select(i => (int)(i * 2_654_435_761L >> 7 & 1))];

    [Theory]
    [InlineData(0.0, 0.99)]
    [InlineData(0.5, 0.9)]
    [InlineData(1.0, 0.25)]
    public void What_is_planted_is_established_and_what_is_not_is_not(double noise, double leastKappa)
    {
        var rows = PlantedSite.Activations([Five], Width, noise, Seed);

        var planted = Measure(rows, Five);
        var other = Measure(rows, Two);

        Assert.Equal(StopReason.Established, planted.Test.Stop);
        Assert.InRange(planted.Kappa, leastKappa, 1);
        Assert.NotEqual(StopReason.Established, other.Test.Stop);
        Assert.Equal(0, other.Kappa, 0.12);
    }

    [Fact]
    public void Two_planted_features_are_both_there()
    {
        var rows = PlantedSite.Activations([Five, Two], Width, 0.3, Seed);

        Assert.Equal(StopReason.Established, Measure(rows, Five).Test.Stop);
        Assert.Equal(StopReason.Established, Measure(rows, Two).Test.Stop);
    }

    [Fact]
    public void At_null_sites_nothing_is_established_over_many_seeds()
    {
        var established = 0;
        for (var run = 0; run < 40; run++)
        {
            var rows = PlantedSite.Null(Texts, Width, new RunSeed(run));
            established += Measure(rows, run % 2 == 0 ? Five : Two).Test.Stop == StopReason.Established ? 1 : 0;
        }

        Assert.InRange(established, 0, 2);
    }

    [Fact]
    public void Without_noise_texts_with_one_label_have_one_activation_and_the_norms_are_one()
    {
        var rows = PlantedSite.Activations([Five], Width, 0, Seed);

        Assert.Equal(rows[..Width], rows[(5 * Width)..(6 * Width)]);
        Assert.NotEqual(rows[..Width], rows[Width..(2 * Width)]);
        Assert.Equal(1, rows[..Width].Sum(v => v * v), 5);
        Assert.Equal(1, PlantedSite.Null(2, Width, Seed)[..Width].Sum(v => v * v), 5);
    }

    [Fact]
    public void The_noise_has_the_ratio_asked_for()
    {
        var clean = PlantedSite.Activations([Five, Two], Width, 0, Seed);
        var noisy = PlantedSite.Activations([Five, Two], Width, 0.5, Seed);

        var ratios = Enumerable.Range(0, Texts).Average(i =>
        {
            var (signal, noise) = (0.0, 0.0);
            for (var k = i * Width; k < (i + 1) * Width; k++)
            {
                signal += clean[k] * clean[k];
                noise += (noisy[k] - clean[k]) * (noisy[k] - clean[k]);
            }

            return noise / signal;
        });
        Assert.Equal(0.25, ratios, 0.01);
    }

    [Fact]
    public void Other_texts_have_the_vectors_of_their_labels_and_noise_of_their_own()
    {
        var clean = PlantedSite.Activations([[3]], Width, 0, Seed, "other");
        Assert.Equal(PlantedSite.Activations([[3]], Width, 0, Seed), clean);
        Assert.NotEqual(PlantedSite.Activations([[3]], Width, 1, Seed), PlantedSite.Activations([[3]], Width, 1, Seed, "other"));
    }

    [Theory]
    [InlineData(1, 0.0)]
    [InlineData(1, 1.0)]
    [InlineData(2, 0.5)]
    public void Halfway_lies_between_texts_of_the_same_labels_and_those_that_differ_in_one(int columns, double noise)
    {
        const int Wide = 2_000;
        int[][] labels = [[0, 0, 1], [0, 0, 0]];
        var rows = PlantedSite.Activations(labels[..columns], Wide, noise, Seed);
        var (same, other) = (Cosine(0, 1), Cosine(0, 2));

        var halfway = PlantedSite.HalfwayDistance(columns, noise);

        Assert.Equal(0.5 * (1 - same + 1 - other), halfway, 0.05);

        double Cosine(int a, int b)
        {
            double dot = 0, first = 0, second = 0;
            for (var k = 0; k < Wide; k++)
            {
                var (x, y) = (rows[a * Wide + k], rows[b * Wide + k]);
                (dot, first, second) = (dot + x * y, first + x * x, second + y * y);
            }

            return dot / Math.Sqrt(first * second);
        }
    }

    private static (SequentialTest Test, double Kappa) Measure(float[] rows, int[] labels)
    {
        var options = new MeasurementOptions { Epsilon = 0.15, NormBand = 0.5, Samples = 32 };
        var sampler = new NeighbourSampler(rows, Width, [.. Enumerable.Range(0, Texts)], null, options);
        var random = Seed.Stream("samples");
        LabelledReference[] references = [.. Enumerable.Range(0, 240).Select(r =>
        {
            var set = sampler.Draw(rows.AsSpan(r * Width, Width), r, random);
            return new LabelledReference(
                r, labels[r], set.Texts, [.. set.Texts.Select(t => labels[t])], set.Weights, set.Ess);
        })];

        var clusters = ReferenceClusters.Of(references, options.MinimumEss);
        var test = new SequentialTest(new SequentialTestOptions { MaximumPairs = 120 });
        foreach (var effect in PairSwap.Effects(clusters, Seed.Stream("pairs")))
        {
            if (test.Observe(effect) is not null)
                break;
        }

        test.Conclude();
        return (test, FeatureConsistency.Measure(clusters).Kappa ?? 0);
    }
}
