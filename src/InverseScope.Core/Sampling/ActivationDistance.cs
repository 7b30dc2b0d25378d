namespace InverseScope.Core.Sampling;

/// <summary>Distances between single activations.</summary>
public static class ActivationDistance
{
    /// <summary>d(z, ẑ); ∞ for the cosine distance outside the norm band, or where it is not defined.</summary>
    /// <param name="z">(K).</param>
    /// <param name="reference">ẑ, (K).</param>
    /// <param name="normBand">δ of the cosine distance.</param>
    public static double Of(ReadOnlySpan<float> z, ReadOnlySpan<float> reference, DistanceKind kind, double normBand)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(z.Length, reference.Length);
        double dot = 0, square = 0, referenceSquare = 0, difference = 0;
        for (var i = 0; i < z.Length; i++)
        {
            dot += (double)z[i] * reference[i];
            square += (double)z[i] * z[i];
            referenceSquare += (double)reference[i] * reference[i];
            difference += ((double)z[i] - reference[i]) * ((double)z[i] - reference[i]);
        }

        var (norm, referenceNorm) = (Math.Sqrt(square), Math.Sqrt(referenceSquare));
        return kind switch
        {
            DistanceKind.Euclidean => Math.Sqrt(difference),
            _ when referenceNorm == 0 => double.PositiveInfinity,
            DistanceKind.Relative => Math.Sqrt(difference) / referenceNorm,
            _ => Math.Abs(norm - referenceNorm) < normBand * referenceNorm
                ? Math.Max(0, 1 - dot / (norm * referenceNorm))
                : double.PositiveInfinity,
        };
    }
}
