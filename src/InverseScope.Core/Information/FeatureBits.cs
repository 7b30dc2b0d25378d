using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;

namespace InverseScope.Core.Information;

/// <summary>
/// Bits that an activation carries about a feature: the bound I(f; Ẑ) ≥ H(f) + E log2 q(f(x̂) | ẑ), with q the weighted
/// label shares among the samples of ẑ (METHOD section 5), as <see cref="LabelPredictor"/> smooths them.
/// </summary>
/// <param name="Bits">Estimate of the bound; may fall below 0 by chance where nothing is carried.</param>
/// <param name="Interval">
/// Cluster bootstrap interval; null with fewer than two references or without chance given.
/// </param>
/// <param name="LabelEntropy">H(f) where the feature is defined, bits: the most that could be carried.</param>
public sealed record FeatureBits(double Bits, Interval? Interval, double LabelEntropy)
{
    private const int Replicates = 2_000;

    /// <summary>What each measured reference tells, by its text id; the mean over observations is <see cref="Bits"/>.</summary>
    public required IReadOnlyDictionary<int, double> ByReference { get; init; }

    /// <summary>Bits about a feature, where it is defined.</summary>
    /// <param name="references">Measured references.</param>
    /// <param name="bootstrap">Chance for the interval; null leaves it out.</param>
    /// <param name="priorShares">
    /// Share of the prior's texts that have each label, by label code (<see cref="PriorLabels.Shares"/>); exact where
    /// the prior is enumerated. Null estimates H(f) from the references.
    /// </param>
    /// <returns>Null if no reference was measured.</returns>
    public static FeatureBits? Measure(
        ReferenceClusters references, RandomStream? bootstrap, double confidence = 0.95, double[]? priorShares = null)
    {
        var clusters = references.Clusters;
        if (clusters.Count == 0)
            return null;
        var predictor = new LabelPredictor(clusters, priorShares);
        // What each reference tells: −log2 of its label's share, less the surprise that is left when ẑ is known. Its
        // mean has the sampling variation of H(f) in it, since −log2 π(f) − H is the influence of one reference on H.
        double[] told = [.. predictor.LogShares.Zip(predictor.LogPredicted, (share, predicted) => predicted - share)];
        var observations = clusters.Sum(c => (double)c.Observations);
        var mean = Enumerable.Range(0, told.Length).Sum(i => clusters[i].Observations * told[i]) / observations;
        var interval = bootstrap is null
            ? null
            : ClusterBootstrap.OfMean(told, [.. clusters.Select(c => c.Observations)], Replicates, bootstrap, confidence)?
                .Map(1, predictor.EntropyCorrection);
        return new FeatureBits(mean + predictor.EntropyCorrection, interval, predictor.Entropy)
        {
            ByReference = clusters.Zip(told).ToDictionary(p => p.First.Reference, p => p.Second + predictor.EntropyCorrection),
        };
    }

    /// <summary>
    /// Bits about several features taken together, over all references: where a feature is defined is part of what
    /// there is to know. What is left of a site's bits is what these features do not explain.
    /// </summary>
    /// <param name="features">For each feature the same references with the same samples; at least one feature.</param>
    /// <param name="minimumEss">A reference below this effective sample size is not measured.</param>
    /// <param name="priorLabels">
    /// For each feature, its label on each text of the prior; null estimates from references.
    /// </param>
    /// <param name="priorWeights">Weight of each text of the prior; null if all are alike.</param>
    /// <inheritdoc cref="Measure"/>
    public static FeatureBits? Joint(
        IReadOnlyList<IReadOnlyList<LabelledReference>> features, double minimumEss, RandomStream? bootstrap,
        double confidence = 0.95, IReadOnlyList<int[]>? priorLabels = null, double[]? priorWeights = null)
    {
        var joint = new JointLabels(features.Count);
        var references = ReferenceClusters.Of(joint.Combine(features), minimumEss);
        var priorShares = priorLabels is null
            ? null
            : PriorLabels.Shares(joint.CombineColumns(priorLabels), priorWeights);
        return Measure(references, bootstrap, confidence, priorShares);
    }
}
