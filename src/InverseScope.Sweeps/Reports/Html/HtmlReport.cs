namespace InverseScope.Sweeps.Reports.Html;

/// <summary>The report as one page.</summary>
internal static class HtmlReport
{
    public static string Write(ReportDocument document) =>
        HtmlPage.Write($"{ReportProse.Title(document)}: sweep {document.Sweep.Id}", Body(document, new HtmlLinks(document)));

    private static HtmlBuilder Body(ReportDocument document, HtmlLinks links)
    {
        var html = new HtmlBuilder();
        html.Add($"<a class=\"skip\" href=\"#hypotheses\">Skip to the hypotheses</a>\n");
        WriteDefinitions(html, document.Sweep.Options.MinimumKappa);
        HtmlSummary.Header(html, document);
        html.Add($"<main>\n");
        HtmlSummary.Write(html, document, links);
        HtmlMaps.Write(html, document, links);
        HtmlSites.Write(html, document, links);
        HtmlTaskVector.Write(html, document);
        HtmlKnownSites.Write(html, document);
        HtmlMethod.Write(html, document);
        html.Add($"</main>\n<footer><p>Made by InverseScope {document.Sweep.Versions.GetValueOrDefault("inversescope")} from report.json ({document.Schema}). Numbers in sentences are taken from the record; what was not measured says so.</p></footer>\n");
        return html;
    }

    /// <summary>Patterns and axes that the figures of a page refer to; once for the page.</summary>
    /// <param name="delta">The effect size that axes mark.</param>
    public static void WriteDefinitions(HtmlBuilder html, double delta)
    {
        html.Add($"<svg width=\"0\" height=\"0\" class=\"defs\" aria-hidden=\"true\"><defs>");
        html.Add($"<pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0V5\"/></pattern>");
        html.Add($"<pattern id=\"dots\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><circle class=\"dots\" cx=\"2\" cy=\"2\" r=\"1\"/></pattern>");
        KappaAxis.WriteDefinitions(html, delta);
        html.Add($"</defs></svg>\n");
    }
}
