using CsCheck;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;

namespace InverseScope.Core.Tests.Statistics;

public sealed class AdjustedMutualInformationTests
{
    [Fact]
    public void It_is_what_a_published_example_says() =>
        Assert.Equal(
            0.298792458170890, AdjustedMutualInformation.Of([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2]), 12);

    [Fact]
    public void Names_of_classes_do_not_matter() =>
        Gen.Int[-1, 4].Array[1, 30].Sample(labels =>
            AdjustedMutualInformation.Of(labels, [.. labels.Select(l => 7 - 2 * l)]) == 1);

    [Fact]
    public void It_is_symmetric_and_at_most_one() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 5]).Array[1, 40].Sample(pairs =>
        {
            int[] a = [.. pairs.Select(p => p.Item1)];
            int[] b = [.. pairs.Select(p => p.Item2)];
            var value = AdjustedMutualInformation.Of(a, b);
            return value <= 1 + 1e-12 && Math.Abs(value - AdjustedMutualInformation.Of(b, a)) < 1e-9;
        });

    [Fact]
    public void A_constant_shares_nothing_with_another_partition() =>
        Assert.Equal(0, AdjustedMutualInformation.Of([0, 0, 0, 0], [0, 1, 2, 3]));

    [Fact]
    public void Expected_information_is_the_mean_over_all_permutations()
    {
        int[] a = [0, 0, 0, 1, 1, 2, 2];
        int[] b = [0, 1, 1, 1, 0, 2, 0];
        var all = Permutations(b.Length).Select(p => Information(a, [.. p.Select(i => b[i])])).ToList();
        var mean = 0.5 * (Information(a, a) + Information(b, b));

        Assert.Equal(
            (Information(a, b) - all.Average()) / (mean - all.Average()), AdjustedMutualInformation.Of(a, b), 10);
    }

    [Fact]
    public void Independent_partitions_with_many_classes_score_near_zero_and_near_copies_near_one()
    {
        var random = new RunSeed(5).Stream("partitions");
        int[] a = [.. Enumerable.Range(0, 5_000).Select(_ => random.NextInt(400))];
        int[] independent = [.. a.Select(_ => random.NextInt(400))];
        int[] copy = [.. a.Select(l => random.NextDouble() < 0.002 ? random.NextInt(400) : l)];

        Assert.Equal(0, AdjustedMutualInformation.Of(a, independent), 0.01);
        Assert.InRange(AdjustedMutualInformation.Of(a, copy), 0.98, 0.9999);
    }

    private static double Information(int[] a, int[] b)
    {
        double n = a.Length;
        return a.Zip(b).CountBy(p => p).Sum(cell =>
            cell.Value / n * Math.Log(cell.Value * n / (a.Count(x => x == cell.Key.First)
                * (double)b.Count(x => x == cell.Key.Second))));
    }

    private static IEnumerable<int[]> Permutations(int n) =>
        n == 0
            ? [[]]
            : Permutations(n - 1)
                .SelectMany(p => Enumerable.Range(0, n).Select(i => (int[])[.. p[..i], n - 1, .. p[i..]]));
}
