using InverseScope.Core.Seeds;

namespace InverseScope.Core.Statistics.Calibration;

/// <summary>
/// Activations of which it is known what they encode, to measure how often a sweep finds what is there and claims what
/// is not.
/// </summary>
public static class PlantedSite
{
    /// <summary>
    /// Activations that encode the given labels and nothing else: for each column the random unit vector of its label,
    /// added up, plus Gaussian noise whose expected norm is a share of the norm of that sum. Where a feature is
    /// undefined it has a vector too.
    /// </summary>
    /// <param name="columns">One or more label columns over the same N texts; any codes.</param>
    /// <param name="width">K, number of coordinates, 2 or more.</param>
    /// <param name="noiseRatio">Norm of the noise over that of the signal, 0 or more.</param>
    /// <returns>Activations, (N, K) row by row; the same seed gives the same numbers.</returns>
    public static float[] Activations(IReadOnlyList<int[]> columns, int width, double noiseRatio, RunSeed seed)
    {
        ArgumentOutOfRangeException.ThrowIfZero(columns.Count);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 2);
        if (!(noiseRatio >= 0) || !double.IsFinite(noiseRatio))
            throw new ArgumentOutOfRangeException(nameof(noiseRatio), noiseRatio, "A number of 0 or more.");
        var texts = columns[0].Length;
        var vectors = new Dictionary<(int Column, int Label), double[]>();
        var rows = new float[checked(texts * width)];
        var noise = seed.Stream("planted noise");
        var signal = new double[width];
        for (var i = 0; i < texts; i++)
        {
            Array.Clear(signal);
            for (var c = 0; c < columns.Count; c++)
            {
                var key = (c, columns[c][i]);
                if (!vectors.TryGetValue(key, out var vector))
                {
                    var random = seed.Stream("planted label", $"{c}", $"{columns[c][i]}");
                    vectors.Add(key, vector = UnitVector(width, random));
                }

                for (var k = 0; k < width; k++)
                    signal[k] += vector[k];
            }

            var scale = noiseRatio * Norm(signal) / Math.Sqrt(width);
            for (var k = 0; k < width; k++)
                rows[i * width + k] = (float)(signal[k] + scale * noise.NextNormal());
        }

        return rows;
    }

    /// <summary>Activations that are independent of their text: one random unit vector for each.</summary>
    /// <param name="texts">N.</param>
    /// <param name="width">K, 2 or more.</param>
    /// <returns>Activations, (N, K) row by row.</returns>
    public static float[] Null(int texts, int width, RunSeed seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 2);
        var random = seed.Stream("null site");
        var rows = new float[checked(texts * width)];
        for (var i = 0; i < texts; i++)
        {
            var vector = UnitVector(width, random);
            for (var k = 0; k < width; k++)
                rows[i * width + k] = (float)vector[k];
        }

        return rows;
    }

    private static double[] UnitVector(int width, RandomStream random)
    {
        var vector = new double[width];
        for (var k = 0; k < width; k++)
            vector[k] = random.NextNormal();
        var norm = Norm(vector);
        for (var k = 0; k < width; k++)
            vector[k] /= norm;
        return vector;
    }

    private static double Norm(double[] vector) => Math.Sqrt(vector.Sum(v => v * v));
}
