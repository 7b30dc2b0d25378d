using System.ComponentModel;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Api;

/// <summary>A site in a list.</summary>
/// <param name="Hypotheses">How many were tried.</param>
/// <param name="Confirmed">How many of them are confirmed.</param>
internal sealed record SiteRow(
    string Site, Core.Sites.SiteKind Kind, int? Layer, int? Head, string Position, SiteStatus Status, SiteVerdict? Verdict, string? VerdictReason,
    double? Bits, ReportInterval? BitsCi, double? ExplainedBits, double? ResidualBits, double? Ess, int Hypotheses, int Confirmed)
{
    public static SiteRow Of(SiteRecord s) => new(
        s.Site, s.Kind, s.Layer, s.Head, s.Position, s.Status, s.Verdict, s.VerdictReason, s.Bits, s.BitsCi, s.ExplainedBits, s.ResidualBits, s.Ess,
        s.Hypotheses.Count, s.Hypotheses.Count(h => h.Verdict == HypothesisVerdict.Confirmed));
}

/// <summary>A part of the samples of a site.</summary>
/// <param name="Total">Samples that pass the filter, over all pages.</param>
/// <param name="AreExamples">Whether only the report's own examples are there, since the sweep kept no more.</param>
/// <param name="Drawn">Samples that there were at the site.</param>
/// <param name="Kept">Those of them that are kept, the heaviest of each reference.</param>
internal sealed record SampleListing(IReadOnlyList<SampleRow> Items, long Total, int Page, int Size, bool AreExamples, long Drawn, long Kept);

/// <summary>A part of the references of a site.</summary>
/// <param name="Total">References over all pages.</param>
/// <param name="AreExamples">Whether only those that the report shows are there, since the sweep kept no more.</param>
internal sealed record ReferenceListing(IReadOnlyList<ReferenceRow> Items, int Total, int Page, int Size, bool AreExamples);

/// <summary>Reports, and the sites and samples in them.</summary>
internal static class ReportEndpoints
{
    private const string Id = "As /sweeps lists it.";
    private const string SiteName = "Full form, e.g. L9H6@last; a slash in it is sent as %2F.";

    private static readonly Dictionary<ReportFormat, string> ContentTypes = new()
    {
        [ReportFormat.Json] = "application/json",
        [ReportFormat.Html] = "text/html",
        [ReportFormat.Md] = "text/markdown",
        [ReportFormat.Csv] = "text/csv",
    };

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/sweeps/{id}").WithTags("reports").Answers(StatusCodes.Status404NotFound);
        group.MapGet("/report", Report)
            .Produces<ReportDocument>(StatusCodes.Status200OK, "application/json", "text/html", "text/markdown", "text/csv")
            .Produces(StatusCodes.Status304NotModified).Answers(StatusCodes.Status409Conflict)
            .WithName("DownloadReport").WithSummary("The report as it now stands, whole, in one of its forms.");
        group.MapGet("/sites", IReadOnlyList<SiteRow> ([Description(Id)] string id, ReportShelf reports) => [.. ReportOf(id, reports).Document.Sites.Select(SiteRow.Of)])
            .Answers(StatusCodes.Status409Conflict)
            .WithName("ListSites").WithSummary("The sites of a sweep, in the order in which it names them.");
        group.MapGet("/sites/{site}", SiteRecord ([Description(Id)] string id, [Description(SiteName)] string site, ReportShelf reports) => SiteOf(id, site, reports) with { Hypotheses = [] })
            .Answers(StatusCodes.Status409Conflict)
            .WithName("ShowSite").WithSummary("A site: its bits, and what activations say of tokens. Its hypotheses are listed at /hypotheses?site=.");
        group.MapGet("/sites/{site}/samples", Samples)
            .Answers(StatusCodes.Status409Conflict)
            .WithName("ListSamples").WithSummary("Samples of a site beside their references, with the labels of one hypothesis.");
        group.MapGet("/sites/{site}/references", References)
            .Answers(StatusCodes.Status409Conflict)
            .WithName("ListReferences").WithSummary("References of a site, those that match least first, with labels and rates of one hypothesis.");
    }

    /// <exception cref="RequestException">There is no such sweep, or it has no report yet.</exception>
    public static ShelvedReport ReportOf(string id, ReportShelf reports) => Known.Find(id, reports.Find) ?? throw new RequestException(
        StatusCodes.Status409Conflict, $"Sweep '{id}' has no report yet.", "The first one is written when its first site is done, at the latest when it ends, is stopped or is set aside.");

    private static SiteRecord SiteOf(string id, string site, ReportShelf reports)
    {
        var (report, name) = (ReportOf(id, reports).Document, Known.Name(site));
        return report.Sites.FirstOrDefault(s => s.Site == name) ?? throw RequestException.NotFound(
            $"Sweep '{id}' has no site '{name}'.{NearestName.Hint(name, report.Sites.Select(s => s.Site))}");
    }

    private static Results<ContentHttpResult, StatusCodeHttpResult> Report(
        [Description(Id)] string id, HttpContext context, ReportShelf reports, ReviewDesk reviews, Workspace workspace,
        [Description("json, html, md or csv. Default json.")] string? format)
    {
        var form = format is null ? ReportFormat.Json : QueryChoice.One<ReportFormat>(format, "format");
        var report = ReportOf(id, reports);
        // What people said of it stands in it; neither reviews nor corrections are ever taken back.
        var said = string.Create(
            CultureInfo.InvariantCulture,
            $"{workspace.Store.Reviews.Of(report.Document.Sweep.Id).Count}-{workspace.Store.Reviews.Corrections(report.Document.Sweep.Id).Count}");
        if (Preconditions.IsKnown(context, $"{report.Tag}-{said}-{form.ToString().ToLowerInvariant()}"))
            return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        var text = ReportWriter.Write(reviews.Reviewed(report.Document.Sweep.Id) ?? report.Document, form);
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{report.Document.Sweep.Id}.{form.ToString().ToLowerInvariant()}\"";
        if (form == ReportFormat.Html)
            context.Response.Headers.ContentSecurityPolicy = PolicyOf(text);
        return TypedResults.Content(text, $"{ContentTypes[form]}; charset=utf-8");
    }

    // The page has one style sheet within itself, and nothing else that a browser would run or fetch.
    private static string PolicyOf(string page)
    {
        const string Open = "<style>";
        var start = page.IndexOf(Open, StringComparison.Ordinal) + Open.Length;
        var style = page[start..page.IndexOf("</style>", start, StringComparison.Ordinal)];
        var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)));
        return $"default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";
    }

    private static SampleListing Samples(
        [Description(Id)] string id, [Description(SiteName)] string site, ReportShelf reports, SampleShelf samples,
        [Description("Id of the hypothesis whose labels are shown. Default: the site's first.")] string? hypothesis,
        [Description("all, mismatches, matches, undefined, failed, different or random. Default all.")] string? filter,
        [Description("Samples of this reference text only.")] string? reference,
        [Description("Whether each reference is seen beside the samples that the control of swapped references gave it. Default false.")] bool? swapped,
        [Description("From 1. Default 1.")] int? page,
        [Description("1 to 500. Default 50.")] int? size)
    {
        var (known, asked) = (SiteOf(id, site, reports), Paging.Of(page, size));
        var wanted = filter is null ? SampleFilter.All : QueryChoice.One<SampleFilter>(filter, "filter");
        var query = new SampleQuery(ReportOf(id, reports).Document.Sweep.Id, known.Site, HypothesisOf(known, hypothesis), wanted, reference, asked.Page, asked.Size);
        var found = samples.Find(query with { Swapped = swapped == true });
        return new SampleListing(found.Rows, found.Total, asked.Page, asked.Size, found.AreExamples, found.Drawn, found.Kept);
    }

    private static ReferenceListing References(
        [Description(Id)] string id, [Description(SiteName)] string site, ReportShelf reports, SampleShelf samples,
        [Description("Id of the hypothesis whose labels are shown. Default: the site's first.")] string? hypothesis,
        [Description("From 1. Default 1.")] int? page,
        [Description("1 to 500. Default 50.")] int? size)
    {
        var (known, asked) = (SiteOf(id, site, reports), Paging.Of(page, size));
        var found = samples.References(new ReferenceQuery(ReportOf(id, reports).Document.Sweep.Id, known.Site, HypothesisOf(known, hypothesis), asked.Page, asked.Size));
        return new ReferenceListing(found.Rows, found.Total, asked.Page, asked.Size, found.AreExamples);
    }

    // Null where the site has none.
    private static string? HypothesisOf(SiteRecord site, string? asked) => asked is null || site.Hypotheses.Any(h => h.Id == asked)
        ? asked ?? (site.Hypotheses is [var first, ..] ? first.Id : null)
        : throw new BadInputException($"There is no hypothesis '{asked}' at {site.Site}.");
}
