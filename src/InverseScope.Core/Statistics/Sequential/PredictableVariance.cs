namespace InverseScope.Core.Statistics.Sequential;

/// <summary>
/// Running mean and variance of a stream in [0, 1], regularised as Waudby-Smith and Ramdas do (arXiv 2010.09686):
/// μ̂_t = (½ + Σx)/(t+1), σ̂²_t = (¼ + Σ(x_i − μ̂_i)²)/(t+1).
/// </summary>
internal struct PredictableVariance()
{
    private double _sum = 0;
    private double _squares = 0;

    /// <summary>t.</summary>
    public int Count { get; private set; } = 0;

    /// <summary>μ̂_t.</summary>
    public readonly double Mean => (0.5 + _sum) / (Count + 1);

    /// <summary>The bet that the past suggests for the next observation: √(2·log / (σ̂²_t (t+1) ln(t+2))).</summary>
    /// <param name="logInverseLevel">ln(1/α') of the side that is bet on.</param>
    public readonly double NextBet(double logInverseLevel)
    {
        var variance = (0.25 + _squares) / (Count + 1);
        return Math.Sqrt(2 * logInverseLevel / (variance * (Count + 1) * Math.Log(Count + 2)));
    }

    public void Add(double x)
    {
        Count++;
        _sum += x;
        var deviation = x - Mean;
        _squares += deviation * deviation;
    }
}
