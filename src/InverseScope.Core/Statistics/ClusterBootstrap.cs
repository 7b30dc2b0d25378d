using InverseScope.Core.Seeds;

namespace InverseScope.Core.Statistics;

/// <summary>Resamples whole clusters with replacement.</summary>
public static class ClusterBootstrap
{
    /// <summary>Computes a statistic on each replicate.</summary>
    /// <param name="clusters">Number of clusters, 1 or more.</param>
    /// <param name="replicates">Number of replicates; 2,000 or more for a 95 % interval.</param>
    /// <param name="statistic">
    /// Given how often each cluster was drawn (sum <paramref name="clusters"/>), the statistic of the replicate, NaN
    /// where it is undefined. The span is reused between calls.
    /// </param>
    /// <returns>The defined values, ascending.</returns>
    public static double[] Replicate(
        int clusters, int replicates, RandomStream random, Func<ReadOnlySpan<int>, double> statistic)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clusters);
        var drawn = new int[clusters];
        var values = new double[replicates];
        var defined = 0;
        for (var replicate = 0; replicate < replicates; replicate++)
        {
            Array.Clear(drawn);
            for (var i = 0; i < clusters; i++)
                drawn[Draw(random, clusters)]++;
            var value = statistic(drawn);
            if (!double.IsNaN(value))
                values[defined++] = value;
        }

        Array.Resize(ref values, defined);
        Array.Sort(values);
        return values;
    }

    /// <summary>
    /// Percentile interval, expanded so that few clusters keep the level: the plain one is narrower than a t interval
    /// by √((n−1)/n) and by z against t (Hesterberg, "What teachers should know about the bootstrap", 2015, 3.3).
    /// </summary>
    /// <param name="sorted">Values of the replicates, ascending.</param>
    /// <param name="clusters">Number of clusters that were resampled.</param>
    /// <param name="confidence">e.g. 0.95.</param>
    /// <returns>Null with fewer than 2 clusters or without values.</returns>
    public static Interval? Percentile(double[] sorted, int clusters, double confidence)
    {
        if (clusters < 2 || sorted.Length == 0)
            return null;
        var t = SpecialFunctions.StudentQuantile(0.5 + 0.5 * confidence, clusters - 1);
        var tail = SpecialFunctions.NormalCdf(-t * Math.Sqrt(clusters / (clusters - 1.0)));
        return new Interval(Quantile(sorted, tail), Quantile(sorted, 1 - tail));
    }

    /// <summary>Interval of a mean over clusters.</summary>
    /// <param name="values">Mean of each cluster.</param>
    /// <param name="observations">How many observations each stands for; null: one.</param>
    /// <returns>Null with fewer than 2 clusters.</returns>
    public static Interval? OfMean(
        IReadOnlyList<double> values, IReadOnlyList<int>? observations, int replicates, RandomStream random, double confidence)
    {
        if (values.Count < 2)
            return null;
        var means = Replicate(values.Count, replicates, random, drawn =>
        {
            var (sum, weight) = (0.0, 0.0);
            for (var i = 0; i < drawn.Length; i++)
            {
                var times = (double)drawn[i] * (observations?[i] ?? 1);
                sum += times * values[i];
                weight += times;
            }

            return sum / weight;
        });
        return Percentile(means, values.Count, confidence);
    }

    // One multiplication: its bias of clusters / 2⁶⁴ is nothing beside that of a finite number of replicates.
    private static int Draw(RandomStream random, int clusters) =>
        (int)Math.BigMul(random.NextBits(), (ulong)clusters, out _);

    private static double Quantile(double[] sorted, double share)
    {
        var at = share * (sorted.Length - 1);
        var below = (int)at;
        return below + 1 >= sorted.Length
            ? sorted[^1]
            : sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
    }
}
