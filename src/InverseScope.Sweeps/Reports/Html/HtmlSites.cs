namespace InverseScope.Sweeps.Reports.Html;

/// <summary>The list of hypotheses, site by site: one line each, which opens.</summary>
internal static class HtmlSites
{
    public static void Write(HtmlBuilder html, ReportDocument document, HtmlLinks links)
    {
        html.Add($"<section id=\"hypotheses\" aria-labelledby=\"hypotheses-h\"><h2 id=\"hypotheses-h\">Hypotheses</h2>\n");
        if (document.Sites.Count == 0)
        {
            html.Add($"<p>None was tried.</p></section>\n");
            return;
        }

        Filters(html, document.Summary.Hypotheses);
        html.Add($"<p class=\"legend\">Dot with bar: κ and its interval. Hollow diamond: a control. Solid line: chance. Dashed line: δ = {ReportNumbers.Rate(document.Sweep.Options.MinimumKappa)}. A line opens.</p>\n");
        html.Add($"<div class=\"row head\" aria-hidden=\"true\"><span>verdict</span><span>feature</span><span class=\"c-axis\">");
        KappaAxis.WriteTicks(html, document.Sweep.Options.MinimumKappa);
        html.Add($"</span><span class=\"c-kappa\">κ</span><span class=\"c-rate\">raw | chance</span><span class=\"n\">E</span><span class=\"n\">refs</span><span>controls</span></div>\n");
        foreach (var site in document.Sites)
            Site(html, document, site, links);
        html.Add($"</section>\n");
    }

    private static void Filters(HtmlBuilder html, HypothesisTally tally)
    {
        html.Add($"<fieldset class=\"filters\"><legend>Show</legend>");
        Filter(html, HypothesisVerdict.Confirmed, tally.Confirmed);
        Filter(html, HypothesisVerdict.Undecided, tally.Undecided);
        Filter(html, HypothesisVerdict.Refuted, tally.Refuted);
        Filter(html, HypothesisVerdict.Degenerate, tally.Degenerate);
        Filter(html, HypothesisVerdict.Failed, tally.Failed);
        html.Add($"<label><input type=\"checkbox\" id=\"only-found\"> only sites with a finding</label></fieldset>\n");
    }

    private static void Filter(HtmlBuilder html, HypothesisVerdict verdict, int count)
    {
        if (count > 0)
            html.Add($"<label><input type=\"checkbox\" checked id=\"show-{ReportNumbers.Words(verdict)}\"> {HtmlVerdict.Sign(verdict)} {ReportNumbers.Words(verdict)} ({ReportNumbers.Count(count)})</label>");
    }

    private static void Site(HtmlBuilder html, ReportDocument document, SiteRecord site, HtmlLinks links)
    {
        var found = site.Hypotheses.Any(h => h.Verdict == HypothesisVerdict.Confirmed) ? " found" : "";
        html.Add($"<section class=\"site{found}\" id=\"{links.OfSite(site.Site)}\"><header><h3><code>{site.Site}</code></h3>");
        html.Add($"<span class=\"badge {HtmlVerdict.Class(site)}\"><i>{HtmlVerdict.Sign(site)}</i> {HtmlVerdict.Words(site)}</span>");
        if (site is { Bits: > 0, ExplainedBits: { } explained })
            BitsBar(html, site.Bits.Value, explained);
        html.Add($"<p>{site.VerdictReason} <span class=\"quiet\">{Sentence(ReportProse.SiteLine(site))}</span></p></header>\n");
        if (site.TokenBits is { } tokens)
            HtmlTokenBits.Write(html, tokens);
        foreach (var h in site.Hypotheses.OrderBy(h => Rank(h.Verdict)).ThenByDescending(KappaScale.Of))
            Row(html, document, site, h, links);
        if (site.Hypotheses.Count == 0)
            html.Add($"<p class=\"none\">No hypothesis was tried here.</p>");
        html.Add($"</section>\n");
    }

    public static void BitsBar(HtmlBuilder html, double bits, double explained)
    {
        var share = Math.Clamp(explained / bits, 0, 1);
        html.Add($"<svg class=\"bits\" viewBox=\"0 0 100 8\" width=\"100\" height=\"8\" role=\"img\" aria-label=\"{ReportNumbers.Share(share)} of the bits explained\"><rect class=\"rest\" width=\"100\" height=\"8\"/><rect class=\"bar\" width=\"{100 * share}\" height=\"8\"/></svg>");
    }

    private static void Row(HtmlBuilder html, ReportDocument document, SiteRecord site, HypothesisRecord h, HtmlLinks links)
    {
        html.Add($"<details class=\"hyp {HtmlVerdict.Class(h.Verdict)}\"><summary class=\"row\"><span class=\"verdict\"><i>{HtmlVerdict.Sign(h.Verdict)}</i>{ReportNumbers.Words(h.Verdict)}</span>");
        html.Add($"<span class=\"title\">{h.Title} <small>{ReportNumbers.Words(h.Kind)} · {ReportNumbers.Words(h.Author)}{Remarks(h)}{HtmlReview.Sign(h)}</small></span>");
        html.Add($"<span class=\"c-axis\">");
        KappaAxis.WriteRow(html, h);
        html.Add($"</span><span class=\"c-kappa\">");
        if (h.Kappa is null)
            html.Add($"<em>{ReportNumbers.NotMeasured}</em>");
        else
            html.Add($"<b>{ReportNumbers.Rate(h.Kappa)}</b> <small>{(h.KappaCi is null ? "" : ReportNumbers.Interval(h.KappaCi))}</small>");
        html.Add($"</span><span class=\"c-rate\">");
        RateBar.Write(html, h);
        html.Add($"</span><span class=\"n c-e\">{EValue(h)}</span><span class=\"n c-n\">{(h.Counts.References is null ? "–" : ReportNumbers.Count(h.Counts.References))}</span><span class=\"c-controls\">{Controls(h)}</span></summary>\n");
        HtmlHypothesis.Write(html, document, site, h, links);
        html.Add($"</details>\n");
    }

    public static string Remarks(HypothesisRecord h)
    {
        var explored = KappaScale.Of(h) is not null && KappaScale.IsExploration(h) ? " · explored only" : "";
        var missing = (h.Counts.Failed ?? 0) + (h.Counts.Truncated ?? 0);
        return missing == 0 ? explored : $"{explored} · {ReportNumbers.Of(missing, "label")} missing";
    }

    public static string EValue(HypothesisRecord h)
    {
        if (h.EValue is null && h.Log10EValue is null)
            return "–";
        return ReportNumbers.EValue(h.EValue, h.Log10EValue) + (h.PassesFdr == true ? " ✓" : "");
    }

    public static string Controls(HypothesisRecord h)
    {
        var measured = h.Controls.Where(c => c.AsExpected is not null).ToList();
        if (measured.Count == 0)
            return "–";
        var loud = measured.Count(c => c.AsExpected == false);
        return loud == 0 ? "quiet" : $"⚠ {loud} of {measured.Count} not";
    }

    public static int Rank(HypothesisVerdict verdict) => verdict switch
    {
        HypothesisVerdict.Confirmed => 0,
        HypothesisVerdict.Undecided => 1,
        HypothesisVerdict.Failed => 2,
        HypothesisVerdict.Refuted => 3,
        _ => 4,
    };

    private static string Sentence(string line) => char.ToUpperInvariant(line[0]) + line[1..] + ".";
}
