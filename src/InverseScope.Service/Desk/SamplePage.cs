using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

/// <summary>Which samples are shown.</summary>
public enum SampleFilter
{
    All,

    /// <summary>Those with another label than their reference, undefined ones included.</summary>
    Mismatches,

    Matches,

    /// <summary>Those that the feature is undefined on.</summary>
    Undefined,

    /// <summary>Those whose labelling failed.</summary>
    Failed,

    /// <summary>Those that a labeller labels otherwise when asked again, or that a person corrected.</summary>
    Different,

    /// <summary>Twenty at random, the same ones every time.</summary>
    Random,
}

/// <summary>A page of samples.</summary>
/// <param name="Hypothesis">Whose labels they have; null: without labels.</param>
/// <param name="Reference">Of this reference text only; null: of all.</param>
/// <param name="Page">From 1.</param>
/// <param name="Size">Samples on a page, 1 to 500.</param>
public sealed record SampleQuery(string Sweep, string Site, string? Hypothesis, SampleFilter Filter, string? Reference, int Page, int Size)
{
    /// <summary>
    /// Each reference with the samples of the one that the control "references swapped" gave it, to be seen beside its own. Needs a
    /// hypothesis, and kept samples: without them the page is empty.
    /// </summary>
    public bool Swapped { get; init; }
}

/// <summary>A sample beside its reference. All texts, labels and names are to be escaped where they are shown.</summary>
/// <param name="Distance">Of its activation to the reference's; null where it is infinite or not known.</param>
/// <param name="Weight">Among the samples of its reference, 0 to 1.</param>
/// <param name="Label">Null where the feature is undefined or labelling failed, or without a hypothesis.</param>
/// <param name="Failure">Why its labelling failed; null if it did not.</param>
/// <param name="Match">
/// Whether it has its reference's label; null without a hypothesis, where labelling failed, and where the reference was left out of the rates:
/// too few neighbours, or no label.
/// </param>
/// <param name="Correction">What a person says its label is; null if nobody does.</param>
public sealed record SampleRow(
    string Reference, string? ReferenceLabel, string Text, double? Distance, double Weight, string? Label, string? Failure, bool? Match,
    StoredCorrection? Correction)
{
    /// <summary>The reference that it was sampled for, where the samples are swapped; else null.</summary>
    public string? SampledFor { get; init; }

    /// <summary>What a person says the reference's label is; null if nobody does.</summary>
    public StoredCorrection? ReferenceCorrection { get; init; }
}

/// <param name="Total">Samples that pass the filter, over all pages.</param>
/// <param name="AreExamples">Whether only the report's own examples are there, since the sweep kept no more.</param>
public sealed record SamplePage(IReadOnlyList<SampleRow> Rows, long Total, bool AreExamples)
{
    /// <summary>Samples that there were at the site, of which the heaviest of each reference are kept.</summary>
    public long Drawn { get; init; }

    /// <summary>Samples that are kept.</summary>
    public long Kept { get; init; }
}
