using InverseScope.Core.Information;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

/// <summary>A page of references.</summary>
/// <param name="Hypothesis">Whose labels and rates they have; null: without.</param>
/// <param name="Page">From 1.</param>
/// <param name="Size">References on a page, 1 to 500.</param>
public sealed record ReferenceQuery(string Sweep, string Site, string? Hypothesis, int Page, int Size);

/// <summary>A reference with what its samples say of it.</summary>
/// <param name="Label">Null where the feature is undefined or labelling failed, or without a hypothesis.</param>
/// <param name="MatchRate">Weighted share of its samples with its label, 0 to 1; null where it was left out of the rates.</param>
/// <param name="Ess">Effective sample size; null where the report does not tell.</param>
/// <param name="Samples">How many it has; not all need be kept.</param>
/// <param name="Tokens">What the activation says of each of its tokens; null without a generator.</param>
/// <param name="Correction">What a person says its label is; null if nobody does.</param>
public sealed record ReferenceRow(
    string Text, string? Label, double? MatchRate, double? Ess, int Samples, IReadOnlyList<TokenBits>? Tokens, StoredCorrection? Correction);

/// <param name="Rows">Those that match least first, those left out of the rates last.</param>
/// <param name="Total">References over all pages.</param>
/// <param name="AreExamples">Whether only those that the report shows are there, since the sweep kept no more.</param>
public sealed record ReferencePage(IReadOnlyList<ReferenceRow> Rows, int Total, bool AreExamples);
