using CsCheck;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;
using InverseScope.Core.Statistics.Multiplicity;
using InverseScope.Core.Statistics.Sequential;

namespace InverseScope.Core.Tests.Statistics.Multiplicity;

public sealed class MultiplicityTests
{
    private static readonly Gen<double[]> EValueLists =
        Gen.OneOf(Gen.Double[0, 3], Gen.Double[0, 60], Gen.Double[0, 500], Gen.Const(0.0), Gen.Const(20.0)).Array[0, 9];

    [Fact]
    public void Ebh_rejects_the_largest_set_whose_members_all_have_the_evidence_for_its_size() =>
        EValueLists.Sample(e =>
        {
            // Largest of all 2^K self-consistent sets.
            var best = 0;
            for (var set = 0; set < 1 << e.Length; set++)
            {
                var size = int.PopCount(set);
                var consistent = Enumerable.Range(0, e.Length)
                    .All(i => (set >> i & 1) == 0 || e[i] >= e.Length / (0.1 * size));
                if (consistent && size > int.PopCount(best))
                    best = set;
            }

            var rejected = EBenjaminiHochberg.Reject(e, 0.1);
            return rejected.Select((r, i) => r == ((best >> i & 1) == 1)).All(same => same);
        });

    [Fact]
    public void Online_ebh_rejects_what_the_definition_says_at_every_time() =>
        EValueLists.Sample(e =>
        {
            var online = new OnlineEBenjaminiHochberg(0.2);
            for (var t = 1; t <= e.Length; t++)
            {
                online.Add(e[t - 1]);
                var largest = Enumerable.Range(1, t).LastOrDefault(k =>
                    Enumerable.Range(1, t).Count(j => Reaches(e[j - 1], j, k)) >= k);
                var expected = Enumerable.Range(1, t).Select(j => largest > 0 && Reaches(e[j - 1], j, largest));
                if (!expected.SequenceEqual(online.Discoveries()))
                    return false;
            }

            return true;

            static bool Reaches(double e, int j, int k) => 1 / (e * OnlineEBenjaminiHochberg.Gamma(j) * 0.2) <= k;
        });

    [Fact]
    public void Online_discoveries_are_never_taken_back() =>
        Gen.Double[0, 3_000].Array[1, 30].Sample(e =>
        {
            var online = new OnlineEBenjaminiHochberg(0.1);
            bool[] before = [];
            foreach (var value in e)
            {
                online.Add(value);
                var now = online.Discoveries();
                if (before.Where((d, i) => d && !now[i]).Any())
                    return false;
                before = now;
            }

            return true;
        });

    [Fact]
    public void The_shares_set_aside_online_never_exceed_the_whole()
    {
        var sum = 0.0;
        for (var j = 1; j <= 200_000; j++)
            sum += OnlineEBenjaminiHochberg.Gamma(j);

        // What is left is at most the integral of γ beyond.
        var rest = OnlineEBenjaminiHochberg.Gamma(1) * Math.Pow(Math.Log(2), 2) / Math.Log(200_000);
        Assert.InRange(sum + rest, 0.9999, 1.0);
    }

    [Fact]
    public void Bh_agrees_with_a_published_example()
    {
        // The fifteen p-values of Benjamini and Hochberg (1995), section 3.2: four rejections at 5 %.
        double[] p =
        [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.000,
        ];

        Assert.Equal(4, BenjaminiHochberg.Reject(p, 0.05).Count(r => r));
        Assert.Equal(3, BenjaminiHochberg.RejectAnyDependence(p, 0.05).Count(r => r));
    }

    [Fact]
    public void Running_maxima_break_the_false_discovery_rate_and_the_adjuster_mends_it()
    {
        // Null processes that double or vanish: the value at any stopping time has mean 1, the maximum has not.
        var random = new RunSeed(29).Stream("maxima");
        const int Sweeps = 4_000;
        var (raw, adjusted, stopped) = (0, 0, 0);
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            var maxima = new double[5];
            var values = new double[5];
            for (var h = 0; h < 5; h++)
            {
                // One stream, shared by all: the dependence that e-BH has to bear.
                if (h == 0)
                    (maxima[0], values[0]) = DoubleOrNothing(random);
                else
                    (maxima[h], values[h]) = (maxima[0] * Math.Pow(2, h % 2), values[0]);
            }

            raw += EBenjaminiHochberg.Reject(maxima, 0.1).Any(r => r) ? 1 : 0;
            adjusted += EBenjaminiHochberg.Reject([.. maxima.Select(m => EValues.AdjustRunningMaximum(m))], 0.1)
                .Any(r => r) ? 1 : 0;
            stopped += EBenjaminiHochberg.Reject(values, 0.1).Any(r => r) ? 1 : 0;
        }

        Assert.InRange(stopped / (double)Sweeps, 0, 0.1);
        Assert.InRange(adjusted / (double)Sweeps, 0, 0.1);
        Assert.True(raw > adjusted);
    }

    [Fact]
    public void Intervals_of_the_selected_are_at_the_level_that_selection_costs()
    {
        double[] effects = [.. Enumerable.Range(0, 60).Select(i => i % 3 == 0 ? 0.1 : 0.5)];
        var options = new SequentialTestOptions();
        var tests = Enumerable.Repeat(new SequentialTestState(options, effects, null), 10).ToList();
        bool[] selected = [.. Enumerable.Range(0, 10).Select(i => i < 2)];

        var intervals = SelectedIntervals.Of(tests, selected, 0.05);

        var sequence = new BettingSequence(0.01);
        foreach (var effect in effects)
            sequence.Observe(0.5 * (effect + 1));
        Assert.Equal(sequence.Interval.Map(2, -1), intervals[0]);
        Assert.All(intervals.Skip(2), i => Assert.Null(i));
        var unselected = SelectedIntervals.Of(tests, [.. selected.Select(_ => true)], 0.05);
        Assert.True(intervals[0]!.Value.Width > unselected[0]!.Value.Width);
    }

    [Fact]
    public void Intervals_of_the_best_looking_hypotheses_keep_their_level_where_ordinary_ones_lose_it()
    {
        // Narrow fixed-sample intervals show the effect of selection; sequences have slack to hide it.
        var random = new RunSeed(37).Stream("selected");
        var (plain, adjusted) = (0, 0);
        const int Sweeps = 2_000;
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            // The best of twenty null effects, one standard error each.
            var best = Enumerable.Range(0, 20).Max(_ => random.NextNormal());
            plain += Misses(best, 0.05) ? 1 : 0;
            adjusted += Misses(best, SelectedIntervals.Alpha(0.05, 1, 20)) ? 1 : 0;
        }

        Assert.InRange(plain / (double)Sweeps, 0.3, 0.5);
        Assert.InRange(adjusted / (double)Sweeps, 0, 0.05);

        static bool Misses(double estimate, double alpha) =>
            Math.Abs(estimate) > -SpecialFunctions.NormalQuantile(0.5 * alpha);
    }

    private static (double Maximum, double Value) DoubleOrNothing(RandomStream random)
    {
        var (maximum, value) = (1.0, 1.0);
        for (var t = 0; t < 12 && value > 0; t++)
        {
            value = random.NextDouble() < 0.5 ? 2 * value : 0;
            maximum = Math.Max(maximum, value);
        }

        return (maximum, value);
    }
}
