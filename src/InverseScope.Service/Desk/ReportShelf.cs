using System.Collections.Concurrent;
using System.Collections.Frozen;
using InverseScope.Core;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Samples;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

/// <summary>A report as it was read.</summary>
/// <param name="Tag">Changes whenever the file does.</param>
public sealed record ShelvedReport(ReportDocument Document, string Tag)
{
    private readonly Lazy<FrozenDictionary<string, (SiteRecord Site, HypothesisRecord Hypothesis)>> _hypotheses = new(() => Document.Sites
        .SelectMany(s => s.Hypotheses.Select(h => (s, h))).ToFrozenDictionary(p => p.h.Id, p => p, StringComparer.Ordinal));

    /// <summary>A hypothesis with its site; null if there is none of this id.</summary>
    public (SiteRecord Site, HypothesisRecord Hypothesis)? Find(string hypothesis) =>
        _hypotheses.Value.TryGetValue(hypothesis, out var found) ? found : null;
}

/// <summary>A hypothesis in a line: what tables of hundreds need of it.</summary>
/// <param name="Id">As in <see cref="HypothesisRecord.Id"/>.</param>
/// <param name="LoudControls">Controls that came out otherwise than they must.</param>
/// <param name="Controls">Controls that were measured.</param>
/// <param name="QueuedBecause">Why it needs a person, a sentence each, as the report says; empty if nothing asks for one.</param>
public sealed record ReportLine(
    string Id, string Site, string Title, string SpecHash, FeatureKind Kind, HypothesisAuthor Author, HypothesisVerdict Verdict, double? Kappa,
    ReportInterval? KappaCi, double? Fcr, double? Chance, double? Log10EValue, bool? PassesFdr, CountsRecord Counts, int LoudControls, int Controls,
    IReadOnlyList<string> QueuedBecause);

/// <summary>What sweeps leave in their folders for people to look at: reports and kept samples, each parsed once for as long as its file stays the same. Thread-safe.</summary>
public sealed class ReportShelf(Workspace workspace)
{
    // A large report takes some tens of megabytes, as the samples of a site do.
    private const int MostReports = 16;
    private const int MostSites = 16;

    private readonly ParsedFiles<ShelvedReport> _reports = new(MostReports, Read);
    private readonly ParsedFiles<KeptSite> _samples = new(MostSites, ReadSamples);

    // Small enough to stay, for the queue over all sweeps.
    private readonly ConcurrentDictionary<string, (string Tag, IReadOnlyList<ReportLine> Lines)> _lines = new(StringComparer.Ordinal);

    /// <summary>The report as it now stands; null if the sweep has written none yet.</summary>
    /// <exception cref="BadInputException">There is no such sweep, or its report cannot be read.</exception>
    public ShelvedReport? Find(string id) => _reports.Find(PathOf(id)) is { } found ? found.Content with { Tag = found.Tag } : null;

    /// <summary>The hypotheses of a sweep in the order of its report; empty if it has written none yet.</summary>
    /// <exception cref="BadInputException">There is no such sweep, or its report cannot be read.</exception>
    public IReadOnlyList<ReportLine> Lines(string id)
    {
        if (ParsedFiles<ShelvedReport>.TagOf(PathOf(id)) is { } tag && _lines.TryGetValue(id, out var known) && known.Tag == tag)
            return known.Lines;
        if (Find(id) is not { } report)
            return [];
        var reasons = report.Document.Summary.NeedsAPerson.Where(a => a.Hypothesis is not null).ToLookup(a => a.Hypothesis!, a => a.Detail, StringComparer.Ordinal);
        ReportLine[] lines = [.. report.Document.Sites.SelectMany(s => s.Hypotheses).Select(h => LineOf(h, [.. reasons[h.Id]]))];
        _lines[id] = (report.Tag, lines);
        return lines;
    }

    /// <summary>Whether the report of a finished sweep is there, and tells of nothing that a further run would do or try again.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public bool IsWhole(string id)
    {
        try
        {
            return IsWhole(Find(id)?.Document);
        }
        catch (DamagedFileException)
        {
            return false;
        }
    }

    /// <summary>The same of a report; null: it has none.</summary>
    public static bool IsWhole(ReportDocument? report) =>
        report?.Sweep.State == SweepState.Finished && report.Summary.Broke.All(b => b.Reason == AttentionReason.HypothesisFailed);

    /// <summary>What a site was confirmed on; null if the sweep kept no samples of it.</summary>
    /// <param name="site">The site's full form.</param>
    /// <exception cref="DamagedFileException">The file of samples is damaged.</exception>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public KeptSite? Samples(string id, string site) => _samples.Find(KeptSiteFile.PathOf(workspace.Home.Sweep(workspace.Store.Sweep(id).Id), site))?.Content;

    private static ShelvedReport Read(string path)
    {
        try
        {
            return new ShelvedReport(ReportJson.Read(path, File.ReadAllText(path)), "");
        }
        catch (BadInputException e)
        {
            throw new DamagedFileException(
                $"The report of sweep '{Path.GetFileName(Path.GetDirectoryName(path))}' cannot be read: {e.What}",
                "Resume the sweep, which writes it anew from what is stored, or put a copy in its place.", e);
        }
    }

    private static KeptSite ReadSamples(string path)
    {
        try
        {
            return KeptSiteFile.Read(path);
        }
        catch (BadInputException e)
        {
            throw new DamagedFileException(e.What, e.Fix!, e);
        }
    }

    private static ReportLine LineOf(HypothesisRecord h, IReadOnlyList<string> reasons) => new(
        h.Id, h.Site, h.Title, h.SpecHash, h.Kind, h.Author, h.Verdict, h.Kappa, h.KappaCi, h.Fcr, h.Chance, h.Log10EValue, h.PassesFdr, h.Counts,
        h.Controls.Count(c => c.AsExpected == false), h.Controls.Count(c => c.AsExpected is not null), reasons);

    private string PathOf(string id) => Path.Combine(workspace.Home.Sweep(workspace.Store.Sweep(id).Id), ReportWriter.FileName(ReportFormat.Json));
}
