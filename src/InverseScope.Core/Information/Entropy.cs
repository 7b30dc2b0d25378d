using InverseScope.Core.Statistics;

namespace InverseScope.Core.Information;

/// <summary>Entropy of a label, in bits.</summary>
public static class Entropy
{
    /// <summary>−Σ p log2 p of known shares, which need not sum to 1: they are divided by their sum.</summary>
    /// <param name="shares">0 or more each, not all 0.</param>
    public static double OfShares(ReadOnlySpan<double> shares)
    {
        var (sum, weighted) = (0.0, 0.0);
        foreach (var share in shares)
        {
            sum += share;
            weighted += share > 0 ? share * Math.Log2(share) : 0;
        }

        return Math.Max(0, Math.Log2(sum) - weighted / sum);
    }

    /// <summary>
    /// Entropy of the distribution that counts are a sample of, by Grassberger's estimator (arXiv physics/0307138):
    /// ln N − (1/N) Σ n G(n), G(n) = ψ(n) + ½(−1)^n [ψ((n+1)/2) − ψ(n/2)]. Chosen over Miller and Madow's correction
    /// because that one is far too small where labels are as many as samples, and over NSB's because it is a sum.
    /// </summary>
    /// <param name="counts">How often each label was seen, 0 or more each, not all 0.</param>
    public static double OfCounts(ReadOnlySpan<int> counts)
    {
        var (total, weighted) = (0L, 0.0);
        foreach (var n in counts)
        {
            if (n == 0)
                continue;
            total += n;
            var odd = 0.5 * (SpecialFunctions.Digamma(0.5 * (n + 1)) - SpecialFunctions.Digamma(0.5 * n));
            weighted += n * (SpecialFunctions.Digamma(n) + (n % 2 == 0 ? odd : -odd));
        }

        return Math.Max(0, Math.Log(total) - weighted / total) / Math.Log(2);
    }
}
