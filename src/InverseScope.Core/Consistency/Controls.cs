using InverseScope.Core.Seeds;

namespace InverseScope.Core.Consistency;

/// <summary>Measurements under which κ must be about 0. One that is not points at a leak, not at a finding.</summary>
public static class Controls
{
    /// <summary>
    /// Each reference with the samples of another one. What is left is what all samples have in common: label
    /// imbalance and whatever leaks through a template.
    /// </summary>
    /// <returns>The references whose samples could be exchanged: none if there is only one text.</returns>
    public static LabelledReference[] SwappedReferences(
        IReadOnlyList<LabelledReference> references, RandomStream random)
    {
        var from = new int[references.Count];
        for (var i = 0; i < from.Length; i++)
            from[i] = i;
        // Sattolo's cycle: uniform among the permutations of one cycle, which leave nothing in place.
        for (var i = from.Length - 1; i > 0; i--)
        {
            var j = random.NextInt(i);
            (from[i], from[j]) = (from[j], from[i]);
        }

        // A text that was drawn twice may still get its own samples.
        return [.. references
            .Select((reference, i) => (reference, Donor: references[from[i]]))
            .Where(pair => pair.Donor.Reference != pair.reference.Reference)
            .Select(pair => pair.Donor with { Reference = pair.reference.Reference, Label = pair.reference.Label })];
    }

    /// <summary>
    /// The labels of the references permuted among them, those of samples left alone. The same text keeps one label.
    /// </summary>
    public static LabelledReference[] ShuffledLabels(IReadOnlyList<LabelledReference> references, RandomStream random)
    {
        LabelledReference[] distinct = [.. references.DistinctBy(r => r.Reference)];
        int[] labels = [.. distinct.Select(r => r.Label)];
        random.Shuffle(labels.AsSpan());
        var shuffled = distinct.Zip(labels).ToDictionary(p => p.First.Reference, p => p.Second);
        return [.. references.Select(r => r with { Label = shuffled[r.Reference] })];
    }

    /// <summary>
    /// Each reference with draws from the prior in place of its samples, as many and with the same weights: FCR must be
    /// chance, or the generator's prior shows through.
    /// </summary>
    /// <param name="priorTexts">Text ids of draws from the prior, (M), M ≥ 1.</param>
    /// <param name="priorLabels">Their labels, (M).</param>
    public static LabelledReference[] UnconditionalSamples(
        IReadOnlyList<LabelledReference> references, int[] priorTexts, int[] priorLabels, RandomStream random)
    {
        if (priorTexts.Length != priorLabels.Length)
            throw new ArgumentException($"{priorTexts.Length} texts of the prior and {priorLabels.Length} labels.");
        return [.. references.Select(reference =>
        {
            var samples = reference.Weights.Length;
            var (texts, labels) = (new int[samples], new int[samples]);
            for (var i = 0; i < samples; i++)
            {
                var row = random.NextInt(priorTexts.Length);
                (texts[i], labels[i]) = (priorTexts[row], priorLabels[row]);
            }

            return reference with { SampleTexts = texts, SampleLabels = labels };
        })];
    }
}
