namespace InverseScope.Core.Statistics.Sequential;

/// <summary>
/// Evidence against "the mean of d is at most 0" for a stream d_i in [−1, 1], valid whenever one stops: the mean over
/// a few bets λ of ∏(1 + λ d_i). Under the null its expectation at any stopping time is at most 1, so that it exceeds
/// 1/α with probability at most α (Ville).
/// </summary>
public sealed class EProcess
{
    // Small bets find small effects slowly, large ones find large effects fast: the mixture loses a factor 8 at most.
    private static readonly double[] Bets = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9];

    private readonly double[] _logCapital = new double[Bets.Length];

    /// <summary>ln E_t; 0 before the first observation.</summary>
    public double LogValue { get; private set; }

    /// <summary>
    /// The largest ln E up to now. It is not an e-value: <see cref="EValues.AdjustRunningMaximum"/> makes it one.
    /// </summary>
    public double LogMaximum { get; private set; }

    /// <summary>E_t, at most the largest finite number.</summary>
    public double Value => EValues.FromLog(LogValue);

    /// <param name="d">In [−1, 1].</param>
    public void Observe(double d)
    {
        if (!(d is >= -1 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(d), d, "Between -1 and 1.");
        var largest = double.NegativeInfinity;
        for (var i = 0; i < Bets.Length; i++)
        {
            _logCapital[i] += Math.Log(1 + Bets[i] * d);
            largest = Math.Max(largest, _logCapital[i]);
        }

        var sum = 0.0;
        foreach (var capital in _logCapital)
            sum += Math.Exp(capital - largest);
        LogValue = largest + Math.Log(sum / Bets.Length);
        LogMaximum = Math.Max(LogMaximum, LogValue);
    }
}
