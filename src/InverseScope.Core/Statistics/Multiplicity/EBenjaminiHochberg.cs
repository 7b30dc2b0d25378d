namespace InverseScope.Core.Statistics.Multiplicity;

/// <summary>
/// e-BH (Wang and Ramdas, arXiv 2009.02824): controls the false discovery rate under any dependence of the e-values,
/// which matters because the hypotheses of a sweep share references and samples.
/// </summary>
public static class EBenjaminiHochberg
{
    /// <summary>Rejects the k* largest of K e-values, k* = max{k : e_(k) ≥ K/(α k)}.</summary>
    /// <param name="eValues">Each 0 or more, taken where its own test ended: never a running maximum.</param>
    /// <param name="alpha">Bound on the expected share of false discoveries.</param>
    /// <returns>Whether each hypothesis is a discovery.</returns>
    public static bool[] Reject(ReadOnlySpan<double> eValues, double alpha)
    {
        Level.Check(alpha);
        var sorted = eValues.ToArray();
        Array.Sort(sorted, (a, b) => b.CompareTo(a));
        var threshold = double.PositiveInfinity;
        for (var k = 1; k <= sorted.Length; k++)
        {
            if (sorted[k - 1] >= sorted.Length / (alpha * k))
                threshold = sorted[k - 1];
        }

        // Equal e-values stand or fall together, since the largest k counts them all.
        var rejected = new bool[eValues.Length];
        for (var i = 0; i < rejected.Length; i++)
            rejected[i] = eValues[i] >= threshold;
        return rejected;
    }
}
