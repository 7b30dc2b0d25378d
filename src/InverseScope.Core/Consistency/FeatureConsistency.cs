using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;

namespace InverseScope.Core.Consistency;

/// <summary>
/// How consistently the samples of a site keep a feature of their reference. What was not measured is null, never 0.
/// </summary>
/// <param name="Fcr">
/// Feature consistency rate: mean over references of Σ_i w_i 1{f(x_i) = f(x̂)}, in [0, 1]. Samples without a label are
/// mismatches; samples whose label is missing are left out, and <paramref name="MissingBounds"/> says what that hides.
/// </param>
/// <param name="Chance">Σ_v π(v) q(v): what FCR would be if samples knew nothing of their reference.</param>
/// <param name="Kappa">
/// (FCR − chance) / (1 − chance), at most 1. Null where the feature has no variation here: fewer than two labels among
/// the references, or chance 1.
/// </param>
/// <param name="StandardError">Standard error of FCR, clustered by reference; null with fewer than two.</param>
/// <param name="FcrInterval">Cluster bootstrap interval of FCR.</param>
/// <param name="KappaInterval">Cluster bootstrap interval of κ, with chance recomputed in each replicate.</param>
/// <param name="MissingBounds">FCR if all missing labels were mismatches, and if all were matches.</param>
/// <param name="MeanEss">Mean effective sample size of the measured references.</param>
public sealed record FeatureConsistency(
    double? Fcr,
    double? Chance,
    double? Kappa,
    double? StandardError,
    Interval? FcrInterval,
    Interval? KappaInterval,
    Interval? MissingBounds,
    double? MeanEss,
    ConsistencyCounts Counts)
{
    /// <summary>Replicates of the bootstrap.</summary>
    public const int Replicates = 2_000;

    // Above this chance, κ is a quotient of rounding errors.
    private const double HighestChance = 1 - 1e-9;

    /// <summary>
    /// Whether references of different labels were measured, so that there is something to be consistent about.
    /// </summary>
    public bool HasVariation => Kappa is not null;

    /// <summary>Measures a feature.</summary>
    /// <param name="references">One entry for each reference drawn.</param>
    /// <param name="minimumEss">A reference below this effective sample size is not measured.</param>
    /// <param name="priorShares">
    /// q: share of the prior's texts that have each label, by label code (<see cref="PriorLabels.Shares"/>). Null takes
    /// q from the samples of all measured references.
    /// </param>
    /// <param name="bootstrap">Chance for the intervals; null leaves them out.</param>
    /// <param name="confidence">Level of the intervals.</param>
    public static FeatureConsistency Measure(
        IReadOnlyList<LabelledReference> references,
        double minimumEss,
        double[]? priorShares = null,
        RandomStream? bootstrap = null,
        double confidence = 0.95) =>
        Measure(ReferenceClusters.Of(references, minimumEss), priorShares, bootstrap, confidence);

    /// <summary>Measures a feature on clusters that are at hand.</summary>
    /// <inheritdoc cref="Measure(IReadOnlyList{LabelledReference}, double, double[], RandomStream, double)"/>
    public static FeatureConsistency Measure(
        ReferenceClusters references,
        double[]? priorShares = null,
        RandomStream? bootstrap = null,
        double confidence = 0.95)
    {
        var rates = new ConsistencyRates(references.Clusters, priorShares);
        if (references.Clusters.Count == 0)
            return new(null, null, null, null, null, null, references.MatchBounds, null, references.Counts);

        var all = new int[references.Clusters.Count];
        Array.Fill(all, 1);
        var (fcr, chance) = rates.Of(all);
        double? kappa = rates.Labels >= 2 && chance <= HighestChance ? (fcr - chance) / (1 - chance) : null;
        var (fcrInterval, kappaInterval) = bootstrap is null
            ? (null, null)
            : Intervals(rates, fcr, chance, kappa, bootstrap, confidence);
        return new(
            fcr, chance, kappa, ClusteredError(references.Clusters, fcr), fcrInterval, kappaInterval,
            references.MatchBounds, references.MeanEss, references.Counts);
    }

    private static (Interval? Fcr, Interval? Kappa) Intervals(
        ConsistencyRates rates, double fcr, double chance, double? kappa, RandomStream bootstrap, double confidence)
    {
        var clusters = rates.Clusters;
        var fcrs = new List<double>(Replicates);
        var kappas = ClusterBootstrap.Replicate(clusters, Replicates, bootstrap, drawn =>
        {
            var (f, c) = rates.Of(drawn);
            fcrs.Add(f);
            return c <= HighestChance ? (f - c) / (1 - c) : double.NaN;
        });
        if (fcr is 0 or 1 && clusters > 1)
        {
            // All references agree, so that every replicate is the same, and the bootstrap would claim certainty. A
            // mean of n values in [0, 1] varies at most as much as a proportion of n.
            var wilson = Proportion.Wilson(fcr * clusters, clusters, confidence);
            return (wilson, kappa is null ? null : wilson.Map(1 / (1 - chance), -chance / (1 - chance)));
        }

        double[] sorted = [.. fcrs.Order()];
        return (
            ClusterBootstrap.Percentile(sorted, clusters, confidence),
            kappa is null ? null : ClusterBootstrap.Percentile(kappas, clusters, confidence));
    }

    // √(C/(C−1) · Σ_c (Σ_{j∈c} (m_j − FCR))²) / n, for C clusters of n observations.
    private static double? ClusteredError(IReadOnlyList<ReferenceCluster> clusters, double fcr)
    {
        if (clusters.Count < 2)
            return null;
        var squares = clusters.Sum(c => Math.Pow(c.Observations * (c.Matched - fcr), 2));
        return Math.Sqrt(clusters.Count / (clusters.Count - 1.0) * squares) / clusters.Sum(c => (double)c.Observations);
    }
}
