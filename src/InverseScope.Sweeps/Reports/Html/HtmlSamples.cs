namespace InverseScope.Sweeps.Reports.Html;

/// <summary>References with their samples, mismatches first. What is shown is untrusted text.</summary>
internal static class HtmlSamples
{
    private const int MaximumTextLength = 320;

    // Hypotheses that nothing hangs on take less of the page.
    private const int BriefExamples = 2;
    private const int BriefSamples = 5;

    private const int BarWidth = 60;

    public static void Write(HtmlBuilder html, HypothesisRecord h, double epsilon)
    {
        if (h.Samples.Count == 0)
            return;
        var brief = h.Verdict is HypothesisVerdict.Refuted or HypothesisVerdict.Degenerate;
        var examples = h.Samples.Take(brief ? BriefExamples : int.MaxValue).ToList();
        // ε always in view, and the farthest sample within the bar.
        var scale = Math.Max(1.25 * epsilon, examples.SelectMany(e => e.Samples).Max(s => s.Distance) ?? 0);
        html.Add($"<section class=\"block samples\"><h4>Samples</h4><p class=\"quiet\">Mismatches first; bold is shared with the reference. Bar and first number: distance, the line is ε = {ReportNumbers.Distance(epsilon)}. Second number: weight.</p><div class=\"examples\">");
        foreach (var example in examples)
        {
            html.Add($"<div class=\"example\"><p class=\"ref\"><span class=\"x\">x̂</span> <bdi class=\"text\">");
            Text(html, example.Reference);
            html.Add($"</bdi> <span class=\"lab\"><bdi>{example.Label}</bdi></span> <span class=\"quiet\">{ReportNumbers.Of(example.SampleCount, "sample")}, match rate {ReportNumbers.Rate(example.MatchRate)}, ESS {ReportNumbers.Ess(example.Ess)}</span></p><ul>");
            foreach (var sample in example.Samples.Take(brief ? BriefSamples : int.MaxValue))
            {
                WriteSample(
                    html, example.Reference, new ShownSample(sample.Text, sample.Label, null, sample.Distance, sample.Weight, sample.Match), epsilon, scale);
            }

            html.Add($"</ul></div>");
        }

        html.Add($"</div></section>\n");
    }

    /// <summary>One sample: its match, its distance beside ε, its weight, its label, and what of it the reference has too.</summary>
    /// <param name="scale">Distance at the end of the bar.</param>
    public static void WriteSample(HtmlBuilder html, string reference, ShownSample sample, double epsilon, double scale)
    {
        var bar = BarWidth * Math.Clamp((sample.Distance ?? scale) / scale, 0, 1);
        html.Add($"<li class=\"{Style(sample.Match)}\"><i>{Sign(sample.Match)}</i><svg class=\"dist\">");
        if (sample.Distance is null)
            html.Add($"<rect class=\"untested\" y=\"3\" width=\"{BarWidth}\" height=\"4\"/>");
        else
            html.Add($"<rect class=\"bar\" y=\"3\" width=\"{bar}\" height=\"4\"/>");
        html.Add($"<path class=\"eps\" d=\"M{BarWidth * epsilon / scale} 0v10\"/></svg><small>{(sample.Distance is null ? "∞" : ReportNumbers.Distance(sample.Distance))}</small><small>{ReportNumbers.Share(sample.Weight)}</small><span class=\"lab\">");
        if (sample.Failure is { } failure)
            html.Add($"<em>failed: {failure}</em>");
        else if (sample.Label is null)
            html.Add($"<em>{(sample.Match is null ? "no label" : "undefined")}</em>");
        else
            html.Add($"<bdi>{sample.Label}</bdi>");
        html.Add($"</span><bdi class=\"text\">");
        var (text, left) = VisibleText.Cut(sample.Text, MaximumTextLength);
        foreach (var (piece, shared) in SharedPieces.Of(VisibleText.Cut(reference, MaximumTextLength).Head, text))
        {
            if (shared)
                html.Add($"<b>{piece}</b>");
            else
                html.Add($"{piece}");
        }

        More(html, left);
        html.Add($"</bdi></li>\n");
    }

    /// <summary>The text, or its beginning where it is long.</summary>
    public static void Text(HtmlBuilder html, string text)
    {
        var (head, left) = VisibleText.Cut(text, MaximumTextLength);
        html.Add($"{head}");
        More(html, left);
    }

    private static string Style(bool? match) => match switch { true => "hit", false => "miss", null => "none" };

    private static string Sign(bool? match) => match switch { true => "=", false => "≠", null => "·" };

    private static void More(HtmlBuilder html, int left)
    {
        if (left > 0)
            html.Add($"<em> … {ReportNumbers.Of(left, "character")} more</em>");
    }
}

/// <summary>A sample as it is shown.</summary>
/// <param name="Failure">Why its labelling failed; null if it did not.</param>
/// <param name="Distance">Null where it is infinite.</param>
/// <param name="Match">Whether it has its reference's label; null where labels are not shown.</param>
internal sealed record ShownSample(string Text, string? Label, string? Failure, double? Distance, double Weight, bool? Match);
