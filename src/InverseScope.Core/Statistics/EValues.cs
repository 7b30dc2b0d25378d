namespace InverseScope.Core.Statistics;

/// <summary>Conversions of e-values: non-negative numbers whose expectation under the null is at most 1.</summary>
public static class EValues
{
    /// <summary>exp(log), at most the largest finite number: less evidence than there is, hence still valid.</summary>
    public static double FromLog(double log) => Math.Min(Math.Exp(log), double.MaxValue);

    /// <summary>p ↦ κ p^(κ−1), a calibrator for every κ in (0, 1) (Vovk and Wang 2021).</summary>
    /// <param name="p">In (0, 1].</param>
    public static double FromPValue(double p, double kappa = 0.5)
    {
        if (!(p is > 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(p), p, "Above 0, at most 1.");
        CheckExponent(kappa);
        return kappa * Math.Pow(p, kappa - 1);
    }

    /// <summary>e ↦ min(1, 1/e), the only admissible one.</summary>
    /// <param name="e">0 or more.</param>
    public static double ToPValue(double e)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(e);
        return Math.Min(1, 1 / e);
    }

    /// <summary>
    /// Makes an e-value of the largest value that an e-process ever took: A(e) = κ e^(1−κ) with ∫₁^∞ A(e)/e² de ≤ 1.
    /// The maximum itself is not one, and false discovery rates are lost where it is used as such (arXiv 2501.19360).
    /// </summary>
    /// <param name="maximum">1 or more, since every e-process starts at 1.</param>
    public static double AdjustRunningMaximum(double maximum, double kappa = 0.5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        CheckExponent(kappa);
        return kappa * Math.Pow(maximum, 1 - kappa);
    }

    private static void CheckExponent(double kappa)
    {
        if (!(kappa is > 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(kappa), kappa, "Between 0 and 1.");
    }
}
