using System.Globalization;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Reports.Html;

namespace InverseScope.Service.Pages;

/// <summary>One row for each hypothesis, all κ on one axis.</summary>
internal static class HypothesisTable
{
    private static readonly (string Order, string Name, string Style)[] Columns =
    [
        ("verdict", "Verdict", ""), ("site", "Site", ""), ("feature", "Feature", ""), ("", "", "plot"), ("kappa", "κ", "n"),
        ("raw", "Raw | chance", ""), ("e", "log₁₀ E", "n"), ("n", "x̂ / samples", "n"), ("controls", "Controls", ""),
        ("tokens", "Tokens", "n"), ("review", "Review", ""),
    ];

    /// <param name="query">What the rows were chosen by: their order, and what their links carry along.</param>
    public static void Write(HtmlBuilder html, ReportDocument document, IReadOnlyList<ReviewItem> rows, HypothesisQuery query)
    {
        var links = new PageLinks(document, query.ToText(withPage: false));
        var delta = document.Sweep.Options.MinimumKappa;
        html.Add($"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of hypotheses\"><table class=\"hyps\">");
        html.Add($"<caption class=\"hidden\">Hypotheses, one a row; κ of all of them on one axis</caption><thead><tr>");
        foreach (var (order, name, style) in Columns)
        {
            if (order.Length == 0)
            {
                html.Add($"<th scope=\"col\" class=\"{style}\"><span class=\"hidden\">κ on the axis</span>");
                KappaAxis.WriteTicks(html, delta);
                html.Add($"</th>");
                continue;
            }

            var isOrder = order == query.Order;
            var next = query with { Order = order, Reversed = isOrder && !query.Reversed, Page = 1 };
            var address = PageUrl.Sweep(document.Sweep.Id) + next.ToText();
            if (isOrder)
                html.Add($"<th scope=\"col\" class=\"{style}\" aria-sort=\"{Direction(query)}\">");
            else
                html.Add($"<th scope=\"col\" class=\"{style}\">");
            html.Add($"<a href=\"{address}#hypotheses\">{name}{(isOrder ? (query.Reversed ? " ▴" : " ▾") : "")}</a></th>");
        }

        html.Add($"</tr></thead><tbody>\n");
        foreach (var row in rows)
            Row(html, row, links);
        html.Add($"</tbody></table></div>\n");
    }

    /// <summary>Tokens of language models that its proposers took at its site; null where none was asked.</summary>
    public static long? Tokens(ReviewItem item) => item.Site.ProposerCosts is not { } costs ? null
        : item.Hypothesis.Proposers.Where(costs.ContainsKey).Select(p => (long?)costs[p].Tokens).Aggregate((long?)null, (sum, t) => (sum ?? 0) + t);

    private static void Row(HtmlBuilder html, ReviewItem item, PageLinks links)
    {
        var h = item.Hypothesis;
        html.Add($"<tr class=\"{HtmlVerdict.Class(h.Verdict)}\"><td class=\"c-verdict\"><span class=\"verdict\"><i>{HtmlVerdict.Sign(h.Verdict)}</i>{ReportNumbers.Words(h.Verdict)}</span></td>");
        html.Add($"<td class=\"c-site\" title=\"{h.Site}\"><a href=\"{links.ToSite(h.Site)}\"><code>{h.Site}</code></a></td>");
        html.Add($"<th scope=\"row\" class=\"c-feature\" title=\"{h.Title}\"><a href=\"{links.To(h)}\">{h.Title}</a> <small>{ReportNumbers.Words(h.Kind)} · {ReportNumbers.Words(h.Author)}{HtmlSites.Remarks(h)}</small></th>");
        html.Add($"<td class=\"plot\">");
        KappaAxis.WriteRow(html, h);
        html.Add($"</td><td class=\"n c-kappa\">");
        if (h.Kappa is null)
            html.Add($"<em>{ReportNumbers.NotMeasured}</em>");
        else
            html.Add($"<b>{ReportNumbers.Rate(h.Kappa)}</b> <small>{(h.KappaCi is null ? "" : ReportNumbers.Interval(h.KappaCi))}</small>");
        html.Add($"</td><td class=\"c-raw\"><span class=\"c-rate\">");
        RateBar.Write(html, h);
        html.Add($"</span></td><td class=\"n c-e\">{LogE(h)}</td><td class=\"n c-n\" title=\"{Counts(h.Counts)}\">{Counts(h.Counts)}</td>");
        html.Add($"<td class=\"c-controls\">{HtmlSites.Controls(h)}</td><td class=\"n c-tokens\">{(Tokens(item) is { } tokens ? ReportNumbers.Count(tokens) : "–")}</td><td class=\"c-review\">{Review(item)}</td></tr>\n");
    }

    private static string Direction(HypothesisQuery query)
    {
        // Words go up and numbers go down where nothing is turned round.
        var rises = query.Order is "verdict" or "site" or "feature" or "review";
        return rises != query.Reversed ? "ascending" : "descending";
    }

    private static string LogE(HypothesisRecord h) => HypothesisQuery.Log10E(h) is { } log
        ? log.ToString("0.0", CultureInfo.InvariantCulture).Replace('-', '−') + (h.PassesFdr == true ? " ✓" : "")
        : "–";

    private static string Counts(CountsRecord c)
    {
        if (c.References is null)
            return "–";
        var missing = new List<string>();
        if (c.Undefined > 0)
            missing.Add($"{ReportNumbers.Count(c.Undefined)} ∅");
        if (c.Failed > 0)
            missing.Add($"{ReportNumbers.Count(c.Failed)} failed");
        if (c.Truncated > 0)
            missing.Add($"{ReportNumbers.Count(c.Truncated)} cut");
        return $"{ReportNumbers.Count(c.References)} / {(c.Samples is null ? "–" : ReportNumbers.Count(c.Samples))}{(missing.Count == 0 ? "" : "; " + string.Join(", ", missing))}";
    }

    private static string Review(ReviewItem item) => item switch
    {
        { Last: { } last } => $"{PageText.Sign(last.Verdict)} {PageText.Words(last.Verdict)}",
        { QueuedBecause.Count: > 0 } => "◌ waits",
        _ => "–",
    };
}
