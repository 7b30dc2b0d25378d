using InverseScope.Core.Information;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>Bits of a site, of the features found there taken jointly, and what they leave; with 95 % intervals over references.</summary>
/// <param name="Total">Bits that the activation tells of its text (<see cref="Core.Sampling.SiteSamples.Bits"/>); null if not measured.</param>
/// <param name="Joint">Bits of the features jointly; null without any.</param>
/// <param name="JointEntropy">Entropy of the joint label; more than <paramref name="Joint"/> where the features say more than the site carries.</param>
/// <param name="Residual">Total less joint, on the references that both were measured on; null without features.</param>
public sealed record SiteBits(
    double? Total, ReportInterval? TotalCi, double? Joint, ReportInterval? JointCi, double? JointEntropy, double? Residual,
    ReportInterval? ResidualCi)
{
    // Features that explain a site are carried nearly whole.
    private const double LeastCarried = 0.8;

    private const int Replicates = 2_000;
    private const double Confidence = 0.95;

    /// <summary>Whether the features leave nearly nothing open of the site.</summary>
    public bool LeaveNothing => Residual <= Explanation.MostLeft * Total;

    /// <summary>
    /// Whether the site carries nearly all that the features say. One that is finer than what a site carries has all its
    /// bits, and still is not what it encodes.
    /// </summary>
    public bool AreCarried => Joint >= LeastCarried * JointEntropy;

    /// <param name="features">The features that stand out at the site.</param>
    public static SiteBits Measure(
        MeasuredSite site, IReadOnlyList<LabelColumn> features, double minimumEss, RunSeed seed, CancellationToken cancel)
    {
        var name = site.Site.ToString();
        var told = site.Samples.Sets.Where(s => s.Bits is not null)
            .ToDictionary(s => s.Reference, s => s.Bits!.Value);
        var total = Interval([.. told.Values], "site bits");
        RankedLabels[] ranked = [.. features.Select(f => RankedLabels.Over(site, f, cancel))];
        var joint = features.Count == 0
            ? null
            : FeatureBits.Joint(
                [.. ranked.Select(f => LabelledSamples.Of(site.Samples.Sets, f))], minimumEss,
                seed.Stream("joint bits", name), Confidence,
                site.Prior.IsExact ? [.. ranked.Select(site.Prior.Labels)] : null, site.Prior.Weights);
        if (joint is null)
            return new SiteBits(site.Samples.Bits, total, null, null, null, null, null);
        double[] left = [.. joint.ByReference.Where(b => told.ContainsKey(b.Key)).Select(b => told[b.Key] - b.Value)];
        return new SiteBits(
            site.Samples.Bits, total, joint.Bits, ReportInterval.Of(joint.Interval), joint.LabelEntropy, left.Length == 0 ? null : left.Average(),
            Interval(left, "residual bits"));

        ReportInterval? Interval(double[] values, string stream) => ReportInterval.Of(
            ClusterBootstrap.OfMean(values, null, Replicates, seed.Stream(stream, name), Confidence));
    }
}
