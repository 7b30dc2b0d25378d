namespace InverseScope.Core.Statistics;

/// <summary>Intervals for a single proportion.</summary>
public static class Proportion
{
    /// <summary>Wilson's score interval.</summary>
    /// <param name="successes">0 .. <paramref name="trials"/>; need not be whole, since samples are weighted.</param>
    /// <param name="trials">Above 0.</param>
    /// <param name="confidence">e.g. 0.95.</param>
    public static Interval Wilson(double successes, double trials, double confidence = 0.95)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(trials);
        if (!(successes >= 0 && successes <= trials))
            throw new ArgumentOutOfRangeException(nameof(successes), successes, $"Between 0 and {trials}.");
        var z = SpecialFunctions.NormalQuantile(0.5 + 0.5 * confidence);
        var p = successes / trials;
        var denominator = 1 + z * z / trials;
        var centre = (p + 0.5 * z * z / trials) / denominator;
        var half = z * Math.Sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials)) / denominator;
        // Exact ends where rounding would put them a hair outside.
        return new Interval(successes == 0 ? 0 : centre - half, successes == trials ? 1 : centre + half);
    }

    /// <summary>
    /// Wilson's interval on clustered trials: the sample size is divided by the design effect 1 + (m − 1)ρ.
    /// </summary>
    /// <param name="perCluster">m, trials in a cluster, 1 or more.</param>
    /// <param name="correlation">ρ, correlation of two trials of one cluster, in [0, 1].</param>
    public static Interval WilsonClustered(
        double successes, double trials, double perCluster, double correlation, double confidence = 0.95)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perCluster, 1);
        if (!(correlation is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(correlation), correlation, "Between 0 and 1.");
        var design = 1 + (perCluster - 1) * correlation;
        return Wilson(successes / design, trials / design, confidence);
    }
}
