namespace InverseScope.Core.Statistics.Sequential;

/// <summary>
/// Confidence sequence for the running mean of the conditional means of a stream in [0, 1]: the predictable plug-in
/// empirical Bernstein one (Waudby-Smith and Ramdas, arXiv 2010.09686). Wider than <see cref="BettingSequence"/>, in
/// closed form.
/// </summary>
public sealed class EmpiricalBernsteinSequence
{
    private const double LargestBet = 0.5;

    private readonly double _logInverseLevel;
    private PredictableVariance _past = new();
    private double _bets;
    private double _weighted;
    private double _penalty;

    /// <param name="alpha">Probability of ever missing the mean, half of it on either side.</param>
    public EmpiricalBernsteinSequence(double alpha)
    {
        if (!(alpha is > 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "Between 0 and 1.");
        _logInverseLevel = Math.Log(2 / alpha);
    }

    /// <summary>The intersection of the intervals of all times so far; [0, 1] before the first observation.</summary>
    public Interval Interval { get; private set; } = new(0, 1);

    /// <param name="x">In [0, 1].</param>
    public void Observe(double x)
    {
        if (!(x is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(x), x, "Between 0 and 1.");
        var bet = Math.Min(LargestBet, _past.NextBet(_logInverseLevel));
        var deviation = x - _past.Mean;
        _bets += bet;
        _weighted += bet * x;
        _penalty += deviation * deviation * (-Math.Log(1 - bet) - bet);
        _past.Add(x);
        var centre = _weighted / _bets;
        var half = (_logInverseLevel + _penalty) / _bets;
        Interval = new Interval(Math.Max(Interval.Low, centre - half), Math.Min(Interval.High, centre + half));
    }
}
