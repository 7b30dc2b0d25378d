using CsCheck;
using InverseScope.Core.Information;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Tests.Information;

public sealed class EntropyTests
{
    [Fact]
    public void Known_shares_have_their_entropy()
    {
        Assert.Equal(3, Entropy.OfShares([1, 1, 1, 1, 1, 1, 1, 1]), 12);
        Assert.Equal(1.5, Entropy.OfShares([0.5, 0.25, 0.25]), 12);
        Assert.Equal(0, Entropy.OfShares([0, 4, 0]));
    }

    [Fact]
    public void It_lies_between_nothing_and_that_of_equal_labels() =>
        Gen.Double[0, 1].Array[1, 10].Where(s => s.Sum() > 0).Sample(shares =>
            Entropy.OfShares(shares) is var bits && bits >= 0 && bits <= Math.Log2(shares.Length) + 1e-12);

    [Fact]
    public void A_hundred_counts_of_two_hundred_labels_are_nearer_the_truth_than_the_usual_estimates()
    {
        // Zipf's law over 200 labels.
        double[] law = [.. Enumerable.Range(1, 200).Select(k => 1.0 / k)];
        var (truth, total) = (Entropy.OfShares(law), law.Sum());
        var random = new RunSeed(41).Stream("zipf");
        var (plugIn, miller, grassberger) = (0.0, 0.0, 0.0);
        const int Runs = 300;
        for (var run = 0; run < Runs; run++)
        {
            var counts = new int[200];
            for (var i = 0; i < 100; i++)
            {
                var u = random.NextDouble() * total;
                var label = 0;
                while (label < 199 && (u -= law[label]) >= 0)
                    label++;
                counts[label]++;
            }

            var plain = Entropy.OfShares([.. counts.Select(c => (double)c)]);
            plugIn += plain / Runs;
            miller += (plain + (counts.Count(c => c > 0) - 1) / (200 * Math.Log(2))) / Runs;
            grassberger += Entropy.OfCounts(counts) / Runs;
        }

        Assert.True(Math.Abs(grassberger - truth) < 0.5 * Math.Abs(miller - truth));
        Assert.True(Math.Abs(miller - truth) < Math.Abs(plugIn - truth));
    }

    [Fact]
    public void With_many_counts_the_correction_vanishes() =>
        Assert.Equal(Entropy.OfShares([5, 3, 2]), Entropy.OfCounts([50_000, 30_000, 20_000]), 4);
}
