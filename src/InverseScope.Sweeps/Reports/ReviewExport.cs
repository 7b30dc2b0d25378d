using System.Text;
using System.Text.Json;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Reports;

/// <summary>What people said of a sweep, as one file.</summary>
/// <param name="Sweep">Its id.</param>
/// <param name="Reviews">Oldest first.</param>
/// <param name="Corrections">Labels that people gave, oldest first.</param>
public sealed record ReviewExport(string Sweep, IReadOnlyList<ExportedReview> Reviews, IReadOnlyList<ExportedCorrection> Corrections)
{
    /// <summary>Name and version of this document's form: inversescope/reviews/v1.</summary>
    public string Schema { get; init; } = "inversescope/reviews/v1";

    /// <param name="sweep">A sweep's id.</param>
    public static ReviewExport Of(string sweep, ReviewStore reviews) => new(
        sweep,
        [.. reviews.Of(sweep).Select(r => new ExportedReview(
            r.Hypothesis, r.SpecHash, r.Verdict, r.Author, Timestamp.Read(r.At), r.Comment, r.QueuedBecause, r.VerdictSeen, r.KappaSeen))],
        [.. reviews.Corrections(sweep).Select(c => new ExportedCorrection(c.SpecHash, c.Text, c.Label, c.Author, Timestamp.Read(c.At), c.Comment))]);

    /// <summary>As indented JSON with a final line feed.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Options) + "\n";

    /// <summary>One row for each review, then one for each correction (RFC 4180), safe in spreadsheets as a report's table is.</summary>
    public string ToCsv()
    {
        var csv = new StringBuilder("what,hypothesis,spec_hash,verdict,author,time,comment,queued_because,text,label,verdict_seen,kappa_seen\n");
        foreach (var r in Reviews)
            Row(csv, "review", r.Hypothesis, r.SpecHash, r.Verdict, r.Author, TimeOf(r.Time), r.Comment, string.Join(' ', r.QueuedBecause), null, null, r.VerdictSeen, r.KappaSeen);
        foreach (var c in Corrections)
            Row(csv, "correction", null, c.SpecHash, null, c.Author, TimeOf(c.Time), c.Comment, null, c.Text, c.Label, null, null);
        return csv.ToString();
    }

    private static string TimeOf(DateTimeOffset time) => Timestamp.Of(time);

    private static void Row(StringBuilder csv, params ReadOnlySpan<object?> cells)
    {
        for (var i = 0; i < cells.Length; i++)
            csv.Append(i == 0 ? "" : ",").Append(ReportCsv.Cell(cells[i]));
        csv.Append('\n');
    }
}

/// <summary>A review in an export.</summary>
/// <param name="QueuedBecause">Why the hypothesis needed a person then, a sentence each.</param>
/// <param name="VerdictSeen">The measured verdict that its author saw; null where it was not kept.</param>
/// <param name="KappaSeen">The κ that its author saw; null where it was not kept, or there was none.</param>
public sealed record ExportedReview(
    string Hypothesis, string SpecHash, ReviewVerdict Verdict, string Author, DateTimeOffset Time, string Comment, IReadOnlyList<string> QueuedBecause,
    HypothesisVerdict? VerdictSeen, double? KappaSeen);

/// <summary>A label that a person gave, in an export.</summary>
/// <param name="Label">Null: undefined.</param>
public sealed record ExportedCorrection(string SpecHash, string Text, string? Label, string Author, DateTimeOffset Time, string Comment);
