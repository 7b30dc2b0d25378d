namespace InverseScope.Core.Sampling;

/// <summary>
/// Systematic sampling: one uniform offset, equally spaced points of the cumulated weights. Each index comes as often as its share of
/// all, to within one: unbiased, and with less spread than independent draws.
/// </summary>
public static class SystematicSample
{
    /// <param name="weights">From 0, any scale, not all 0.</param>
    /// <param name="count">How many indices, from 0.</param>
    /// <param name="start">Chance, from 0 to below 1.</param>
    /// <returns>That many indices, ascending.</returns>
    public static int[] Of(IReadOnlyList<double> weights, int count, double start)
    {
        var chosen = new int[count];
        var step = weights.Sum() / count;
        var point = start * step;
        double cumulated = 0;
        var drawn = 0;
        for (var i = 0; i < weights.Count && drawn < count; i++)
        {
            cumulated += weights[i];
            // The last one also takes the points that rounding left over.
            while (drawn < count && (point < cumulated || i == weights.Count - 1))
            {
                chosen[drawn++] = i;
                point += step;
            }
        }

        return chosen;
    }
}
