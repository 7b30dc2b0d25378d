namespace InverseScope.Sweeps.Reports.Html;

/// <summary>The maps: κ of sites by features, and for heads κ of layer by head.</summary>
internal static class HtmlMaps
{
    private const int MaximumRows = 48;
    private const int MaximumColumns = 24;
    private const int MaximumHeadMaps = 12;

    public static void Write(HtmlBuilder html, ReportDocument document, HtmlLinks links)
    {
        var features = Features(document);
        html.Add($"<section id=\"map\" aria-labelledby=\"map-h\"><h2 id=\"map-h\">Map</h2>\n");
        if (features.Count == 0)
        {
            html.Add($"<p>No hypothesis was scored.</p></section>\n");
            return;
        }

        Key(html);
        var heads = document.Sites.Where(s => s is { Layer: not null, Head: not null }).ToList();
        if (heads.Count > 1)
            HeadMaps(html, heads, features, links);
        SiteMapFigure(html, document, features, links);
        html.Add($"</section>\n");
    }

    /// <summary>One map alone: the strongest feature of each head, at the position with the most confirmed ones. Nothing where there are no two heads.</summary>
    public static void WriteStrongest(HtmlBuilder html, ReportDocument document, HtmlLinks links)
    {
        var positions = document.Sites.Where(s => s is { Layer: not null, Head: not null }).GroupBy(s => s.Position).ToList();
        if (positions.Sum(p => p.Count()) < 2 || positions.All(p => p.All(s => s.Hypotheses.All(h => KappaScale.Of(h) is null))))
            return;
        var most = positions.MaxBy(p => p.Count(s => s.Hypotheses.Any(h => h.Verdict == HypothesisVerdict.Confirmed)))!;
        html.Add($"<div class=\"strongest\">");
        HeadMap.Write(html, null, most.Key, [.. most], links);
        Key(html);
        html.Add($"</div>");
    }

    private static List<MapFeature> Features(ReportDocument document) =>
    [
        .. document.Sites.SelectMany(s => s.Hypotheses)
            .GroupBy(h => h.SpecHash, StringComparer.Ordinal)
            .Select(g => new MapFeature(g.Key, g.First().Title, [.. g]))
            .Where(f => f.Strongest is not null)
            .OrderByDescending(f => f.Confirmed).ThenByDescending(f => f.Strongest)
            .ThenBy(f => f.Hash, StringComparer.Ordinal),
    ];

    private static void Key(HtmlBuilder html)
    {
        html.Add($"<p class=\"key\"><span>κ</span><svg width=\"202\" height=\"28\" viewBox=\"0 0 202 28\" role=\"img\" aria-label=\"Colour scale of kappa from below 0 to 1\">");
        html.Add($"<rect class=\"kn\" x=\"1\" y=\"1\" width=\"22\" height=\"12\"/>");
        for (var i = 0; i < 10; i++)
            html.Add($"<rect class=\"{KappaScale.Class(i / 10.0 + 0.05)}\" x=\"{26 + 17 * i}\" y=\"1\" width=\"17\" height=\"12\"/>");
        html.Add($"<text x=\"12\" y=\"25\" class=\"m\">&lt; 0</text><text x=\"28\" y=\"25\" class=\"m\">0</text><text x=\"111\" y=\"25\" class=\"m\">0.5</text><text x=\"194\" y=\"25\" class=\"m\">1</text></svg>");
        html.Add($"<span><svg width=\"26\" height=\"16\" aria-hidden=\"true\"><rect class=\"k7 found\" x=\"2\" y=\"2\" width=\"22\" height=\"12\"/></svg> framed: confirmed</span>");
        html.Add($"<span><svg width=\"26\" height=\"16\" aria-hidden=\"true\"><rect class=\"k4\" x=\"7\" y=\"5\" width=\"12\" height=\"6\"/></svg> small: explored only</span>");
        html.Add($"<span><svg width=\"26\" height=\"16\" aria-hidden=\"true\"><rect class=\"untested\" x=\"2\" y=\"2\" width=\"22\" height=\"12\"/></svg> hatched: not tested</span></p>\n");
    }

    private static void HeadMaps(HtmlBuilder html, List<SiteRecord> heads, List<MapFeature> features, HtmlLinks links)
    {
        var positions = heads.Select(s => s.Position).Distinct().ToList();
        var panels = positions.Select(p => (Feature: (MapFeature?)null, Position: p))
            .Concat(features.Where(f => f.Confirmed > 0).SelectMany(f => positions
                .Where(p => f.At(p, heads).Any(h => h.Verdict == HypothesisVerdict.Confirmed))
                .Select(p => (Feature: (MapFeature?)f, Position: p))))
            .Take(MaximumHeadMaps).ToList();
        html.Add($"<h3>Layer by head</h3><div class=\"panels\">\n");
        foreach (var (feature, position) in panels)
        {
            var sites = heads.Where(s => s.Position == position).ToList();
            HeadMap.Write(html, feature, position, sites, links);
        }

        html.Add($"</div>\n");
    }

    private static void SiteMapFigure(HtmlBuilder html, ReportDocument document, List<MapFeature> features, HtmlLinks links)
    {
        var rows = document.Sites.ToList();
        var note = "";
        if (rows.Count > MaximumRows)
        {
            var found = rows.Where(s => s.Hypotheses.Any(h => h.Verdict == HypothesisVerdict.Confirmed)).ToList();
            rows = [.. (found.Count > 0 ? found : rows).Take(MaximumRows)];
            note = $"{ReportNumbers.Count(rows.Count)} of {ReportNumbers.Of(document.Sites.Count, "site")} are drawn,"
                + $" {(found.Count > 0 ? "those with a confirmed feature" : "the first ones")}; every site is in the list below. ";
        }

        var columns = features.Take(MaximumColumns).ToList();
        if (features.Count > columns.Count)
        {
            note += $"{ReportNumbers.Count(columns.Count)} of {ReportNumbers.Of(features.Count, "feature")} are drawn,"
                + " those confirmed at most sites first.";
        }

        html.Add($"<h3>Sites by features</h3>");
        if (note.Length > 0)
            html.Add($"<p class=\"note\">{note.Trim()}</p>");
        SiteMap.Write(html, rows, columns, links);
    }
}

/// <summary>One feature wherever it was tried.</summary>
internal sealed record MapFeature(string Hash, string Title, IReadOnlyList<HypothesisRecord> Tried)
{
    public int Confirmed { get; } = Tried.Count(h => h.Verdict == HypothesisVerdict.Confirmed);

    public double? Strongest { get; } = Tried.Max(KappaScale.Of);

    public IEnumerable<HypothesisRecord> At(string position, IEnumerable<SiteRecord> sites) =>
        sites.Where(s => s.Position == position).SelectMany(s => s.Hypotheses).Where(h => h.SpecHash == Hash);
}
