using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using static InverseScope.Core.Tests.Consistency.SimulatedReferences;

namespace InverseScope.Core.Tests.Consistency;

public sealed class PermutationTestTests
{
    private static readonly RunSeed Seed = new(19);

    [Fact]
    public void The_p_value_agrees_with_all_permutations_of_a_small_example()
    {
        // Matches by permutation of labels (0, 1, 2): identity 3 of 3, transpositions 1, cycles 0.
        var references = ReferenceClusters.Of([Entry(0, 0, 0), Entry(1, 1, 1), Entry(2, 2, 2)], 0);

        Assert.Equal(1 / 6.0, PermutationTest.PValue(references, Seed.Stream("small"), 20_000), 0.01);
    }

    [Fact]
    public void Under_the_null_p_values_are_uniform_and_under_an_effect_small()
    {
        var random = Seed.Stream("uniform");
        double[] ps = [.. Enumerable.Range(0, 300).Select(_ =>
            PermutationTest.PValue(ReferenceClusters.Of(Draw(random, 30, 5, 0, SixEqual), 0), random, 99)).Order()];

        Assert.Equal(0.25, ps[75], 0.08);
        Assert.Equal(0.5, ps[150], 0.08);
        Assert.InRange(ps.Count(p => p <= 0.05), 4, 28);
        Assert.Equal(
            0.01, PermutationTest.PValue(ReferenceClusters.Of(Draw(random, 60, 10, 0.5, SixEqual), 0), random, 99), 12);
    }

    [Fact]
    public void What_the_strata_explain_is_no_evidence()
    {
        // Samples keep the stratum and nothing else; the label is the stratum nine times in ten.
        var random = Seed.Stream("strata");
        var entries = new LabelledReference[120];
        var strata = new int[120];
        for (var r = 0; r < 120; r++)
        {
            strata[r] = r % 2;
            int label = random.NextDouble() < 0.9 ? strata[r] : 1 - strata[r];
            var stratum = strata[r];
            entries[r] = Entry(r, label, [.. Enumerable.Range(0, 10).Select(_ =>
                random.NextDouble() < 0.9 ? stratum : 1 - stratum)]);
        }

        var references = ReferenceClusters.Of(entries, 0);

        Assert.Equal(0.005, PermutationTest.PValue(references, random, 199), 12);
        Assert.InRange(PermutationTest.PValue(references, random, 199, strata), 0.02, 1);
    }

    [Fact]
    public void One_stratum_for_each_cluster_is_asked_for() =>
        Assert.Throws<ArgumentException>(() => PermutationTest.PValue(
            ReferenceClusters.Of([Entry(0, 0, 0)], 0), Seed.Stream("wrong"), 9, [0, 1]));
}
