using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>Joins the labels of a feature to samples, by text id.</summary>
internal static class LabelledSamples
{
    /// <summary>Every reference with the labels of its samples.</summary>
    public static LabelledReference[] Of(IReadOnlyList<SampleSet> sets, RankedLabels labels) =>
        [.. sets.Select(set => new LabelledReference(
            set.Reference, labels[set.Reference], set.Texts, Array.ConvertAll(set.Texts, t => labels[t]), set.Weights, set.Ess))];
}
