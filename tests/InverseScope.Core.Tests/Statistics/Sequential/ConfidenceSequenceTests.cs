using CsCheck;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;
using InverseScope.Core.Statistics.Calibration;
using InverseScope.Core.Statistics.Sequential;

namespace InverseScope.Core.Tests.Statistics.Sequential;

public sealed class ConfidenceSequenceTests
{
    private const double Alpha = 0.05;
    private static readonly RunSeed Seed = new(17);

    [Fact]
    public void Betting_agrees_with_products_taken_afresh_for_each_mean() =>
        Gen.Double[0, 1].Array[1, 60].Sample(xs =>
        {
            var sequence = new BettingSequence(Alpha);
            foreach (var x in xs)
                sequence.Observe(x);
            var expected = SlowBetting(xs);
            return Math.Abs(sequence.Interval.Low - expected.Low) < 1e-12
                && Math.Abs(sequence.Interval.High - expected.High) < 1e-12;
        }, iter: 40);

    [Fact]
    public void Empirical_bernstein_agrees_with_its_formula_summed_afresh() =>
        Gen.Double[0, 1].Array[1, 60].Sample(xs =>
        {
            var sequence = new EmpiricalBernsteinSequence(Alpha);
            foreach (var x in xs)
                sequence.Observe(x);
            var expected = SlowBernstein(xs);
            return Math.Abs(sequence.Interval.Low - expected.Low) < 1e-9
                && Math.Abs(sequence.Interval.High - expected.High) < 1e-9;
        });

    [Fact]
    public void Before_the_first_observation_every_mean_is_possible()
    {
        Assert.Equal(new Interval(0, 1), new BettingSequence(Alpha).Interval);
        Assert.Equal(new Interval(0, 1), new EmpiricalBernsteinSequence(Alpha).Interval);
    }

    [Fact]
    public void Intervals_only_ever_shrink() =>
        Gen.Double[0, 1].Array[1, 100].Sample(xs =>
        {
            var betting = new BettingSequence(Alpha);
            var bernstein = new EmpiricalBernsteinSequence(Alpha);
            var (last, lastBernstein) = (betting.Interval, bernstein.Interval);
            foreach (var x in xs)
            {
                betting.Observe(x);
                bernstein.Observe(x);
                if (!Within(betting.Interval, last) || !Within(bernstein.Interval, lastBernstein))
                    return false;
                (last, lastBernstein) = (betting.Interval, bernstein.Interval);
            }

            return true;

            static bool Within(Interval inner, Interval outer) => inner.Low >= outer.Low && inner.High <= outer.High;
        });

    [Fact]
    public void Mirrored_streams_have_mirrored_intervals() =>
        Gen.Double[0, 1].Array[1, 80].Sample(xs =>
        {
            var (one, other) = (new BettingSequence(Alpha), new BettingSequence(Alpha));
            foreach (var x in xs)
            {
                one.Observe(x);
                other.Observe(1 - x);
            }

            // A capital within rounding of the threshold may fall on either side of it.
            return Math.Abs(one.Interval.Low - (1 - other.Interval.High)) <= 1.5 * BettingSequence.GridStep
                && Math.Abs(one.Interval.High - (1 - other.Interval.Low)) <= 1.5 * BettingSequence.GridStep;
        });

    [Theory]
    [InlineData(0.0, false)]
    [InlineData(0.0, true)]
    [InlineData(0.3, false)]
    [InlineData(0.3, true)]
    [InlineData(0.8, false)]
    [InlineData(0.8, true)]
    public void On_pair_swap_effects_both_rarely_miss_and_have_the_known_widths(double copied, bool biased)
    {
        const int Runs = 400;
        var options = new StreamSimulationOptions
        {
            ReferenceLabels = biased ? [0.9, 0.1] : [1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0],
        };
        var random = Seed.Stream("widths");
        var (missed, missedBernstein) = (0, 0);
        var widths = new double[3];
        var widthsBernstein = new double[3];
        for (var run = 0; run < Runs; run++)
        {
            var betting = new BettingSequence(Alpha);
            var bernstein = new EmpiricalBernsteinSequence(Alpha);
            for (var pair = 1; pair <= 200; pair++)
            {
                var x = 0.5 * (StreamSimulation.Effect(options, random, copied) + 1);
                betting.Observe(x);
                bernstein.Observe(x);
                if (Array.IndexOf([50, 100, 200], pair) is var at and >= 0)
                {
                    widths[at] += 2 * betting.Interval.Width / Runs;
                    widthsBernstein[at] += 2 * bernstein.Interval.Width / Runs;
                }
            }

            // Intervals of all times are intersected, so that a miss at any time is a miss at the end.
            missed += betting.Interval.Contains(0.5 * (copied + 1)) ? 0 : 1;
            missedBernstein += bernstein.Interval.Contains(0.5 * (copied + 1)) ? 0 : 1;
        }

        Assert.InRange(missed, 0, 0.02 * Runs);
        Assert.Equal(0, missedBernstein);
        Assert.InRange(widths[0], 0.26, 0.36);
        Assert.InRange(widths[1], 0.14, 0.22);
        Assert.InRange(widths[2], 0.08, 0.14);
        Assert.InRange(widthsBernstein[0], 0.50, 0.65);
        Assert.InRange(widthsBernstein[1], 0.29, 0.35);
        Assert.InRange(widthsBernstein[2], 0.15, 0.20);
    }

    [Theory]
    [InlineData(0.05, 0.048)]
    [InlineData(0.3, 0.111)]
    [InlineData(0.9, 0.068)]
    public void On_single_matches_looking_after_each_one_is_safe_where_a_fixed_interval_is_not(double p, double width)
    {
        const int Runs = 300;
        var random = Seed.Stream("zero-one");
        var (missed, wilsonMissed, meanWidth) = (0, 0, 0.0);
        for (var run = 0; run < Runs; run++)
        {
            var sequence = new EmpiricalBernsteinSequence(Alpha);
            var (successes, wilsonWrong) = (0, false);
            for (var t = 1; t <= 1_000; t++)
            {
                var success = random.NextDouble() < p;
                successes += success ? 1 : 0;
                sequence.Observe(success ? 1 : 0);
                wilsonWrong |= !Proportion.Wilson(successes, t).Contains(p);
            }

            missed += sequence.Interval.Contains(p) ? 0 : 1;
            wilsonMissed += wilsonWrong ? 1 : 0;
            meanWidth += sequence.Interval.Width / Runs;
        }

        Assert.InRange(missed, 0, 0.04 * Runs);
        Assert.InRange(wilsonMissed, 0.25 * Runs, 0.6 * Runs);
        Assert.Equal(width, meanWidth, 0.15 * width);
    }

    [Fact]
    public void A_value_outside_the_unit_interval_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new BettingSequence(Alpha).Observe(1.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EmpiricalBernsteinSequence(Alpha).Observe(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BettingSequence(0));
    }

    private static Interval SlowBetting(double[] xs)
    {
        double[] bets = [.. xs.Select((_, i) => Bet(xs, i, Math.Log(2 / Alpha)))];
        double[] kept = [.. Enumerable.Range(0, 1_001).Select(k => k / 1_000.0).Where(m => Kept(m, xs, bets))];
        return new Interval(Math.Max(0, kept[0] - 0.001), Math.Min(1, kept[^1] + 0.001));
    }

    private static bool Kept(double m, double[] xs, double[] bets)
    {
        var (logUp, logDown) = (0.0, 0.0);
        for (var i = 0; i < xs.Length; i++)
        {
            logUp += Math.Log(1 + (m == 0 ? bets[i] : Math.Min(bets[i], 0.5 / m)) * (xs[i] - m));
            logDown += Math.Log(1 - (m == 1 ? bets[i] : Math.Min(bets[i], 0.5 / (1 - m))) * (xs[i] - m));
            if (Math.Max(logUp, logDown) + Math.Log(0.5) >= Math.Log(1 / Alpha))
                return false;
        }

        return true;
    }

    private static Interval SlowBernstein(double[] xs)
    {
        var (low, high) = (0.0, 1.0);
        for (var t = 1; t <= xs.Length; t++)
        {
            var bets = Enumerable.Range(0, t).Select(i => Math.Min(0.5, Bet(xs, i, Math.Log(2 / Alpha)))).ToArray();
            var penalty = Enumerable.Range(0, t).Sum(i =>
                Math.Pow(xs[i] - Mean(xs, i), 2) * (-Math.Log(1 - bets[i]) - bets[i]));
            var centre = Enumerable.Range(0, t).Sum(i => bets[i] * xs[i]) / bets.Sum();
            var half = (Math.Log(2 / Alpha) + penalty) / bets.Sum();
            (low, high) = (Math.Max(low, centre - half), Math.Min(high, centre + half));
        }

        return new Interval(low, high);
    }

    // λ_{i+1} of the paper from the first i observations, without its bounds.
    private static double Bet(double[] xs, int i, double log)
    {
        var variance = (0.25 + Enumerable.Range(0, i).Sum(j => Math.Pow(xs[j] - Mean(xs, j + 1), 2))) / (i + 1);
        return Math.Sqrt(2 * log / (variance * (i + 1) * Math.Log(i + 2)));
    }

    private static double Mean(double[] xs, int t) => (0.5 + xs.Take(t).Sum()) / (t + 1);
}
