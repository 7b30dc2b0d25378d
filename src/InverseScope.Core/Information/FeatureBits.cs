using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;

namespace InverseScope.Core.Information;

/// <summary>
/// Bits that an activation carries about a feature: the bound I(f; Ẑ) ≥ H(f) + E log2 q(f(x̂) | ẑ), with q the label
/// shares among the samples of ẑ (METHOD section 5). Smoothed towards the labels' overall shares by one pseudo-sample,
/// so that one surprising reference costs some bits and not infinitely many.
/// </summary>
/// <param name="Bits">Estimate; may fall below 0 by chance where nothing is carried.</param>
/// <param name="Interval">Cluster bootstrap interval; null with fewer than two references or without chance given.</param>
/// <param name="LabelEntropy">H(f) over the references, bits, with the Miller–Madow correction.</param>
public sealed record FeatureBits(double Bits, Interval? Interval, double LabelEntropy)
{
    private const double PseudoSamples = 1;
    private const int Replicates = 1_000;

    /// <param name="references">Measured references.</param>
    /// <param name="bootstrap">Chance for the interval; null leaves it out.</param>
    /// <returns>Null if no reference was measured.</returns>
    public static FeatureBits? Measure(ReferenceClusters references, RandomStream? bootstrap, double confidence = 0.95)
    {
        var clusters = references.Clusters;
        if (clusters.Count == 0)
            return null;
        var labels = clusters.Select(c => c.Label).Distinct().Order().ToArray();
        var of = clusters.Select(c => Array.BinarySearch(labels, c.Label)).ToArray();
        var all = new int[clusters.Count];
        Array.Fill(all, 1);
        var shares = Shares(clusters, of, labels.Length, all);
        // log2 q(f(x̂) | ẑ) with the shares of all references, in every replicate: only the mean and H(f) are resampled.
        var surprise = clusters.Select((c, i) => Math.Log2(
            (c.EffectiveSamples * c.Matched + PseudoSamples * shares[of[i]]) / (c.EffectiveSamples + PseudoSamples))).ToArray();
        var interval = bootstrap is null
            ? null
            : ClusterBootstrap.Percentile(
                ClusterBootstrap.Replicate(clusters.Count, Replicates, bootstrap, drawn => Bits(drawn, Shares(clusters, of, labels.Length, drawn))),
                clusters.Count,
                confidence);
        return new FeatureBits(Bits(all, shares), interval, Entropy(shares, clusters.Sum(c => c.Observations)));

        double Bits(ReadOnlySpan<int> drawn, double[] drawnShares)
        {
            var (sum, weight) = (0.0, 0.0);
            for (var i = 0; i < drawn.Length; i++)
            {
                sum += drawn[i] * clusters[i].Observations * surprise[i];
                weight += drawn[i] * clusters[i].Observations;
            }

            return Entropy(drawnShares, weight) + sum / weight;
        }
    }

    /// <summary>Bits about several features taken together: each combination of their labels is a label.</summary>
    /// <param name="features">For each feature the same references with the same samples; at least one feature.</param>
    /// <inheritdoc cref="Measure"/>
    public static FeatureBits? Joint(
        IReadOnlyList<IReadOnlyList<LabelledReference>> features, double minimumEss, RandomStream? bootstrap)
    {
        var joint = features[0];
        foreach (var next in features.Skip(1))
            joint = Joined(joint, next);
        return Measure(ReferenceClusters.Of(joint, minimumEss), bootstrap);
    }

    private static LabelledReference[] Joined(
        IReadOnlyList<LabelledReference> first, IReadOnlyList<LabelledReference> second)
    {
        var codes = new Dictionary<(int, int), int>();
        return [.. first.Zip(second, (a, b) => a with
        {
            Label = Code(a.Label, b.Label),
            SampleLabels = [.. a.SampleLabels.Zip(b.SampleLabels, Code)],
        })];

        // Undefined is a label of its own here: that a condition does not hold is something to know.
        int Code(int one, int other)
        {
            if (!codes.TryGetValue((one, other), out var code))
                codes.Add((one, other), code = codes.Count);
            return code;
        }
    }

    private static double[] Shares(IReadOnlyList<ReferenceCluster> clusters, int[] of, int labels, ReadOnlySpan<int> drawn)
    {
        var shares = new double[labels];
        double sum = 0;
        for (var i = 0; i < drawn.Length; i++)
        {
            var weight = (double)drawn[i] * clusters[i].Observations;
            shares[of[i]] += weight;
            sum += weight;
        }

        for (var v = 0; v < labels; v++)
            shares[v] /= sum;
        return shares;
    }

    // Plug-in entropy falls short by about (labels − 1) / 2n nats (Miller 1955).
    private static double Entropy(double[] shares, double count)
    {
        var (entropy, seen) = (0.0, 0);
        foreach (var share in shares)
        {
            if (share <= 0)
                continue;
            entropy -= share * Math.Log2(share);
            seen++;
        }

        return entropy + (seen - 1) / (2 * count * Math.Log(2));
    }
}
