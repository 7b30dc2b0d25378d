namespace InverseScope.Sweeps.Reports.Html;

/// <summary>Where every sample went, and what the missing ones could change.</summary>
internal static class Denominator
{
    private const int Width = 600;

    public static void Write(HtmlBuilder html, HypothesisRecord h)
    {
        var c = h.Counts;
        if (c.Samples is null && c.References is null)
            return;
        html.Add($"<section class=\"block\"><h4>Denominator</h4>");
        WriteParts(html, h);
        html.Add($"</section>\n");
    }

    /// <summary>The bar with its key, and below it what a bar cannot show.</summary>
    public static void WriteParts(HtmlBuilder html, HypothesisRecord h)
    {
        var c = h.Counts;
        var parts = new (string Name, string Style, long? Count)[]
        {
            ("matched", "p-matched", c.Matched), ("mismatched", "p-mismatched", c.Mismatched),
            ("undefined", "p-undefined", c.Undefined), ("failed", "p-failed", c.Failed),
            ("truncated", "p-truncated", c.Truncated),
        };
        if (c.Samples > 0)
            Bar(html, parts, c.Samples.Value);
        html.Add($"<p class=\"quiet\">{ReportNumbers.Count(c.References)} references in the mean, {ReportNumbers.Count(c.ReferencesUndefined)} left out as undefined, {ReportNumbers.Count(c.NotMeasured)} not measured (ESS too low); {ReportNumbers.Count(c.Distinct)} distinct texts; mean ESS {ReportNumbers.Ess(h.Ess)}.");
        if (c.Failed + c.Truncated > 0)
            html.Add($" Whatever the missing labels are, the raw rate lies in {ReportNumbers.Interval(h.Bounds)}.");
        html.Add($"</p>");
    }

    private static void Bar(HtmlBuilder html, (string Name, string Style, long? Count)[] parts, long total)
    {
        html.Add($"<svg class=\"denominator\" viewBox=\"0 0 {Width} 12\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
        var x = 0.0;
        foreach (var (_, style, count) in parts.Where(p => p.Count > 0))
        {
            var width = (double)Width * count!.Value / total;
            html.Add($"<rect class=\"{style}\" x=\"{x}\" width=\"{Math.Max(1, width - 1)}\" height=\"12\"/>");
            x += width;
        }

        html.Add($"</svg><ul class=\"parts\">");
        foreach (var (name, style, count) in parts)
        {
            html.Add($"<li>");
            if (count > 0)
                html.Add($"<svg width=\"10\" height=\"10\" aria-hidden=\"true\"><rect class=\"{style}\" width=\"10\" height=\"10\"/></svg> ");
            html.Add($"{name} <b>{ReportNumbers.Count(count)}</b></li>");
        }

        html.Add($"<li>of <b>{ReportNumbers.Count(total)}</b> samples</li></ul>");
    }
}
