using InverseScope.Core;
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
public sealed record SampleQuery(string Sweep, string Site, string? Hypothesis, SampleFilter Filter, string? Reference, int Page, int Size);

/// <summary>A sample beside its reference.</summary>
/// <param name="Distance">Of its activation to the reference's; null where it is infinite.</param>
/// <param name="Weight">Among the samples of its reference, 0 to 1.</param>
/// <param name="Label">Null where the feature is undefined, or without a hypothesis.</param>
/// <param name="Failure">Why its labelling failed; null if it did not.</param>
/// <param name="Match">Whether it has its reference's label; null without a hypothesis.</param>
/// <param name="Correction">What a person says its label is; null if nobody does.</param>
public sealed record SampleRow(
    string Reference, string? ReferenceLabel, string Text, double? Distance, double Weight, string? Label, string? Failure, bool? Match,
    StoredCorrection? Correction);

/// <param name="Total">Samples that pass the filter, over all pages.</param>
/// <param name="AreExamples">Whether only the report's own examples are there, since the sweep kept no more.</param>
public sealed record SamplePage(IReadOnlyList<SampleRow> Rows, long Total, bool AreExamples);

/// <summary>Samples of sweeps, a page at a time.</summary>
public sealed class SampleShelf(Workspace workspace, ReportShelf reports)
{
    /// <exception cref="BadInputException">There is no such sweep, site or hypothesis.</exception>
    public SamplePage Find(SampleQuery query)
    {
        var site = reports.Find(query.Sweep)?.Document.Sites.FirstOrDefault(s => s.Site == query.Site)
            ?? throw new BadInputException($"Sweep '{query.Sweep}' has no site '{query.Site}'.");
        var hypothesis = query.Hypothesis is null
            ? (site.Hypotheses.Count == 0 ? null : site.Hypotheses[0])
            : site.Hypotheses.FirstOrDefault(h => h.Id == query.Hypothesis) ?? throw new BadInputException($"There is no hypothesis '{query.Hypothesis}' at {query.Site}.");
        var corrections = workspace.Store.Reviews.Corrections(query.Sweep).Where(c => c.SpecHash == hypothesis?.SpecHash).ToLookup(c => c.Text, StringComparer.Ordinal);
        SampleRow[] rows = [.. (hypothesis?.Samples ?? [])
            .SelectMany(e => e.Samples.Select(s => new SampleRow(e.Reference, e.Label, s.Text, s.Distance, s.Weight, s.Label, null, s.Match, corrections[s.Text].LastOrDefault())))
            .Where(r => query.Reference is null || r.Reference == query.Reference)
            .Where(r => Passes(r, query.Filter))];
        return new SamplePage([.. rows.Skip((query.Page - 1) * query.Size).Take(query.Size)], rows.Length, AreExamples: true);
    }

    private static bool Passes(SampleRow row, SampleFilter filter) => filter switch
    {
        SampleFilter.All or SampleFilter.Random => true,
        SampleFilter.Mismatches => row.Match == false,
        SampleFilter.Matches => row.Match == true,
        SampleFilter.Undefined => row.Label is null && row.Failure is null,
        SampleFilter.Failed => row.Failure is not null,
        SampleFilter.Different => row.Correction is not null,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "No such filter."),
    };
}
