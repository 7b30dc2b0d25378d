namespace InverseScope.Core.Statistics.Calibration;

/// <summary>
/// What a feature would show at a site that encodes given labels and nothing else, if every sample shared them with its
/// reference: the truth that a verdict on a planted site is held against.
/// </summary>
public static class PerfectInversion
{
    /// <summary>
    /// κ of a feature: how much likelier two texts with the same planted label share the feature's label than two texts at
    /// all, as a share of what there is room for. Pairs of distinct texts are counted, so that it is unbiased; noise at the
    /// site can only make it smaller.
    /// </summary>
    /// <param name="planted">Planted label of each of N draws from the prior; any codes.</param>
    /// <param name="feature">The feature's label of each, (N); any codes, undefined ones too.</param>
    /// <returns>At most 1; null if the feature is constant on these texts, or no two share a planted label.</returns>
    public static double? Kappa(ReadOnlySpan<int> planted, ReadOnlySpan<int> feature)
    {
        if (planted.Length != feature.Length)
            throw new ArgumentException($"{planted.Length} planted labels and {feature.Length} of the feature.");
        var (groups, labels, cells) = (new Dictionary<int, long>(), new Dictionary<int, long>(), new Dictionary<(int, int), long>());
        for (var i = 0; i < planted.Length; i++)
        {
            groups[planted[i]] = groups.GetValueOrDefault(planted[i]) + 1;
            labels[feature[i]] = labels.GetValueOrDefault(feature[i]) + 1;
            cells[(planted[i], feature[i])] = cells.GetValueOrDefault((planted[i], feature[i])) + 1;
        }

        var (together, all) = (Pairs(groups.Values), (double)planted.Length * (planted.Length - 1));
        if (together == 0 || labels.Count < 2)
            return null;
        var (match, chance) = (Pairs(cells.Values) / together, Pairs(labels.Values) / all);
        return (match - chance) / (1 - chance);
    }

    private static double Pairs(IEnumerable<long> counts) => counts.Sum(n => (double)n * (n - 1));
}
