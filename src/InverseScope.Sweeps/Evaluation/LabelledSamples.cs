using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Specs;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>Joins the labels of a feature to samples, by text id.</summary>
internal static class LabelledSamples
{
    /// <summary>Every reference with the labels of its samples.</summary>
    public static LabelledReference[] Of(IReadOnlyList<SampleSet> sets, LabelColumn labels, CancellationToken cancel)
    {
        // A labeller that answers in batches is asked once for all.
        int[] texts = [.. sets.SelectMany(s => s.Texts).Concat(sets.Select(s => s.Reference)).Distinct()];
        labels.Read(texts, new int[texts.Length], cancel);
        return [.. sets.Select(set => new LabelledReference(
            set.Reference, labels[set.Reference], set.Texts, Array.ConvertAll(set.Texts, t => labels[t]), set.Weights, set.Ess))];
    }
}
