namespace InverseScope.Sweeps.Reports.Html;

/// <summary>κ over sites (down) and features (across).</summary>
internal static class SiteMap
{
    private const int CellWidth = 38;
    private const int CellHeight = 20;
    private const int Left = 118;
    private const int TitleLength = 40;

    public static void Write(
        HtmlBuilder html, IReadOnlyList<SiteRecord> rows, IReadOnlyList<MapFeature> columns, HtmlLinks links)
    {
        // Titles stand at 40°: their height and what the last one sticks out depend on the longest.
        var longest = columns.Max(c => Math.Min(TitleLength, c.Title.Length));
        var top = 14 + (int)(longest * 6.2 * 0.643);
        var width = Left + columns.Count * CellWidth + (int)(longest * 6.2 * 0.766) + 4;
        var height = top + rows.Count * CellHeight + 2;
        html.Add($"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Map of sites by features\">");
        html.Add($"<svg class=\"map\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"Kappa of {rows.Count} sites by {columns.Count} features\">");
        html.Add($"<rect class=\"untested\" x=\"{Left}\" y=\"{top}\" width=\"{columns.Count * CellWidth}\" height=\"{rows.Count * CellHeight}\"/>");
        for (var c = 0; c < columns.Count; c++)
        {
            var x = Left + c * CellWidth + CellWidth / 2.0;
            html.Add($"<text class=\"label\" transform=\"translate({x} {top - 6}) rotate(-40)\">{Short(columns[c].Title)}<title>{columns[c].Title}</title></text>");
        }

        for (var r = 0; r < rows.Count; r++)
        {
            var y = top + r * CellHeight;
            html.Add($"<a href=\"{links.ToSite(rows[r].Site)}\"><text class=\"label mono e\" x=\"{Left - 6}\" y=\"{y + 14}\">{Site(rows[r].Site)}</text></a>");
            for (var c = 0; c < columns.Count; c++)
            {
                var tried = rows[r].Hypotheses
                    .Where(h => h.SpecHash == columns[c].Hash && KappaScale.Of(h) is not null)
                    .MaxBy(h => h.Phase);
                if (tried is not null)
                    Cell(html, tried, Left + c * CellWidth, y, CellWidth, CellHeight, links);
            }
        }

        html.Add($"</svg></div>\n");
    }

    /// <summary>One cell: a rectangle that links to its hypothesis, with its κ where there is room.</summary>
    public static void Cell(HtmlBuilder html, HypothesisRecord h, double x, double y, double w, double cellHeight, HtmlLinks links)
    {
        var kappa = KappaScale.Of(h)!.Value;
        var inset = KappaScale.IsExploration(h) ? 4 : 1;
        var found = h.Verdict == HypothesisVerdict.Confirmed ? " found" : "";
        html.Add($"<a href=\"{links.To(h)}\"><rect class=\"{KappaScale.Class(kappa)}{found}\" x=\"{x + inset}\" y=\"{y + inset}\" width=\"{w - 2 * inset}\" height=\"{cellHeight - 2 * inset}\"/>");
        if (w >= 24)
            html.Add($"<text class=\"t{KappaScale.Class(kappa)}\" x=\"{x + w / 2}\" y=\"{y + cellHeight / 2 + 3.5}\">{KappaScale.Brief(kappa)}</text>");
        html.Add($"<title>{h.Site}: {h.Title}\nκ {ReportNumbers.Rate(kappa)} {(h.Kappa is null ? "" : ReportNumbers.Interval(h.KappaCi))}, {ReportNumbers.Words(h.Verdict)}</title></a>");
    }

    private static string Short(string title)
    {
        var (head, left) = VisibleText.Cut(title, TitleLength);
        return left == 0 ? head : head.TrimEnd() + "…";
    }

    private static string Site(string site)
    {
        var (head, left) = VisibleText.Cut(site, 17);
        return left == 0 ? head : head + "…";
    }
}
