using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Reports.Html;

namespace InverseScope.Service.Pages;

/// <summary>Addresses of pages. Names of sites and hypotheses may hold any text.</summary>
internal static class PageUrl
{
    public static string Sweep(string sweep) => $"/sweeps/{Uri.EscapeDataString(sweep)}";

    public static string Site(string sweep, string site) => $"{Sweep(sweep)}/sites/{Path(site)}";

    public static string Hypothesis(string sweep, string hypothesis) => $"{Sweep(sweep)}/hypotheses/{Path(hypothesis)}";

    public static string Transcripts(string sweep) => $"{Sweep(sweep)}/transcripts";

    public static string Spec(string name) => $"/specs/{Uri.EscapeDataString(name)}";

    /// <summary>An address with more parameters; those that are null or empty are left out.</summary>
    public static string With(string path, params IEnumerable<(string Name, string? Value)> parameters)
    {
        var query = string.Join('&', parameters.Where(p => !string.IsNullOrEmpty(p.Value)).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}"));
        return query.Length == 0 ? path : $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}";
    }

    // A slash stays one, since servers and proxies differ in what they make of an escaped one.
    private static string Path(string name) => string.Join('/', name.Split('/').Select(Uri.EscapeDataString));
}

/// <summary>Links of the report's figures to pages.</summary>
/// <param name="query">Of the list that a hypothesis is opened from, so that its page knows the next one; empty for none.</param>
internal sealed class PageLinks(ReportDocument document, string query = "") : HtmlLinks(document)
{
    private readonly string _sweep = document.Sweep.Id;

    public override string To(HypothesisRecord hypothesis) => PageUrl.Hypothesis(_sweep, hypothesis.Id) + query;

    public override string? ToHypothesis(string? id) => OfHypothesis(id) is null ? null : PageUrl.Hypothesis(_sweep, id!);

    public override string? ToSite(string? site) => OfSite(site) is null ? null : PageUrl.Site(_sweep, site!);

    public override string ToQuestion(string site, string request) =>
        PageUrl.With(PageUrl.Transcripts(_sweep), ("q", request)) + "#" + HtmlTranscript.AnchorOf(request);
}

/// <summary>Links of maps, whose cells lead to sites.</summary>
internal sealed class MapLinks(ReportDocument document) : HtmlLinks(document)
{
    private readonly string _sweep = document.Sweep.Id;

    public override string To(HypothesisRecord hypothesis) => PageUrl.Site(_sweep, hypothesis.Site);

    public override string? ToSite(string? site) => OfSite(site) is null ? null : PageUrl.Site(_sweep, site!);
}
