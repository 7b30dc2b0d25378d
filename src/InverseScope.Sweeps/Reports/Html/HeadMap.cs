namespace InverseScope.Sweeps.Reports.Html;

/// <summary>κ over layers (down) and heads (across) at one position, of one feature or of the strongest.</summary>
internal static class HeadMap
{
    private const int Left = 26;
    private const int Top = 16;

    /// <param name="feature">Null for the strongest feature of each head.</param>
    public static void Write(
        HtmlBuilder html, MapFeature? feature, string position, IReadOnlyList<SiteRecord> sites, HtmlLinks links)
    {
        var layers = sites.Max(s => s.Layer!.Value) + 1;
        var heads = sites.Max(s => s.Head!.Value) + 1;
        var (w, h) = (heads > 16 ? 14 : 24, layers > 16 ? 10 : 16);
        var caption = feature?.Title ?? "Strongest of all features";
        html.Add($"<figure class=\"panel\"><figcaption>{caption} <code>{position}</code></figcaption>");
        html.Add($"<svg viewBox=\"0 0 {Left + heads * w + 2} {Top + layers * h + 2}\" width=\"{Left + heads * w + 2}\" height=\"{Top + layers * h + 2}\" role=\"img\" aria-label=\"Kappa by layer and head: {caption} {position}\">");
        html.Add($"<rect class=\"untested\" x=\"{Left}\" y=\"{Top}\" width=\"{heads * w}\" height=\"{layers * h}\"/>");
        for (var head = 0; head < heads; head += heads > 16 ? 4 : 1)
            html.Add($"<text x=\"{Left + head * w + w / 2.0}\" y=\"11\" class=\"m\">H{head}</text>");
        for (var layer = 0; layer < layers; layer += layers > 16 ? 4 : 1)
            html.Add($"<text x=\"{Left - 4}\" y=\"{Top + layer * h + h / 2.0 + 3.5}\" class=\"e\">L{layer}</text>");
        foreach (var site in sites)
        {
            var tried = site.Hypotheses
                .Where(t => KappaScale.Of(t) is not null && (feature is null || t.SpecHash == feature.Hash))
                .OrderByDescending(t => t.Verdict == HypothesisVerdict.Confirmed)
                .ThenByDescending(KappaScale.Of)
                .FirstOrDefault();
            if (tried is not null)
                SiteMap.Cell(html, tried, Left + site.Head!.Value * w, Top + site.Layer!.Value * h, w, h, links);
        }

        html.Add($"</svg></figure>\n");
    }
}
