using CsCheck;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics.Calibration;
using InverseScope.Core.Statistics.Sequential;

namespace InverseScope.Core.Tests.Statistics.Sequential;

public sealed class EProcessTests
{
    private static readonly RunSeed Seed = new(23);
    private static readonly StreamSimulationOptions NinetyTen = new() { ReferenceLabels = [0.9, 0.1] };
    private static readonly StreamSimulationOptions SixEqual = new();

    [Fact]
    public void It_is_the_mean_of_the_products() =>
        Gen.Double[-1, 1].Array[1, 50].Sample(effects =>
        {
            var process = new EProcess();
            foreach (var d in effects)
                process.Observe(d);
            double[] bets = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9];
            var expected = bets.Average(bet => effects.Aggregate(1.0, (product, d) => product * (1 + bet * d)));
            return Math.Abs(process.Value - expected) <= 1e-9 * expected && process.LogMaximum >= process.LogValue;
        });

    [Fact]
    public void Its_expectation_under_the_null_is_one_exactly()
    {
        // All 2^8 equally likely streams of ±0.6.
        var mean = 0.0;
        for (var signs = 0; signs < 256; signs++)
        {
            var process = new EProcess();
            for (var i = 0; i < 8; i++)
                process.Observe((signs >> i & 1) == 1 ? 0.6 : -0.6);
            mean += process.Value / 256;
        }

        Assert.Equal(1, mean, 10);
    }

    [Theory]
    [InlineData(0.1, 50, 68)]
    [InlineData(0.3, 17, 23)]
    [InlineData(0.8, 8, 10)]
    public void The_median_number_of_pairs_to_reject_is_known(double copied, int least, int most)
    {
        foreach (var options in new[] { NinetyTen, SixEqual })
        {
            var random = Seed.Stream("median");
            int[] pairs = [.. Enumerable.Range(0, 300).Select(_ => PairsToReject(options, random, copied)).Order()];
            Assert.InRange(pairs[150], least, most);
        }
    }

    [Fact]
    public void Without_an_effect_it_almost_never_rejects()
    {
        foreach (var options in new[] { NinetyTen, SixEqual })
        {
            var random = Seed.Stream("null");
            Assert.InRange(Enumerable.Range(0, 1_000).Count(_ => PairsToReject(options, random, 0) <= 200), 0, 15);
        }
    }

    [Fact]
    public void Endless_evidence_stays_a_number()
    {
        var process = new EProcess();
        for (var i = 0; i < 3_000; i++)
            process.Observe(1);

        Assert.Equal(double.MaxValue, process.Value);
        Assert.Equal(3_000 * Math.Log(1.9) - Math.Log(8), process.LogValue, 6);
    }

    private static int PairsToReject(StreamSimulationOptions options, RandomStream random, double copied)
    {
        var process = new EProcess();
        for (var pair = 1; pair <= 200; pair++)
        {
            process.Observe(StreamSimulation.Effect(options, random, copied));
            if (process.Value >= 20)
                return pair;
        }

        return 201;
    }
}
