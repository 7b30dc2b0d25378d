using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>Joins the labels of a feature to samples, as they are and under the controls.</summary>
internal static class LabelledSamples
{
    /// <summary>Every reference with the labels of its own samples.</summary>
    public static LabelledReference[] Own(IReadOnlyList<SampleSet> sets, LabelColumn labels) =>
        [.. sets.Select(s => Of(s.Reference, s, s.Texts, labels))];

    /// <summary>
    /// Every reference with the samples of the next reference in a random circle: whatever the site encodes, κ must be
    /// about 0.
    /// </summary>
    public static LabelledReference[] Swapped(IReadOnlyList<SampleSet> sets, LabelColumn labels, RandomStream random)
    {
        var circle = Enumerable.Range(0, sets.Count).ToArray();
        random.Shuffle<int>(circle);
        return [.. circle.Select((at, i) =>
        {
            var other = sets[circle[(i + 1) % circle.Length]];
            return Of(sets[at].Reference, other, other.Texts, labels);
        })];
    }

    /// <summary>Every reference with as many draws from the prior: FCR must be about chance.</summary>
    public static LabelledReference[] Unconditional(
        IReadOnlyList<SampleSet> sets, LabelColumn labels, int priorTexts, RandomStream random) =>
        [.. sets.Select(s =>
        {
            var drawn = new int[s.Texts.Length];
            for (var i = 0; i < drawn.Length; i++)
                drawn[i] = random.NextInt(priorTexts);
            return Of(s.Reference, s, drawn, labels);
        })];

    private static LabelledReference Of(int reference, SampleSet set, int[] texts, LabelColumn labels)
    {
        var codes = new int[texts.Length];
        for (var i = 0; i < codes.Length; i++)
            codes[i] = labels[texts[i]];
        return new LabelledReference(reference, labels[reference], texts, codes, set.Weights, set.Ess);
    }
}
