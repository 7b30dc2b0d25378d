namespace InverseScope.Sweeps.Reports.Html;

/// <summary>The top of the page: whose report, and the morning summary.</summary>
internal static class HtmlSummary
{
    private const int ListedFindings = 10;
    private const int ListedMatters = 8;

    public static void Header(HtmlBuilder html, ReportDocument document)
    {
        var sweep = document.Sweep;
        html.Add($"<header><p class=\"kicker\">InverseScope report</p><h1>{ReportProse.Title(document)}</h1>\n");
        html.Add($"<p class=\"byline\">Task <b>{sweep.Task}</b> · sweep <b>{sweep.Id}</b> · {ReportNumbers.Time(sweep.Started)} to {ReportNumbers.Time(sweep.Finished)} · {ReportNumbers.Words(sweep.State)} · model <code title=\"SHA-256 {sweep.Model.ContentHash}\">{Short(sweep.Model.ContentHash)}</code> · seed {string.Join(", ", sweep.Seeds.Values)}</p>\n");
        html.Add($"<nav aria-label=\"Parts of the report\"><a href=\"#summary\">Summary</a><a href=\"#map\">Map</a><a href=\"#hypotheses\">Hypotheses</a>");
        if (document.TaskVector is not null)
            html.Add($"<a href=\"#task-vector\">Task vector</a>");
        if (document.KnownSites is { Count: > 0 })
            html.Add($"<a href=\"#controls\">Control sites</a>");
        html.Add($"<a href=\"#method\">Method</a></nav></header>\n");
    }

    /// <param name="findings">How many are listed before the others open.</param>
    /// <param name="beside">Draws what stands below the matters; null: nothing.</param>
    public static void Write(HtmlBuilder html, ReportDocument document, HtmlLinks links, int findings = ListedFindings, Action<HtmlBuilder>? beside = null)
    {
        html.Add($"<section id=\"summary\" aria-labelledby=\"summary-h\"><h2 id=\"summary-h\" class=\"hidden\">Summary</h2>\n");
        html.Add($"<p class=\"lead\">{ReportProse.Morning(document)} {ReportProse.Ending(document.Sweep)}</p>\n");
        Tally(html, document.Summary.Hypotheses);
        html.Add($"<div class=\"cards\"><div>\n");
        Established(html, document, links, findings);
        Proposers(html, document.Summary);
        Cost(html, document.Sweep);
        html.Add($"</div><div>\n");
        Matters(html, "Needs a person", "card-ask", document.Summary.NeedsAPerson, "Nothing does.", links);
        Matters(html, "Broke", "card-broke", document.Summary.Broke, "Nothing did.", links);
        beside?.Invoke(html);
        html.Add($"</div></div></section>\n");
    }

    public static string Short(string hash) => hash.Length > 10 ? hash[..10] : hash;

    private static void Tally(HtmlBuilder html, HypothesisTally tally)
    {
        if (tally.Total == 0)
            return;
        var parts = Parts(tally).Where(p => p.Count > 0).ToList();
        html.Add($"<svg class=\"tally\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
        var x = 0.0;
        foreach (var (verdict, count) in parts)
        {
            var width = 1000.0 * count / tally.Total;
            html.Add($"<rect class=\"{HtmlVerdict.Class(verdict)}\" x=\"{x}\" width=\"{Math.Max(1, width - 2)}\" height=\"10\"/>");
            x += width;
        }

        html.Add($"</svg>\n<ul class=\"tally-key\">");
        foreach (var (verdict, count) in parts)
            html.Add($"<li class=\"{HtmlVerdict.Class(verdict)}\"><i>{HtmlVerdict.Sign(verdict)}</i><b>{ReportNumbers.Count(count)}</b> {ReportNumbers.Words(verdict)}</li>");
        html.Add($"</ul>\n");
    }

    private static IEnumerable<(HypothesisVerdict Verdict, int Count)> Parts(HypothesisTally t) =>
    [
        (HypothesisVerdict.Confirmed, t.Confirmed), (HypothesisVerdict.Undecided, t.Undecided),
        (HypothesisVerdict.Refuted, t.Refuted), (HypothesisVerdict.Degenerate, t.Degenerate),
        (HypothesisVerdict.Failed, t.Failed),
    ];

    private static void Established(HtmlBuilder html, ReportDocument document, HtmlLinks links, int listed)
    {
        var found = document.Summary.Established;
        var carrying = ReportProse.Carrying(document.TaskVector).ToArray();
        html.Add($"<section class=\"card card-found\"><h3>Established <span>{found.Count + carrying.Length}</span></h3>");
        if (carrying.Length > 0)
        {
            html.Add($"<ul>");
            foreach (var (site, rates) in carrying)
                html.Add($"<li><a href=\"#task-vector\"><code>{site}</code></a> carries which task it is ({rates})</li>");
            html.Add($"</ul>");
        }

        if (found.Count == 0)
        {
            if (carrying.Length == 0)
                html.Add($"<p>Nothing was.</p>");
            html.Add($"</section>\n");
            return;
        }

        html.Add($"<table><thead><tr><th scope=\"col\">feature</th><th scope=\"col\">site</th><th scope=\"col\" class=\"n\">κ</th><th scope=\"col\" class=\"n wide\">interval</th><th scope=\"col\" class=\"n wide\">bits</th></tr></thead><tbody>");
        foreach (var f in found.Take(listed))
            Finding(html, f, links);
        html.Add($"</tbody></table>");
        if (found.Count > listed)
        {
            html.Add($"<details><summary>{ReportNumbers.Count(found.Count - listed)} more</summary><table><tbody>");
            foreach (var f in found.Skip(listed))
                Finding(html, f, links);
            html.Add($"</tbody></table></details>");
        }

        html.Add($"</section>\n");
    }

    private static void Finding(HtmlBuilder html, FindingRecord f, HtmlLinks links)
    {
        var off = f.ControlsOff.Count == 0 ? "" : $" ⚠ {string.Join(", ", f.ControlsOff)}";
        html.Add($"<tr><td><a href=\"{links.ToHypothesis(f.Hypothesis)}\">{f.Title}</a>{off}</td><td><code>{f.Site}</code></td>");
        html.Add($"<td class=\"n\"><b>{ReportNumbers.Rate(f.Kappa)}</b></td><td class=\"n wide\">{ReportNumbers.Interval(f.KappaCi)}</td><td class=\"n wide\">{ReportNumbers.Rate(f.Bits)}</td></tr>");
    }

    private static void Matters(
        HtmlBuilder html, string heading, string style, IReadOnlyList<AttentionRecord> matters, string none, HtmlLinks links)
    {
        html.Add($"<section class=\"card {style}\"><h3>{heading} <span>{matters.Count}</span></h3>");
        if (matters.Count == 0)
            html.Add($"<p>{none}</p>");
        else
            List(html, matters.Take(ListedMatters), links);
        if (matters.Count > ListedMatters)
        {
            html.Add($"<details><summary>{ReportNumbers.Count(matters.Count - ListedMatters)} more</summary>");
            List(html, matters.Skip(ListedMatters), links);
            html.Add($"</details>");
        }

        html.Add($"</section>\n");
    }

    private static void List(HtmlBuilder html, IEnumerable<AttentionRecord> matters, HtmlLinks links)
    {
        html.Add($"<ul>");
        foreach (var m in matters)
        {
            html.Add($"<li><span class=\"why\">{ReportNumbers.Words(m.Reason)}</span> ");
            if ((links.ToHypothesis(m.Hypothesis) ?? links.ToSite(m.Site)) is { } place)
                html.Add($"<a href=\"{place}\"><code>{m.Site}</code></a> ");
            html.Add($"{m.Detail}</li>");
        }

        html.Add($"</ul>");
    }

    private static void Proposers(HtmlBuilder html, SummaryRecord summary)
    {
        // One alone has nothing to be compared with.
        if (summary.Proposers.Count < 2)
            return;
        html.Add($"<section class=\"card\"><h3>Who found what</h3><table><thead><tr><th>proposer</th><th class=\"n\">tested</th><th class=\"n\">confirmed</th><th class=\"n\">it alone</th><th class=\"n\">faulty</th><th class=\"n\">calls</th><th class=\"n\">tokens</th></tr></thead><tbody>");
        foreach (var p in summary.Proposers)
            html.Add($"<tr><td>{ReportProse.Proposer(p.Proposer)}</td><td class=\"n\">{p.Tested}</td><td class=\"n\">{p.Confirmed}</td><td class=\"n\">{p.OnlyItsOwn}</td><td class=\"n\">{Given(p.Faulty)}</td><td class=\"n\">{Given(p.Calls)}</td><td class=\"n\">{Given(p.Tokens)}</td></tr>");
        html.Add($"</tbody></table></section>\n");
    }

    private static string Given(long? count) => count is null ? "–" : ReportNumbers.Count(count);

    private static void Cost(HtmlBuilder html, SweepRecord sweep)
    {
        var cost = sweep.Cost;
        html.Add($"<section class=\"card card-cost\"><h3>Cost</h3><dl>");
        html.Add($"<dt>time</dt><dd>{ReportNumbers.Duration(cost.WallSeconds)}</dd>");
        html.Add($"<dt>samples</dt><dd>{ReportNumbers.Count(cost.Samples)}</dd>");
        html.Add($"<dt>labels</dt><dd>{ReportNumbers.Count(cost.Labels)}</dd>");
        if (cost.TargetTexts is { } texts)
            html.Add($"<dt>texts through the target</dt><dd>{ReportNumbers.Count(texts)}</dd>");
        if (cost.LanguageModelTokens is { } tokens)
            html.Add($"<dt>language-model tokens</dt><dd>{ReportNumbers.Count(tokens)}</dd>");
        html.Add($"<dt>peak memory</dt><dd>{ReportNumbers.Bytes(cost.PeakMemoryBytes)}</dd></dl></section>\n");
    }
}
