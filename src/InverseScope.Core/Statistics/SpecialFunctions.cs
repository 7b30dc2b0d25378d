namespace InverseScope.Core.Statistics;

/// <summary>Distribution functions and their like, to about 1e-12 where intervals need them.</summary>
public static class SpecialFunctions
{
    /// <summary>P(Z ≤ x) of a standard normal (Marsaglia's series; absolute error below 1e-14).</summary>
    public static double NormalCdf(double x)
    {
        if (x < -8)
            return 0;
        if (x > 8)
            return 1;
        var (sum, term) = (x, x);
        for (var k = 3; Math.Abs(term) > 1e-17 * Math.Abs(sum); k += 2)
        {
            term *= x * x / k;
            sum += term;
        }

        return 0.5 + sum * Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI);
    }

    /// <summary>
    /// The x with <see cref="NormalCdf"/>(x) = p, for 0 &lt; p &lt; 1 (Acklam's approximation, refined once).
    /// </summary>
    public static double NormalQuantile(double p)
    {
        CheckProbability(p);
        if (p > 0.5)
            return -NormalQuantile(1 - p);
        double x;
        if (p < 0.02425)
        {
            var q = Math.Sqrt(-2 * Math.Log(p));
            x = (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q
                    - 2.549732539343734) * q + 4.374664141464968) * q + 2.938163982698783)
                / ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q
                    + 3.754408661907416) * q + 1);
        }
        else
        {
            var q = p - 0.5;
            var r = q * q;
            x = (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r
                    + 1.383577518672690e+02) * r - 3.066479806614716e+01) * r + 2.506628277459239) * q
                / (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r
                    + 6.680131188771972e+01) * r - 1.328068155288572e+01) * r + 1);
        }

        // Beyond the cumulative's own accuracy a correction would do harm.
        if (p < 1e-10)
            return x;
        var error = (NormalCdf(x) - p) * Math.Sqrt(2 * Math.PI) * Math.Exp(0.5 * x * x);
        return x - error / (1 + 0.5 * x * error);
    }

    /// <summary>P(T ≤ x) of Student's t.</summary>
    /// <param name="degrees">Degrees of freedom, above 0.</param>
    public static double StudentCdf(double x, double degrees)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(degrees);
        var tail = 0.5 * IncompleteBeta(0.5 * degrees, 0.5, degrees / (degrees + x * x));
        return x > 0 ? 1 - tail : tail;
    }

    /// <summary>The x with <see cref="StudentCdf"/>(x) = p, for 0 &lt; p &lt; 1.</summary>
    /// <param name="degrees">Degrees of freedom, above 0.</param>
    public static double StudentQuantile(double p, double degrees)
    {
        CheckProbability(p);
        if (p < 0.5)
            return -StudentQuantile(1 - p, degrees);
        var (low, high) = (0.0, 1.0);
        while (StudentCdf(high, degrees) < p)
            (low, high) = (high, 2 * high);
        while (high - low > 1e-13 * high)
        {
            var middle = 0.5 * (low + high);
            if (middle <= low || middle >= high)
                break;
            (low, high) = StudentCdf(middle, degrees) < p ? (middle, high) : (low, middle);
        }

        return 0.5 * (low + high);
    }

    /// <summary>ψ(x), the derivative of ln Γ, for x &gt; 0.</summary>
    public static double Digamma(double x)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(x);
        var shift = 0.0;
        for (; x < 10; x++)
            shift -= 1 / x;
        var r = 1 / (x * x);
        return shift + Math.Log(x) - 0.5 / x
            - r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r * (1.0 / 132)))));
    }

    /// <summary>ln Γ(x) for x &gt; 0 (Stirling's series after a shift).</summary>
    public static double LogGamma(double x)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(x);
        var product = 1.0;
        for (; x < 10; x++)
            product *= x;
        var r = 1 / (x * x);
        var series = (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r * (1.0 / 1188))))) / x;
        return (x - 0.5) * Math.Log(x) - x + 0.5 * Math.Log(2 * Math.PI) + series - Math.Log(product);
    }

    /// <summary>Regularised incomplete beta function I_x(a, b) (Lentz's continued fraction).</summary>
    private static double IncompleteBeta(double a, double b, double x)
    {
        if (x <= 0)
            return 0;
        if (x >= 1)
            return 1;
        // The fraction converges fast only on this side of the mean.
        if (x > (a + 1) / (a + b + 2))
            return 1 - IncompleteBeta(b, a, 1 - x);
        const double Tiny = 1e-300;
        var front = Math.Exp(
            LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * Math.Log(x) + b * Math.Log(1 - x)) / a;
        var (c, d) = (1.0, 1 - (a + b) * x / (a + 1));
        d = 1 / (Math.Abs(d) < Tiny ? Tiny : d);
        var fraction = d;
        for (var m = 1; m <= 500; m++)
        {
            var even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 / Guard(1 + even * d);
            c = Guard(1 + even / c);
            fraction *= d * c;
            var odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            d = 1 / Guard(1 + odd * d);
            c = Guard(1 + odd / c);
            fraction *= d * c;
            if (Math.Abs(d * c - 1) < 1e-15)
                break;
        }

        return front * fraction;

        static double Guard(double value) => Math.Abs(value) < Tiny ? Tiny : value;
    }

    private static void CheckProbability(double p)
    {
        if (!(p > 0 && p < 1))
            throw new ArgumentOutOfRangeException(nameof(p), p, "A probability strictly between 0 and 1.");
    }
}
