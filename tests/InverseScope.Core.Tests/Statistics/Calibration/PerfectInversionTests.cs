using CsCheck;
using InverseScope.Core.Statistics.Calibration;

namespace InverseScope.Core.Tests.Statistics.Calibration;

public sealed class PerfectInversionTests
{
    private static readonly Gen<int[]> Labels = Gen.Int[0, 4].Array[60];

    [Fact]
    public void The_planted_feature_itself_has_kappa_one_under_any_names() =>
        Labels.Sample(labels =>
        {
            if (labels.Distinct().Count() > 1)
                Assert.Equal(1, PerfectInversion.Kappa(labels, [.. labels.Select(v => 7 - 2 * v)])!.Value, 12);
        });

    [Fact]
    public void It_agrees_with_all_pairs_counted_one_by_one() =>
        Gen.Select(Labels, Labels).Sample((planted, feature) =>
        {
            var (together, match, all, chance) = (0, 0, 0, 0);
            for (var i = 0; i < planted.Length; i++)
            {
                for (var j = 0; j < planted.Length; j++)
                {
                    if (i == j)
                        continue;
                    all++;
                    chance += feature[i] == feature[j] ? 1 : 0;
                    together += planted[i] == planted[j] ? 1 : 0;
                    match += planted[i] == planted[j] && feature[i] == feature[j] ? 1 : 0;
                }
            }

            if (feature.Distinct().Count() < 2)
                return;
            var (m, c) = ((double)match / together, (double)chance / all);
            Assert.Equal((m - c) / (1 - c), PerfectInversion.Kappa(planted, feature)!.Value, 9);
        });

    [Fact]
    public void An_unrelated_feature_has_none_and_a_coarser_one_has_all()
    {
        int[] planted = [.. Enumerable.Range(0, 9_000).Select(i => i % 6)];
        Assert.Equal(0, PerfectInversion.Kappa(planted, [.. Enumerable.Range(0, 9_000).Select(i => i / 6 % 2)])!.Value, 2);
        Assert.Equal(1, PerfectInversion.Kappa(planted, [.. planted.Select(v => v / 3)])!.Value, 12);
        Assert.InRange(PerfectInversion.Kappa([.. planted.Select(v => v / 3)], planted)!.Value, 0.1, 0.3);
    }

    [Fact]
    public void Where_there_is_nothing_to_compare_there_is_no_kappa()
    {
        Assert.Null(PerfectInversion.Kappa([0, 0, 1], [5, 5, 5]));
        Assert.Null(PerfectInversion.Kappa([0, 1, 2], [0, 0, 1]));
        Assert.Throws<ArgumentException>(() => PerfectInversion.Kappa([0], [0, 1]));
    }
}
