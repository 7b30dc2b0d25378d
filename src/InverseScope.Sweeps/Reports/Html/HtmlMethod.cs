namespace InverseScope.Sweeps.Reports.Html;

/// <summary>The end of the page: how to read it, what decided the numbers, and the command that repeats them.</summary>
internal static class HtmlMethod
{
    public static void Write(HtmlBuilder html, ReportDocument document)
    {
        var options = document.Sweep.Options;
        html.Add($"<section id=\"method\" aria-labelledby=\"method-h\"><h2 id=\"method-h\">Method</h2><div class=\"columns\"><div>\n");
        html.Add($"<h3>How to read the numbers</h3><dl class=\"terms\">");
        html.Add($"<dt>raw rate (FCR)</dt><dd>Take a reference text x̂ and texts whose activation lies near its own. The rate is the weighted share of them that carry the reference’s label, averaged over references.</dd>");
        html.Add($"<dt>chance</dt><dd>The same rate if the activation said nothing of the feature. A feature with two labels reaches one half by chance alone.</dd>");
        html.Add($"<dt>κ</dt><dd>(raw − chance) / (1 − chance): 0 is chance, 1 is a perfect copy. The unit of every interval is the reference, with all its samples, at {ReportNumbers.Share(options.Confidence)}.</dd>");
        html.Add($"<dt>E</dt><dd>Evidence against “the activation says nothing of the feature”, from pairs of references with different labels. It may be looked at and stopped at any time: each test ends by its own rule.</dd>");
        html.Add($"<dt>confirmed</dt><dd>Selected at a false discovery rate of {ReportNumbers.Share(options.FalseDiscoveryRate)} over the whole sweep, with the effect above δ = {ReportNumbers.Rate(options.MinimumKappa)} by its anytime-valid interval, on references that no proposal had seen.</dd>");
        html.Add($"<dt>refuted</dt><dd>The upper bound of the effect lies below δ.</dd>");
        html.Add($"<dt>undecided</dt><dd>Neither. More references may settle it.</dd>");
        html.Add($"<dt>degenerate</dt><dd>Nothing to test: constant, undefined nearly everywhere, or the same partition as another feature.</dd>");
        html.Add($"<dt>ESS</dt><dd>Effective sample size of a reference’s weighted samples. Below {ReportNumbers.Ess(options.Measurement.MinimumEss)} a reference is not measured.</dd></dl>\n");
        html.Add($"<h3>Reproduce</h3><pre class=\"command\"><code>{document.Sweep.Command}</code></pre></div>\n");
        html.Add($"<div><h3>What decided the numbers</h3><table class=\"facts\"><tbody>");
        foreach (var (name, value) in ReportFacts.Of(document.Sweep, document.TaskVector))
            html.Add($"<tr><th scope=\"row\">{name.Replace('_', ' ')}</th><td>{value}</td></tr>");
        html.Add($"</tbody></table></div></div></section>\n");
    }
}
