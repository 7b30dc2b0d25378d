using InverseScope.Core.Information;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>Bits of a site, of the features found there taken jointly, and what they leave; with 95 % intervals over references.</summary>
/// <param name="Total">Bits that the activation tells of its text; null if no reference has a neighbour.</param>
/// <param name="Joint">Bits of the features jointly; null without any.</param>
/// <param name="Residual">Total less joint, on the references that both were measured on; null without features.</param>
public sealed record SiteBits(
    double? Total, ReportInterval? TotalCi, double? Joint, ReportInterval? JointCi, double? Residual, ReportInterval? ResidualCi)
{
    private const int Replicates = 2_000;
    private const double Confidence = 0.95;

    /// <param name="features">The features that stand out at the site.</param>
    public static SiteBits Measure(
        MeasuredSite site, IReadOnlyList<LabelColumn> features, double minimumEss, RunSeed seed, CancellationToken cancel)
    {
        var name = site.Site.ToString();
        var told = site.Samples.Sets.Where(s => s.Neighbours > 0)
            .ToDictionary(s => s.Reference, s => Math.Log2(site.Samples.Rows) - s.EntropyBits);
        var total = Interval([.. told.Values], "site bits");
        RankedLabels[] ranked = [.. features.Select(f => RankedLabels.Over(site, f, cancel))];
        var joint = features.Count == 0
            ? null
            : FeatureBits.Joint(
                [.. ranked.Select(f => LabelledSamples.Of(site.Samples.Sets, f))], minimumEss,
                seed.Stream("joint bits", name), Confidence,
                [.. ranked.Select(site.Prior.Labels)], site.Prior.Weights);
        if (joint is null)
            return new SiteBits(site.Samples.Bits, total, null, null, null, null);
        double[] left = [.. joint.ByReference.Select(b => told[b.Key] - b.Value)];
        return new SiteBits(
            site.Samples.Bits, total, joint.Bits, Of(joint.Interval), left.Average(), Interval(left, "residual bits"));

        ReportInterval? Interval(double[] values, string stream) => Of(
            ClusterBootstrap.OfMean(values, null, Replicates, seed.Stream(stream, name), Confidence));
    }

    private static ReportInterval? Of(Interval? interval) => interval is { } i ? new ReportInterval(i.Low, i.High) : null;
}
