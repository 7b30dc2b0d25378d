namespace InverseScope.Sweeps.Reports.Html;

/// <summary>
/// The task-vector experiment: a line for each site, layer below layer, with the three rates on one axis. Each has its own mark, so
/// that they can be told apart without colour.
/// </summary>
internal static class HtmlTaskVector
{
    private const int Width = 240;
    private const int RowHeight = 34;

    public static void Write(HtmlBuilder html, ReportDocument document)
    {
        if (document.TaskVector is not { } experiment)
            return;
        html.Add($"<section id=\"task-vector\" aria-labelledby=\"task-vector-h\"><h2 id=\"task-vector-h\">Task-vector experiment</h2>\n");
        html.Add($"<p>{experiment.Statement}</p>\n");
        html.Add($"<p class=\"legend\">The activation of a source text, of another task and another query, in the run of a target text; one trial is one pair, intervals are Wilson’s, where pairs share a donor of fewer trials, at {ReportNumbers.Share(document.Sweep.Options.Confidence)}. ");
        html.Add($"Dot: the source’s task on the target’s query (success). Square: the source’s own answer. Triangle: the target’s own answer, kept. Control: a donor of the target’s own task. Right without a patch: targets {ReportProse.Rate(experiment.TargetAccuracy)}, sources {ReportProse.Rate(experiment.SourceAccuracy)}, donors of the control {ReportProse.Rate(experiment.SameTaskAccuracy)}.</p>\n");
        html.Add($"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Rates by site\"><table class=\"task-vector\"><thead><tr><th scope=\"col\">site</th><th scope=\"col\" class=\"plot\"><svg class=\"axis\" viewBox=\"-8 0 {Width + 16} 14\"><text x=\"0\" y=\"10\" class=\"m\">0</text><text x=\"{Width / 2}\" y=\"10\" class=\"m\">0.5</text><text x=\"{Width}\" y=\"10\" class=\"m\">1</text></svg></th>");
        html.Add($"<th scope=\"col\">● success</th><th scope=\"col\">■ source’s answer</th><th scope=\"col\">▲ kept</th><th scope=\"col\" class=\"n\">another</th><th scope=\"col\" class=\"n\">pairs</th><th scope=\"col\">control: success</th><th scope=\"col\">control: donor’s answer</th><th scope=\"col\">control: kept</th></tr></thead><tbody>");
        var carrying = experiment.Carrying;
        foreach (var site in experiment.Sites)
            Row(html, site, carrying.Contains(site.Site));
        html.Add($"</tbody></table></div>\n");
        Examples(html, experiment.Examples);
        html.Add($"</section>\n");
    }

    private static void Row(HtmlBuilder html, TaskVectorSiteRecord site, bool carries)
    {
        html.Add($"<tr><th scope=\"row\"><code>{site.Site}</code>{(carries ? " ✓" : "")}</th>");
        if (site.Status != SiteStatus.Done)
        {
            html.Add($"<td colspan=\"9\">{ReportNumbers.Words(site.Status)}: {site.Reason}</td></tr>");
            return;
        }

        html.Add($"<td class=\"plot\"><svg class=\"axis\" viewBox=\"-8 0 {Width + 16} {RowHeight}\" role=\"img\" aria-label=\"success {ReportProse.Rate(site.Success)}, source’s answer {ReportProse.Rate(site.SourceAnswer)}, kept {ReportProse.Rate(site.Kept)}\">");
        html.Add($"<path class=\"grid\" d=\"M0 0V{RowHeight}M{Width / 2} 0V{RowHeight}M{Width} 0V{RowHeight}\"/>");
        if (site.Success is { } success)
        {
            Whisker(html, success, 7, "ci");
            html.Add($"<circle class=\"dot\" cx=\"{Width * success.Rate}\" cy=\"7\" r=\"4\"/>");
        }

        if (site.SourceAnswer is { } source)
        {
            Whisker(html, source, 17, "cci");
            html.Add($"<path class=\"p-source\" d=\"M{Width * source.Rate - 3.5} 13.5h7v7h-7z\"/>");
        }

        if (site.Kept is { } kept)
        {
            Whisker(html, kept, 27, "cci");
            html.Add($"<path class=\"control\" d=\"M{Width * kept.Rate} 23l4 7h-8z\"/>");
        }

        html.Add($"</svg></td><td>{ReportProse.Rate(site.Success)}</td><td>{ReportProse.Rate(site.SourceAnswer)}</td><td>{ReportProse.Rate(site.Kept)}</td>");
        html.Add($"<td class=\"n\">{ReportNumbers.Rate(site.Other?.Rate)}</td><td class=\"n\">{ReportNumbers.Count(site.Success?.Of)}</td><td>{ReportProse.Rate(site.SameTaskSuccess)}</td><td>{ReportProse.Rate(site.SameTaskAnswer)}</td><td>{ReportProse.Rate(site.SameTaskKept)}</td></tr>");
    }

    private static void Whisker(HtmlBuilder html, RateRecord rate, double y, string style) =>
        html.Add($"<path class=\"{style}\" d=\"M{Width * rate.Ci.Lower} {y}H{Width * rate.Ci.Upper}\"/>");

    private static void Examples(HtmlBuilder html, IReadOnlyList<TaskVectorExample> pairs)
    {
        html.Add($"<details><summary>A few of the pairs</summary><table><thead><tr><th scope=\"col\">target</th><th scope=\"col\">its answer</th><th scope=\"col\">source</th><th scope=\"col\">its answer</th><th scope=\"col\">success is</th></tr></thead><tbody>");
        foreach (var pair in pairs)
            html.Add($"<tr><td class=\"text\">{pair.Target:lines}</td><td>{pair.OwnAnswer}</td><td class=\"text\">{pair.Source:lines}</td><td>{pair.SourceAnswer}</td><td>{pair.MovedAnswer}</td></tr>");
        html.Add($"</tbody></table></details>\n");
    }
}
