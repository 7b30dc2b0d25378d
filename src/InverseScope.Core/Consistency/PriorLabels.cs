namespace InverseScope.Core.Consistency;

/// <summary>Labels that a feature gives to texts of the prior.</summary>
public static class PriorLabels
{
    /// <summary>
    /// Share of texts that have each label, by label code. Texts on which the feature is undefined count in the
    /// denominator, as they do as samples; those whose label is missing do not.
    /// </summary>
    /// <param name="labels">One code for each text: 0 or more, or one of <see cref="LabelCode"/>.</param>
    /// <param name="weights">Weight of each text, 0 or more, any scale; empty if all are alike.</param>
    public static double[] Shares(ReadOnlySpan<int> labels, ReadOnlySpan<double> weights = default)
    {
        if (!weights.IsEmpty && weights.Length != labels.Length)
            throw new ArgumentException($"{labels.Length} labels and {weights.Length} weights.", nameof(weights));
        var counts = new double[Math.Max(0, Highest(labels) + 1)];
        var known = 0.0;
        for (var i = 0; i < labels.Length; i++)
        {
            if (LabelCode.IsMissing(labels[i]))
                continue;
            var weight = weights.IsEmpty ? 1 : weights[i];
            known += weight;
            if (labels[i] >= 0)
                counts[labels[i]] += weight;
        }

        for (var v = 0; v < counts.Length; v++)
            counts[v] /= known;
        return counts;
    }

    private static int Highest(ReadOnlySpan<int> labels)
    {
        var highest = -1;
        foreach (var label in labels)
            highest = Math.Max(highest, label);
        return highest;
    }
}
