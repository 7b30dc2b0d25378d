using InverseScope.Core.Specs;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>A hypothesis before its test.</summary>
/// <param name="Spec">What is claimed.</param>
/// <param name="Feature">The spec, compiled.</param>
/// <param name="Explore">Its score on the references that proposals may see; null if it has none.</param>
/// <param name="Trail">The steps that led to it.</param>
public sealed record HypothesisDraft(
    FeatureSpec Spec, IFeature Feature, HypothesisAuthor Author, ExploreRecord? Explore, IReadOnlyList<TrailStep> Trail)
{
    /// <summary>Who gave it, by name; empty where that is told elsewhere.</summary>
    public IReadOnlyList<string> Proposers { get; init; } = [];

    /// <summary>What tables show.</summary>
    public string Title => Spec.Title ?? Spec.Id;
}
