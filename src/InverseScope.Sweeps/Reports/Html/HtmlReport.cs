using System.Security.Cryptography;
using System.Text;

namespace InverseScope.Sweeps.Reports.Html;

/// <summary>
/// The report as one page: no script, no outside resource, nothing to fetch. A policy in its head forbids both, so that
/// a text that slipped through escaping could do nothing.
/// </summary>
internal static class HtmlReport
{
    private static readonly string Style = ReportResource.Read("report.css");

    public static string Write(ReportDocument document)
    {
        var html = new HtmlBuilder();
        var links = new HtmlLinks(document);
        var styleHash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)));
        html.Add($"<!doctype html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.Add($"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{styleHash}'; base-uri 'none'; form-action 'none'\">\n");
        html.Add($"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.Add($"<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
        html.Add($"<title>{ReportProse.Title(document)}: sweep {document.Sweep.Id}</title>\n");
        return html.ToString() + $"<style>{Style}</style>\n</head>\n" + Body(document, links) + "</html>\n";
    }

    private static string Body(ReportDocument document, HtmlLinks links)
    {
        var html = new HtmlBuilder();
        html.Add($"<body>\n<a class=\"skip\" href=\"#hypotheses\">Skip to the hypotheses</a>\n");
        html.Add($"<svg width=\"0\" height=\"0\" class=\"defs\" aria-hidden=\"true\"><defs>");
        html.Add($"<pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0V5\"/></pattern>");
        html.Add($"<pattern id=\"dots\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><circle class=\"dots\" cx=\"2\" cy=\"2\" r=\"1\"/></pattern>");
        KappaAxis.WriteDefinitions(html, document.Sweep.Options.MinimumKappa);
        html.Add($"</defs></svg>\n");
        HtmlSummary.Header(html, document);
        html.Add($"<main>\n");
        HtmlSummary.Write(html, document, links);
        HtmlMaps.Write(html, document, links);
        HtmlSites.Write(html, document, links);
        HtmlTaskVector.Write(html, document);
        HtmlKnownSites.Write(html, document);
        HtmlMethod.Write(html, document);
        html.Add($"</main>\n<footer><p>Made by InverseScope {document.Sweep.Versions.GetValueOrDefault("inversescope")} from report.json ({document.Schema}). Numbers in sentences are taken from the record; what was not measured says so.</p></footer>\n</body>\n");
        return html.ToString();
    }
}
