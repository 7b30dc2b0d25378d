using InverseScope.Core.Statistics.Sequential;

namespace InverseScope.Core.Statistics.Multiplicity;

/// <summary>
/// Intervals to show beside discoveries. Picking the best of K makes ordinary intervals too narrow; at level
/// 1 − α|S|/K the expected share of shown ones that miss is at most α, whatever the dependence and the rule of
/// selection (e-BY; Xu, Wang and Ramdas, arXiv 2203.12572).
/// </summary>
public static class SelectedIntervals
{
    /// <summary>Probability α|S|/K that each of the selected intervals may miss with.</summary>
    /// <param name="selected">|S|, 1 .. <paramref name="tested"/>.</param>
    /// <param name="tested">K.</param>
    public static double Alpha(double alpha, int selected, int tested)
    {
        Level.Check(alpha);
        if (selected < 1 || selected > tested)
            throw new ArgumentOutOfRangeException(nameof(selected), selected, $"Between 1 and {tested}.");
        return alpha * selected / tested;
    }

    /// <summary>Intervals of the pair-swap effects of the selected hypotheses; null for the others.</summary>
    /// <param name="tests">All K hypotheses that were tested.</param>
    /// <param name="selected">Which are shown.</param>
    public static Interval?[] Of(IReadOnlyList<SequentialTestState> tests, IReadOnlyList<bool> selected, double alpha)
    {
        var intervals = new Interval?[tests.Count];
        var count = selected.Count(s => s);
        for (var i = 0; i < intervals.Length; i++)
        {
            if (!selected[i] || tests[i].Effects.Length == 0)
                continue;
            var sequence = new BettingSequence(Alpha(alpha, count, tests.Count));
            foreach (var effect in tests[i].Effects)
                sequence.Observe(0.5 * (effect + 1));
            intervals[i] = sequence.Interval.Map(2, -1);
        }

        return intervals;
    }
}
