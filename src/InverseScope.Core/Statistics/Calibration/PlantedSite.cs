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
    /// <param name="texts">Which texts these are: the noise of others is independent, the vectors of labels are the same.</param>
    /// <returns>Activations, (N, K) row by row; the same seed gives the same numbers.</returns>
    public static float[] Activations(
        IReadOnlyList<int[]> columns, int width, double noiseRatio, RunSeed seed, string texts = "")
    {
        ArgumentOutOfRangeException.ThrowIfZero(columns.Count);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 2);
        if (!(noiseRatio >= 0) || !double.IsFinite(noiseRatio))
            throw new ArgumentOutOfRangeException(nameof(noiseRatio), noiseRatio, "A number of 0 or more.");
        var count = columns[0].Length;
        var vectors = new Dictionary<(int Column, int Label), double[]>();
        var rows = new float[checked(count * width)];
        var noise = seed.Stream("planted noise", texts);
        var signal = new double[width];
        for (var i = 0; i < count; i++)
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
    /// <param name="count">N.</param>
    /// <param name="width">K, 2 or more.</param>
    /// <param name="texts">Which texts these are: others have independent vectors.</param>
    /// <returns>Activations, (N, K) row by row.</returns>
    public static float[] Null(int count, int width, RunSeed seed, string texts = "")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 2);
        var random = seed.Stream("null site", texts);
        var rows = new float[checked(count * width)];
        for (var i = 0; i < count; i++)
        {
            var vector = UnitVector(width, random);
            for (var k = 0; k < width; k++)
                rows[i * width + k] = (float)vector[k];
        }

        return rows;
    }

    /// <summary>
    /// Cosine distance halfway between two texts with the same labels and two that differ in one of them, on average: with
    /// noise of ratio r the cosine of the former is 1/(1 + r²), and that of the latter (c − 1)/c of it, for c columns.
    /// </summary>
    public static double HalfwayDistance(int columns, double noiseRatio)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        var same = 1 / (1 + noiseRatio * noiseRatio);
        return 1 - 0.5 * same * (1 + (columns - 1.0) / columns);
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
