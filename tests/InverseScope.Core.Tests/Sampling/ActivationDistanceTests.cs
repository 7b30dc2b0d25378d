using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Tests.Sampling;

public sealed class ActivationDistanceTests
{
    [Fact]
    public void Cosine_is_infinite_outside_the_norm_band()
    {
        Assert.Equal(1 - Math.Sqrt(0.5), ActivationDistance.Of([1, 1], [MathF.Sqrt(2), 0], DistanceKind.Cosine, 0.1), 1e-6);
        Assert.Equal(0, ActivationDistance.Of([1.09f, 0], [1, 0], DistanceKind.Cosine, 0.1));
        Assert.Equal(double.PositiveInfinity, ActivationDistance.Of([1.11f, 0], [1, 0], DistanceKind.Cosine, 0.1));
        Assert.Equal(double.PositiveInfinity, ActivationDistance.Of([1, 0], [0, 0], DistanceKind.Cosine, 0.1));
    }

    [Fact]
    public void Euclidean_and_relative_are_lengths()
    {
        Assert.Equal(5, ActivationDistance.Of([4, 6], [1, 2], DistanceKind.Euclidean, 0.1), 1e-6);
        Assert.Equal(5 / Math.Sqrt(5), ActivationDistance.Of([4, 6], [1, 2], DistanceKind.Relative, 0.1), 1e-6);
        Assert.Equal(0, ActivationDistance.Of([0, 0], [0, 0], DistanceKind.Euclidean, 0.1));
    }

    [Theory]
    [InlineData(DistanceKind.Cosine)]
    [InlineData(DistanceKind.Euclidean)]
    [InlineData(DistanceKind.Relative)]
    public void It_is_the_distance_that_neighbours_are_chosen_by(DistanceKind kind)
    {
        var random = new RunSeed(3).Stream("rows");
        var rows = Enumerable.Range(0, 60 * 4).Select(i => (float)(1 + 0.1 * random.NextNormal())).ToArray();
        var options = new MeasurementOptions { Distance = kind, Kernel = KernelKind.Threshold, Epsilon = 0.15, Samples = 0 };
        var set = new NeighbourSampler(rows, 4, [.. Enumerable.Range(0, 60)], null, options).Draw(rows.AsSpan(0, 4), 0, random);
        var expected = Enumerable.Range(1, 59).Select(i => (i, d: ActivationDistance.Of(rows.AsSpan(i * 4, 4), rows.AsSpan(0, 4), kind, options.NormBand)))
            .Where(p => p.d < 0.15).ToArray();
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Select(p => p.i), set.Texts);
        Assert.All(expected.Zip(set.Distances), p => Assert.Equal(p.First.d, p.Second, 1e-5));
    }
}
