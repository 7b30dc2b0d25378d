namespace InverseScope.Core.Statistics;

/// <summary>
/// Agreement of two partitions, corrected for chance: 1 for the same partition under any names, 0 on average for
/// independent ones (Vinh, Epps and Bailey, JMLR 2010).
/// </summary>
public static class AdjustedMutualInformation
{
    /// <summary>
    /// (I − E I) / (½(H₁ + H₂) − E I), with E I the mean over all permutations of one partition.
    /// </summary>
    /// <param name="first">One code for each item. Any integer is a class of its own, negative ones too.</param>
    /// <param name="second">Of the same length, above 0.</param>
    public static double Of(ReadOnlySpan<int> first, ReadOnlySpan<int> second)
    {
        if (first.Length != second.Length || first.Length == 0)
            throw new ArgumentException($"Partitions of {first.Length} and {second.Length} items.");
        var (rows, rowSizes) = Dense(first);
        var (columns, columnSizes) = Dense(second);
        var n = first.Length;
        var cells = new Dictionary<long, int>();
        for (var i = 0; i < n; i++)
        {
            var cell = (long)rows[i] << 32 | (uint)columns[i];
            cells[cell] = cells.GetValueOrDefault(cell) + 1;
        }

        if (cells.Count == rowSizes.Length && cells.Count == columnSizes.Length)
            return 1;
        var information = 0.0;
        foreach (var (cell, count) in cells)
        {
            double product = (double)rowSizes[(int)(cell >> 32)] * columnSizes[(int)(cell & 0xffffffff)];
            information += (double)count / n * Math.Log((double)count * n / product);
        }

        var expected = Expected(rowSizes, columnSizes, n);
        var mean = 0.5 * (Entropy(rowSizes, n) + Entropy(columnSizes, n));
        // One constant partition shares nothing with any other, and both terms are 0.
        return Math.Abs(mean - expected) < 1e-15 ? 0 : (information - expected) / (mean - expected);
    }

    private static double Entropy(int[] sizes, int n) => -sizes.Sum(s => (double)s / n * Math.Log((double)s / n));

    // A cell of a random contingency table with margins a and b is hypergeometric, whatever the other margins. Margins
    // of the same size share their term, which matters where thousands of classes have few sizes.
    private static double Expected(int[] rowSizes, int[] columnSizes, int n)
    {
        var logFactorial = new double[n + 1];
        for (var i = 2; i <= n; i++)
            logFactorial[i] = logFactorial[i - 1] + Math.Log(i);
        var expected = 0.0;
        foreach (var (a, rowTimes) in rowSizes.CountBy(s => s))
        {
            foreach (var (b, columnTimes) in columnSizes.CountBy(s => s))
            {
                var margins = logFactorial[a] + logFactorial[b] + logFactorial[n - a] + logFactorial[n - b]
                    - logFactorial[n];
                var term = 0.0;
                for (var k = Math.Max(1, a + b - n); k <= Math.Min(a, b); k++)
                {
                    var logProbability = margins - logFactorial[k] - logFactorial[a - k] - logFactorial[b - k]
                        - logFactorial[n - a - b + k];
                    term += Math.Exp(logProbability) * k * Math.Log((double)n * k / ((double)a * b));
                }

                expected += (double)rowTimes * columnTimes * term / n;
            }
        }

        return expected;
    }

    private static (int[] Codes, int[] Sizes) Dense(ReadOnlySpan<int> labels)
    {
        var codes = new int[labels.Length];
        var known = new Dictionary<int, int>();
        var sizes = new List<int>();
        for (var i = 0; i < labels.Length; i++)
        {
            if (!known.TryGetValue(labels[i], out codes[i]))
            {
                known.Add(labels[i], codes[i] = sizes.Count);
                sizes.Add(0);
            }

            sizes[codes[i]]++;
        }

        return (codes, [.. sizes]);
    }
}
