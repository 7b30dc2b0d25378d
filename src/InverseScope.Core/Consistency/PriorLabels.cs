namespace InverseScope.Core.Consistency;

/// <summary>Labels that a feature gives to texts of the prior.</summary>
public static class PriorLabels
{
    /// <summary>
    /// Share of texts that have each label, by label code. Texts on which the feature is undefined count in the
    /// denominator, as they do as samples; those whose label is missing do not.
    /// </summary>
    /// <param name="labels">One code for each text: 0 or more, or one of <see cref="LabelCode"/>.</param>
    public static double[] Shares(ReadOnlySpan<int> labels)
    {
        var counts = new double[Math.Max(0, Highest(labels) + 1)];
        var known = 0;
        foreach (var label in labels)
        {
            if (LabelCode.IsMissing(label))
                continue;
            known++;
            if (label >= 0)
                counts[label]++;
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
