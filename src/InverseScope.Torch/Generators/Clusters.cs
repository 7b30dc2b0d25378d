using InverseScope.Core.Seeds;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>k-means (Lloyd 1982) from far-apart beginnings (k-means++, Arthur and Vassilvitskii 2007).</summary>
internal static class Clusters
{
    private const int Rounds = 20;

    /// <param name="points">(N, C), float32.</param>
    /// <param name="count">Most clusters; some are empty where there are fewer distinct points.</param>
    /// <returns>The cluster of each point, <c>(N)</c>, int64; the caller owns it.</returns>
    public static Tensor Of(Tensor points, int count, RandomStream random)
    {
        using var scope = NewDisposeScope();
        var n = (int)points.shape[0];
        var centres = points.narrow(0, random.NextInt(n), 1);
        var distances = (points - centres).Squared().sum(1L); // to the nearest centre, squared
        while (centres.shape[0] < count)
        {
            var cumulated = distances.@double().cumsum(0);
            var point = random.NextDouble() * cumulated[-1].item<double>();
            var next = points.narrow(0, Math.Min(n - 1, cumulated.LessOrEqual(point).sum().item<long>()), 1);
            centres = cat([centres, next], 0);
            distances = minimum(distances, (points - next).Squared().sum(1L));
        }

        var nearest = cdist(points, centres).argmin(1);
        for (var round = 0; round < Rounds; round++)
        {
            var member = nn.functional.one_hot(nearest, count).@float(); // (N, count)
            var counts = member.sum(dim: 0L).unsqueeze(1);
            // A cluster that has lost its points stays where it is.
            centres = where(counts.GreaterThan(0), member.t().mm(points) / counts.ClampMin(1), centres);
            nearest = cdist(points, centres).argmin(1);
        }

        return nearest.MoveToOuterDisposeScope();
    }
}
