using CsCheck;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Tests.Sampling;

public sealed class NeighbourSamplerTests
{
    private static readonly MeasurementOptions Exact = new()
    {
        Kernel = KernelKind.Threshold,
        Distance = DistanceKind.Euclidean,
        Epsilon = 1,
        Samples = 0,
    };

    // Points on a line at 0, 0.5, 0.9, 1, 3.
    private static readonly float[] Line = [0, 0.5f, 0.9f, 1, 3];

    [Fact]
    public void Threshold_keeps_what_is_strictly_nearer_than_epsilon()
    {
        var set = Draw(Exact with { IncludeReference = true }, Line, 1, [0f], reference: 0);
        Assert.Equal([0, 1, 2], set.Texts);
        Assert.All(set.Weights, w => Assert.Equal(1f / 3, w, 1e-6f));
        Assert.Equal((3, 3), (set.Neighbours, Math.Round(set.Ess, 9)));
        Assert.Equal(Math.Log2(5.0 / 3), set.Bits!.Value, 9);
        Assert.Equal([0, 0.5f, 0.9f], set.Distances);
    }

    [Fact]
    public void A_site_that_tells_nothing_has_no_bits_whatever_the_prior()
    {
        var everything = Exact with { Epsilon = 10, IncludeReference = true };
        double[] prior = [90, 1, 1, 1, 1];
        var set = new NeighbourSampler(Line, 1, [0, 1, 2, 3, 4], prior, everything).Draw([0f], 0, new RunSeed(1).Stream("s"));
        Assert.Equal(0, set.Bits!.Value, 9);
        // One rare text alone tells −log2 of its probability; a row that lacks the position counts for nothing.
        float[] rows = [0, 0.5f, 0.9f, 1, 0.5f];
        var rare = new NeighbourSampler(rows, 1, [0, 1, 2, 3, 4], prior, Exact with { Epsilon = 0.05, IncludeReference = true }, [1, 1, 1, 1, 0])
            .Draw([0.5f], 1, new RunSeed(1).Stream("s"));
        Assert.Equal(Math.Log2(93), rare.Bits!.Value, 9);
    }

    [Fact]
    public void The_reference_is_left_out_of_its_own_samples_unless_asked_for() =>
        Assert.Equal([1, 2], Draw(Exact, Line, 1, [0f], reference: 0).Texts);

    [Fact]
    public void Gaussian_weights_follow_the_kernel()
    {
        var set = Draw(Exact with { Kernel = KernelKind.Gaussian, IncludeReference = true }, Line, 1, [0f], reference: 0);
        Assert.Equal(5, set.Neighbours);
        Assert.Equal(Math.Exp(-4.5), set.Weights[4] / set.Weights[0], 1e-6);
        Assert.Equal(1, set.Weights.Sum(), 1e-6);
    }

    [Fact]
    public void Accept_ignores_the_kernel() =>
        Assert.Equal(
            Draw(Exact, Line, 1, [0f], 0).Texts,
            Draw(Exact with { Kernel = KernelKind.Gaussian, Weighting = Weighting.Accept }, Line, 1, [0f], 0).Texts);

    [Fact]
    public void Cosine_also_asks_for_a_like_norm()
    {
        // Same direction with norms 1, 1.09, 1.11, 0.5, and one at a right angle.
        float[] rows = [1, 0, 1.09f, 0, 1.11f, 0, 0.5f, 0, 0, 1];
        var set = Draw(Exact with { Distance = DistanceKind.Cosine, Epsilon = 0.5 }, rows, 2, [1f, 0f], reference: -1);
        Assert.Equal([0, 1], set.Texts);
    }

    [Fact]
    public void Relative_distance_is_in_units_of_the_references_norm()
    {
        var set = Draw(Exact with { Distance = DistanceKind.Relative, Epsilon = 0.45 }, [10f, 14, 15], 1, [10f], reference: -1);
        Assert.Equal([0, 1], set.Texts);
        Assert.Equal(0.4f, set.Distances[1], 1e-6f);
    }

    [Fact]
    public void Prior_weights_multiply_the_kernel()
    {
        var sampler = new NeighbourSampler(Line, 1, [0, 1, 2, 3, 4], [1, 3, 1, 1, 1], Exact);
        Assert.Equal([0.75f, 0.25f], sampler.Draw([0f], 0, Stream(1)).Weights);
    }

    [Fact]
    public void Nothing_near_gives_an_empty_set_and_no_number()
    {
        var set = Draw(Exact, Line, 1, [99f], reference: -1);
        Assert.Empty(set.Texts);
        Assert.Equal((0, 0), (set.Ess, set.Neighbours));
    }

    [Fact]
    public void A_zero_activation_has_no_direction_and_so_no_neighbours() =>
        Assert.Empty(Draw(Exact with { Distance = DistanceKind.Cosine }, Line, 1, [0f], reference: -1).Texts);

    [Fact]
    public void A_row_with_NaN_is_never_near()
    {
        var set = Draw(Exact with { Epsilon = 10 }, [0, float.NaN, 1], 1, [0f], reference: -1);
        Assert.Equal([0, 2], set.Texts);
        Assert.Throws<ArgumentException>(() => Draw(Exact, Line, 1, [float.NaN], reference: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Draw(Exact, Line, 1, [1f, 2f], reference: -1));
    }

    [Theory]
    [InlineData(DistanceKind.Cosine)]
    [InlineData(DistanceKind.Euclidean)]
    [InlineData(DistanceKind.Relative)]
    public void A_row_that_is_absent_is_as_if_it_were_not_there(DistanceKind distance)
    {
        var options = Exact with { Epsilon = 10, Distance = distance };
        var set = new NeighbourSampler(new float[] { 1, 1, 2, 1 }, 1, [0, 1, 2, 3], [1, 5, 2, 3], options, [1, 0, 1, 1]).Draw([1f], -1, Stream(1));
        var without = new NeighbourSampler(new float[] { 1, 2, 1 }, 1, [0, 2, 3], [1, 2, 3], options).Draw([1f], -1, Stream(1));
        Assert.Equal(without.Texts, set.Texts);
        Assert.Equal(without.Weights, set.Weights);
        Assert.Equal(without.Bits, set.Bits);
    }

    [Fact]
    public void Resampling_is_unbiased_and_repeats_for_a_seed()
    {
        var options = Exact with { Kernel = KernelKind.Gaussian, Epsilon = 2, Samples = 2 };
        var exact = Draw(options with { Samples = 0 }, Line, 1, [0f], reference: -1);
        var counts = new double[5];
        for (var seed = 0; seed < 4000; seed++)
        {
            var set = Draw(options, Line, 1, [0f], reference: -1, seed);
            Assert.Equal(set.Texts, Draw(options, Line, 1, [0f], reference: -1, seed).Texts);
            Assert.Equal((exact.Ess, exact.Neighbours), (set.Ess, set.Neighbours));
            foreach (var text in set.Texts)
                counts[text] += 0.5 / 4000;
        }

        for (var i = 0; i < 5; i++)
            Assert.Equal(exact.Weights[i], counts[i], 0.02);
    }

    [Fact]
    public void Wide_rows_agree_with_a_slow_computation() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 30], Gen.Int[0, 1000]).Sample((width, count, seed) =>
        {
            var random = Stream(seed);
            var rows = Enumerable.Range(0, width * count).Select(_ => (float)random.NextNormal()).ToArray();
            var target = Enumerable.Range(0, width).Select(_ => (float)random.NextNormal()).ToArray();
            var epsilon = Math.Sqrt(2 * width);
            var set = Draw(Exact with { Epsilon = epsilon }, rows, width, target, reference: -1);
            var slow = Enumerable.Range(0, count).Where(i =>
                Math.Sqrt(target.Select((t, k) => Math.Pow(rows[i * width + k] - (double)t, 2)).Sum()) < epsilon);
            return set.Texts.SequenceEqual(slow);
        });

    private static SampleSet Draw(
        MeasurementOptions options, float[] rows, int width, float[] target, int reference, int seed = 1) =>
        new NeighbourSampler(rows, width, [.. Enumerable.Range(0, rows.Length / width)], null, options)
            .Draw(target, reference, Stream(seed));

    private static RandomStream Stream(long seed) => new RunSeed(seed).Stream("test");
}
