using CsCheck;
using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using static InverseScope.Core.Tests.Consistency.SimulatedReferences;

namespace InverseScope.Core.Tests.Consistency;

public sealed class PairSwapTests
{
    private static readonly RunSeed Seed = new(13);

    [Fact]
    public void Pairs_are_discordant_disjoint_and_as_many_as_the_labels_allow() =>
        Gen.Select(Gen.Int[0, 4].Array[0, 25], Gen.Int[0, 1_000]).Sample((labels, key) =>
        {
            var pairs = PairSwap.Pairs(labels, Stream(key));
            int[] used = [.. pairs.SelectMany(p => new[] { p.First, p.Second })];
            var most = labels.Length == 0 ? 0 : labels.CountBy(l => l).Max(c => c.Value);
            return used.Distinct().Count() == used.Length
                && pairs.All(p => labels[p.First] != labels[p.Second])
                && pairs.Length == Math.Min(labels.Length / 2, labels.Length - most);
        });

    [Fact]
    public void The_same_stream_gives_the_same_pairs() =>
        Gen.Int[0, 3].Array[0, 20].Sample(labels =>
            PairSwap.Pairs(labels, Stream(1)).SequenceEqual(PairSwap.Pairs(labels, Stream(1))));

    [Fact]
    public void The_effect_of_a_pair_is_own_minus_swapped()
    {
        var clusters = ReferenceClusters.Of(
            [
                new(0, 0, [0, 1, 2], [0, 1, 2], [0.5f, 0.25f, 0.25f], 9),
                new(1, 1, [3, 4], [1, LabelCode.Undefined], [0.75f, 0.25f], 9),
            ], 0).Clusters;

        // own = ½(.5 + .75), swapped = ½(.25 + 0).
        Assert.Equal(0.5, PairSwap.Effect(clusters[0], clusters[1]), 12);
        Assert.Equal(0.5, PairSwap.Effect(clusters[1], clusters[0]), 12);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.3)]
    [InlineData(0.8)]
    public void The_mean_effect_is_the_share_that_copies_where_kappa_is_misled_by_a_biased_generator(double copied)
    {
        var references = ReferenceClusters.Of(
            Draw(Seed.Stream("biased"), 4_000, 10, copied, [0.5, 0.3, 0.2], [0.1, 0.1, 0.8]), 5);

        var effects = PairSwap.Effects(references, Seed.Stream("pairs"));

        Assert.InRange(effects.Length, 1_900, 2_000);
        Assert.Equal(copied, effects.Average(), 0.02);
    }

    [Fact]
    public void Without_information_effects_are_symmetric_about_zero()
    {
        var effects = PairSwap.Effects(
            ReferenceClusters.Of(Draw(Seed.Stream("null"), 8_000, 4, 0, SixEqual, [0.5, 0.3, 0.1, 0.1, 0, 0]), 0),
            Seed.Stream("pairs"));

        // Shares at or below −t and at or above t, for several t.
        foreach (var t in new[] { 0.125, 0.25, 0.375, 0.5 })
        {
            var below = effects.Count(d => d <= -t) / (double)effects.Length;
            var above = effects.Count(d => d >= t) / (double)effects.Length;
            Assert.Equal(below, above, 0.02);
        }
    }

    [Fact]
    public void References_that_all_agree_give_no_pair() =>
        Assert.Empty(PairSwap.Effects(ReferenceClusters.Of([Entry(0, 3, 3), Entry(1, 3, 2)], 0), Stream(0)));

    private static RandomStream Stream(int key) => Seed.Stream("pairs", $"{key}");
}
