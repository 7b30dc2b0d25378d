using InverseScope.Core.Seeds;

namespace InverseScope.Core.Consistency;

/// <summary>
/// Whether samples agree with their own reference more than with others, on a fixed set of references: labels are
/// permuted between references, never between samples.
/// </summary>
public static class PermutationTest
{
    /// <summary>p = (1 + #{FCR of a permutation ≥ FCR}) / (permutations + 1).</summary>
    /// <param name="permutations">Above 0; the smallest possible p is 1/(permutations + 1).</param>
    /// <param name="strata">
    /// One code for each cluster: labels are permuted within equal codes only, which keeps what the feature is known
    /// to depend on (a template, a length) out of the test. Null for none.
    /// </param>
    /// <returns>In (0, 1]; 1 without clusters.</returns>
    public static double PValue(
        ReferenceClusters references, RandomStream random, int permutations = 1_999, IReadOnlyList<int>? strata = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(permutations);
        var clusters = references.Clusters;
        if (strata is not null && strata.Count != clusters.Count)
            throw new ArgumentException($"{strata.Count} strata for {clusters.Count} clusters.", nameof(strata));
        int[] codes = [.. clusters.Select(c => c.Label).Distinct().Order()];
        var shares = new double[clusters.Count, codes.Length];
        var labels = new int[clusters.Count];
        for (var c = 0; c < clusters.Count; c++)
        {
            labels[c] = Array.BinarySearch(codes, clusters[c].Label);
            for (var v = 0; v < codes.Length; v++)
                shares[c, v] = clusters[c].Observations * clusters[c].ShareOf(codes[v]);
        }

        int[][] groups = strata is null
            ? [[.. Enumerable.Range(0, clusters.Count)]]
            : [.. Enumerable.Range(0, clusters.Count).GroupBy(c => strata[c]).Select(g => g.ToArray())];
        var observed = Sum(shares, labels);
        var atLeast = 0;
        for (var b = 0; b < permutations; b++)
        {
            foreach (var group in groups)
                Permute(labels, group, random);
            // Equal sums in another order differ by rounding.
            if (Sum(shares, labels) >= observed - 1e-9)
                atLeast++;
        }

        return (1.0 + atLeast) / (permutations + 1);
    }

    private static double Sum(double[,] shares, int[] labels)
    {
        var sum = 0.0;
        for (var c = 0; c < labels.Length; c++)
            sum += shares[c, labels[c]];
        return sum;
    }

    private static void Permute(int[] labels, int[] group, RandomStream random)
    {
        for (var i = group.Length - 1; i > 0; i--)
        {
            var j = random.NextInt(i + 1);
            (labels[group[i]], labels[group[j]]) = (labels[group[j]], labels[group[i]]);
        }
    }
}
