namespace InverseScope.Core.Statistics.Multiplicity;

/// <summary>
/// Online e-BH (Fischer, Xu and Ramdas, arXiv 2407.20683), for hypotheses that come one after another without an end
/// in sight. Discoveries are never taken back; an earlier hypothesis can become one when later ones are.
/// </summary>
public sealed class OnlineEBenjaminiHochberg
{
    // Σ_{j≥1} 1/(j ln²(j+1)), rounded up: the first 2·10⁷ terms and the integral of 1/(x ln² x) beyond.
    private const double GammaSum = 3.38774;

    private readonly double _alpha;
    private readonly List<double> _eValues = [];

    /// <param name="alpha">Bound on the expected share of false discoveries at any time.</param>
    public OnlineEBenjaminiHochberg(double alpha)
    {
        Level.Check(alpha);
        _alpha = alpha;
    }

    /// <summary>e-values so far, in the order of their hypotheses.</summary>
    public IReadOnlyList<double> EValues => _eValues;

    /// <summary>
    /// γ_j ∝ 1/(j ln²(j+1)), the share of α set aside for the j-th hypothesis, fixed before any is seen; sum at most 1.
    /// </summary>
    /// <param name="j">1-based.</param>
    public static double Gamma(int j)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(j, 1);
        var log = Math.Log(j + 1.0);
        return 1 / (GammaSum * j * log * log);
    }

    /// <summary>Adds the e-value of the next hypothesis.</summary>
    /// <param name="eValue">0 or more, taken where its test ended.</param>
    public void Add(double eValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(eValue);
        _eValues.Add(eValue);
    }

    /// <summary>
    /// Whether each hypothesis so far is a discovery: e_j ≥ 1/(k γ_j α) for the largest k that as many hypotheses
    /// reach.
    /// </summary>
    public bool[] Discoveries()
    {
        var needed = new double[_eValues.Count];
        for (var j = 0; j < needed.Length; j++)
            needed[j] = 1 / (_eValues[j] * Gamma(j + 1) * _alpha);
        double[] sorted = [.. needed.Order()];
        var largest = 0;
        for (var k = 1; k <= sorted.Length; k++)
        {
            if (sorted[k - 1] <= k)
                largest = k;
        }

        return [.. needed.Select(n => n <= largest)];
    }
}
