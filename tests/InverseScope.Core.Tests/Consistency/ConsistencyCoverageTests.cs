using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;

namespace InverseScope.Core.Tests.Consistency;

/// <summary>Intervals by simulation, on references whose match rates vary uniformly between 0 and 1.</summary>
public sealed class ConsistencyCoverageTests
{
    private const int Runs = 200;

    [Theory]
    [InlineData(20, 50, 0.346)]
    [InlineData(50, 20, 0.52)]
    [InlineData(100, 10, 0.67)]
    public void Clustered_intervals_cover_where_an_interval_over_samples_does_not(
        int clusters, int samples, double plainCoverage)
    {
        var random = new RunSeed(3).Stream("coverage");
        var (plain, student, bootstrap) = (0, 0, 0);
        for (var run = 0; run < Runs; run++)
        {
            var references = new LabelledReference[clusters];
            for (var r = 0; r < clusters; r++)
            {
                var rate = random.NextDouble();
                references[r] = SimulatedReferences.Entry(
                    r, r % 2, [.. Enumerable.Range(0, samples).Select(_ => random.NextDouble() < rate ? r % 2 : 7)]);
            }

            var measured = FeatureConsistency.Measure(references, 5, bootstrap: random);
            var half = SpecialFunctions.StudentQuantile(0.975, clusters - 1) * measured.StandardError!.Value;
            plain += Proportion.Wilson(measured.Counts.Matched, measured.Counts.Samples).Contains(0.5) ? 1 : 0;
            student += Math.Abs(measured.Fcr!.Value - 0.5) <= half ? 1 : 0;
            bootstrap += measured.FcrInterval!.Value.Contains(0.5) ? 1 : 0;
        }

        Assert.Equal(plainCoverage, plain / (double)Runs, 0.08);
        Assert.InRange(student / (double)Runs, 0.90, 0.99);
        Assert.InRange(bootstrap / (double)Runs, 0.90, 0.99);
    }
}
