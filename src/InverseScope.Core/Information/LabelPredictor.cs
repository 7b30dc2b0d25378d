using InverseScope.Core.Consistency;

namespace InverseScope.Core.Information;

/// <summary>
/// Predicts each reference's label from the samples of its activation: q(v | ẑ) = (n m_v + a b_v) / (n + a), for n
/// effective samples, m_v their share of label v, b_v the label's share without ẑ, and a pseudo-samples. Whatever is
/// chosen for a reference, b and a, is chosen without it: the bound on the information holds for any such q, and a
/// site that carries nothing scores about 0, not the negative bits that too little smoothing costs.
/// </summary>
internal sealed class LabelPredictor
{
    // Pseudo-samples to choose from; the last leaves nothing of the samples.
    private static readonly double[] PseudoSamples =
        [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096, 1e12];

    /// <param name="clusters">Measured references; at least one.</param>
    /// <param name="priorShares">Share of prior texts by label code; null to estimate from the clusters.</param>
    public LabelPredictor(IReadOnlyList<ReferenceCluster> clusters, double[]? priorShares)
    {
        int[] codes = [.. clusters.Select(c => c.Label).Distinct().Order()];
        int[] label = [.. clusters.Select(c => Array.BinarySearch(codes, c.Label))];
        var counts = new int[codes.Length];
        for (var i = 0; i < label.Length; i++)
            counts[label[i]] += clusters[i].Observations;
        double observations = counts.Sum();

        // A prior sample on which the feature is never defined says nothing of its labels.
        var defined = priorShares?.Sum() ?? 0;
        double[] bases;
        if (priorShares is null || defined <= 0)
        {
            bases = SharesOfOthers(clusters, codes, label);
            LogShares = [.. label.Select(v => Math.Log2(counts[v] / observations))];
            Entropy = Information.Entropy.OfCounts(counts);
            EntropyCorrection = Entropy - Information.Entropy.OfShares([.. counts.Select(c => (double)c)]);
        }
        else
        {
            // Where the prior sample lacks a label, its share among the references is too large: that only costs bits.
            bases = [.. label.Select((v, i) =>
                clusters[i].Label < priorShares.Length && priorShares[clusters[i].Label] > 0
                    ? priorShares[clusters[i].Label] / defined
                    : counts[v] / observations)];
            LogShares = [.. bases.Select(Math.Log2)];
            Entropy = Information.Entropy.OfShares(priorShares);
        }

        LogPredicted = Predict(clusters, bases);
    }

    /// <summary>log2 of the share of each reference's label, without knowledge of ẑ.</summary>
    public double[] LogShares { get; }

    /// <summary>log2 q(f(x̂) | ẑ) for each reference.</summary>
    public double[] LogPredicted { get; }

    /// <summary>H(f), bits.</summary>
    public double Entropy { get; }

    /// <summary>
    /// What the mean of −<see cref="LogShares"/> falls short of H(f) by, because the shares were estimated.
    /// </summary>
    public double EntropyCorrection { get; }

    private static double[] Predict(IReadOnlyList<ReferenceCluster> clusters, double[] bases)
    {
        var logs = new double[PseudoSamples.Length][];
        var sums = new double[PseudoSamples.Length];
        for (var s = 0; s < PseudoSamples.Length; s++)
        {
            var a = PseudoSamples[s];
            logs[s] = [.. clusters.Select((c, i) => Math.Log2(
                (c.EffectiveSamples * c.Matched + a * bases[i]) / (c.EffectiveSamples + a)))];
            for (var i = 0; i < clusters.Count; i++)
                sums[s] += clusters[i].Observations * logs[s][i];
        }

        var predicted = new double[clusters.Count];
        for (var i = 0; i < predicted.Length; i++)
        {
            var best = 0;
            for (var s = 1; s < PseudoSamples.Length; s++)
            {
                if (Without(s, i) > Without(best, i))
                    best = s;
            }

            predicted[i] = logs[best][i];
        }

        return predicted;

        double Without(int s, int i) => sums[s] - clusters[i].Observations * logs[s][i];
    }

    // Share of each reference's label among the samples of all other references, where the feature is defined. One more
    // observation is spread over the labels of references and an unseen one, so that no share is 0.
    private static double[] SharesOfOthers(IReadOnlyList<ReferenceCluster> clusters, int[] codes, int[] label)
    {
        var mass = new double[codes.Length];
        var total = 0.0;
        foreach (var cluster in clusters)
        {
            total += cluster.Observations * cluster.Defined;
            for (var k = 0; k < cluster.Labels.Length; k++)
            {
                if (Array.BinarySearch(codes, cluster.Labels[k]) is var v and >= 0)
                    mass[v] += cluster.Observations * cluster.Shares[k];
            }
        }

        // Differences of sums may fall a rounding below 0.
        return [.. clusters.Select((c, i) =>
            (Math.Max(0, mass[label[i]] - c.Observations * c.Matched) + 1.0 / (codes.Length + 1))
            / (Math.Max(0, total - c.Observations * c.Defined) + 1))];
    }
}
