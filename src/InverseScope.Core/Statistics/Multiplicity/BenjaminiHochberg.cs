namespace InverseScope.Core.Statistics.Multiplicity;

/// <summary>False discovery rate from p-values of a fixed sample.</summary>
public static class BenjaminiHochberg
{
    /// <summary>
    /// Benjamini and Hochberg (1995): rejects the k* smallest of K, k* = max{k : p_(k) ≤ α k/K}. For p-values that are
    /// independent or positively dependent.
    /// </summary>
    public static bool[] Reject(ReadOnlySpan<double> pValues, double alpha)
    {
        Level.Check(alpha);
        var sorted = pValues.ToArray();
        Array.Sort(sorted);
        var threshold = double.NegativeInfinity;
        for (var k = 1; k <= sorted.Length; k++)
        {
            if (sorted[k - 1] <= alpha * k / sorted.Length)
                threshold = sorted[k - 1];
        }

        var rejected = new bool[pValues.Length];
        for (var i = 0; i < rejected.Length; i++)
            rejected[i] = pValues[i] <= threshold;
        return rejected;
    }

    /// <summary>Benjamini and Yekutieli (2001): the same at level α / Σ_{i≤K} 1/i, for any dependence.</summary>
    public static bool[] RejectAnyDependence(ReadOnlySpan<double> pValues, double alpha)
    {
        Level.Check(alpha);
        var harmonic = 0.0;
        for (var i = 1; i <= pValues.Length; i++)
            harmonic += 1.0 / i;
        return pValues.Length == 0 ? [] : Reject(pValues, alpha / harmonic);
    }
}
