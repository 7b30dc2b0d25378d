using System.Numerics;

namespace InverseScope.Core.Statistics.Sequential;

/// <summary>
/// Confidence sequence for the mean of a stream in [0, 1], by hedged betting (Waudby-Smith and Ramdas, arXiv
/// 2010.09686): it holds at all times at once, so that one may look after every observation and stop at will. Each
/// mean m on a grid is bet against from both sides, K⁺ = ∏(1 + λ⁺(x_i − m)) and K⁻ = ∏(1 − λ⁻(x_i − m)), and leaves
/// for good when ½K⁺ or ½K⁻ reaches 1/α.
/// </summary>
public sealed class BettingSequence
{
    /// <summary>
    /// Distance of neighbouring means on the grid; the interval is widened by as much on either side.
    /// </summary>
    public const double GridStep = 1.0 / Steps;

    private const int Steps = 1_000;

    // c of the paper: no bet stakes more than half of the capital.
    private const double LargestStake = 0.5;

    private static readonly double[] Means = [.. Enumerable.Range(0, Steps + 1).Select(k => (double)k / Steps)];
    private static readonly double[] LargestUp = [.. Means.Select(m => LargestStake / m)];
    private static readonly double[] LargestDown = [.. Means.Select(m => LargestStake / (1 - m))];

    private readonly double[] _up = new double[Steps + 1];
    private readonly double[] _down = new double[Steps + 1];
    private readonly double _rejectAt;
    private readonly double _logInverseLevel;
    private PredictableVariance _past = new();

    // Means outside first .. last are rejected; inside, a rejected one has infinite capital.
    private int _first;
    private int _last = Steps;

    /// <param name="alpha">Probability of ever missing the mean, e.g. 0.05.</param>
    public BettingSequence(double alpha)
    {
        if (!(alpha is > 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "Between 0 and 1.");
        _rejectAt = 2 / alpha;
        _logInverseLevel = Math.Log(2 / alpha);
        Array.Fill(_up, 1);
        Array.Fill(_down, 1);
    }

    /// <summary>Means that are not rejected, within a grid step; [0, 1] before the first observation.</summary>
    public Interval Interval =>
        new Interval(Means[_first] - GridStep, Means[_last] + GridStep).Clamp(0, 1);

    /// <param name="x">In [0, 1].</param>
    public void Observe(double x)
    {
        if (!(x is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(x), x, "Between 0 and 1.");
        Bet(x, _past.NextBet(_logInverseLevel));
        _past.Add(x);
        var (first, last) = (_first, _last);
        while (first <= last && double.IsInfinity(_up[first]))
            first++;
        while (last >= first && double.IsInfinity(_up[last]))
            last--;
        // If all means are rejected the stream has no constant mean, or the rare miss has happened: the last interval
        // stands.
        if (first <= last)
            (_first, _last) = (first, last);
    }

    private void Bet(double x, double bet)
    {
        var k = _first;
        var (observed, stake) = (new Vector<double>(x), new Vector<double>(bet));
        var (reject, gone) = (new Vector<double>(_rejectAt), new Vector<double>(double.PositiveInfinity));
        for (; k + Vector<double>.Count <= _last + 1; k += Vector<double>.Count)
        {
            var difference = observed - new Vector<double>(Means, k);
            var up = new Vector<double>(_up, k)
                * (Vector<double>.One + Vector.Min(stake, new Vector<double>(LargestUp, k)) * difference);
            var down = new Vector<double>(_down, k)
                * (Vector<double>.One - Vector.Min(stake, new Vector<double>(LargestDown, k)) * difference);
            var rejected = Vector.GreaterThanOrEqual(Vector.Max(up, down), reject);
            Vector.ConditionalSelect(rejected, gone, up).CopyTo(_up, k);
            down.CopyTo(_down, k);
        }

        for (; k <= _last; k++)
        {
            var difference = x - Means[k];
            _up[k] *= 1 + Math.Min(bet, LargestUp[k]) * difference;
            _down[k] *= 1 - Math.Min(bet, LargestDown[k]) * difference;
            if (Math.Max(_up[k], _down[k]) >= _rejectAt)
                _up[k] = double.PositiveInfinity;
        }
    }
}
