namespace InverseScope.Sweeps.Reports.Html;

/// <summary>The controls of the whole sweep: sites whose truth is known, on the same axis as the target's hypotheses.</summary>
internal static class HtmlKnownSites
{
    public static void Write(HtmlBuilder html, ReportDocument document)
    {
        if (document.KnownSites is not { Count: > 0 } sites)
            return;
        html.Add($"<section id=\"controls\" aria-labelledby=\"controls-h\"><h2 id=\"controls-h\">Control sites</h2>\n");
        html.Add($"<p class=\"legend\">Activations made without the model, from a known feature and noise, or from nothing; the same search, references and tests. {ReportProse.KnownSites(sites)}</p>\n");
        html.Add($"<table class=\"controls\"><thead><tr><th scope=\"col\">made of</th><th scope=\"col\">must be</th><th scope=\"col\" class=\"plot\">");
        KappaAxis.WriteTicks(html, document.Sweep.Options.MinimumKappa);
        html.Add($"</th><th scope=\"col\" class=\"n\">κ</th><th scope=\"col\">of</th><th scope=\"col\" class=\"n\">confirmed</th><th scope=\"col\">came out</th></tr></thead><tbody>");
        foreach (var site in sites)
        {
            html.Add($"<tr><th scope=\"row\">{ReportProse.MadeOf(site)}</th><td>{(site.Planted is null ? "quiet" : "found")}</td><td class=\"plot\">");
            KappaAxis.WriteInterval(html, site.Kappa, site.KappaCi, control: site.Planted is null);
            html.Add($"</td><td class=\"n\">{ReportNumbers.Rate(site.Kappa)}</td><td>{site.Feature ?? "nothing was proposed"}</td>");
            html.Add($"<td class=\"n\">{ReportNumbers.Count(site.Confirmed)} of {ReportNumbers.Count(site.Tested)}</td><td>{(site.AsExpected ? "✓" : "⚠")} {ReportNumbers.Words(site.Result)}</td></tr>");
        }

        html.Add($"</tbody></table></section>\n");
    }
}
