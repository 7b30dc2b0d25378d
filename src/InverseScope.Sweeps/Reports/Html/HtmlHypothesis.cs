namespace InverseScope.Sweeps.Reports.Html;

/// <summary>
/// What opens under a hypothesis's line, in the order in which a reviewer decides: claim, verdict line, evidence,
/// controls, denominator, samples, labels, trail, review, reproduction. A part without data is left out or says so.
/// </summary>
internal static class HtmlHypothesis
{
    public static void Write(HtmlBuilder html, ReportDocument document, SiteRecord site, HypothesisRecord h, HtmlLinks links)
    {
        html.Add($"<article id=\"{links.Of(h)}\">\n");
        Claim(html, h, links);
        html.Add($"<p class=\"line\"><b class=\"{HtmlVerdict.Class(h.Verdict)}\">{HtmlVerdict.Sign(h.Verdict)} {ReportNumbers.Words(h.Verdict)}</b> {ReportProse.VerdictLine(h, document.Sweep.Options)}<br>{h.VerdictReason}</p>\n");
        Evidence(html, h, document.Sweep.Options);
        Controls(html, h);
        Causal(html, h);
        Denominator.Write(html, h);
        HtmlSamples.Write(html, h, site.Epsilon ?? document.Sweep.Options.Measurement.Epsilon);
        Labels(html, h);
        Trail(html, h, links);
        HtmlReview.Write(html, document, h);
        Reproduce(html, h);
        html.Add($"</article>\n");
    }

    private static void Claim(HtmlBuilder html, HypothesisRecord h, HtmlLinks links)
    {
        html.Add($"<section class=\"block claim\">");
        Claimed(html, h, links);
        html.Add($"</section>\n");
    }

    /// <summary>What is claimed, where, by whom, and the spec that says it exactly.</summary>
    public static void Claimed(HtmlBuilder html, HypothesisRecord h, HtmlLinks links)
    {
        if (h.Statement is { } statement)
            html.Add($"<p class=\"statement\">{statement}</p>");
        html.Add($"<p class=\"quiet\"><code>{h.Site}</code> · {ReportProse.Author(h)} · spec <code title=\"{h.SpecHash}\">{HtmlSummary.Short(h.SpecHash)}</code>");
        if (links.ToHypothesis(h.Parent) is { } parent)
            html.Add($" · revises <a href=\"{parent}\">an earlier one</a>");
        html.Add($"</p>");
        if (h.SpecYaml is { } yaml)
            html.Add($"<details><summary>Spec</summary><pre><code>{yaml.TrimEnd():lines}</code></pre></details>");
    }

    private static void Evidence(HtmlBuilder html, HypothesisRecord h, OptionsRecord options)
    {
        if (h is { Evidence: { MatchHistogram: null, Sequence: null }, LabelTable: null })
            return;
        html.Add($"<section class=\"block\"><h4>Evidence</h4>");
        Figures(html, h, options);
        html.Add($"</section>\n");
    }

    /// <summary>The confidence sequence, the labels of references against those of samples, and the rates of match.</summary>
    public static void Figures(HtmlBuilder html, HypothesisRecord h, OptionsRecord options)
    {
        html.Add($"<div class=\"figures\">");
        if (h.Evidence.Sequence is { Count: > 0 } sequence)
            SequencePlot.Write(html, sequence, options);
        if (h.LabelTable is { } table)
            ConfusionMatrix.Write(html, table);
        if (h.Evidence.MatchHistogram is { } histogram)
            MatchHistogram.Write(html, histogram);
        html.Add($"</div>");
    }

    private static void Controls(HtmlBuilder html, HypothesisRecord h)
    {
        if (h.Controls.Count == 0)
            return;
        html.Add($"<section class=\"block\"><h4>Controls</h4>");
        ControlTable(html, h);
        html.Add($"</section>\n");
    }

    /// <summary>Controls on the axis of what they are controls of.</summary>
    public static void ControlTable(HtmlBuilder html, HypothesisRecord h)
    {
        html.Add($"<table class=\"controls\"><thead><tr><th scope=\"col\">measured</th><th scope=\"col\">must give</th><th scope=\"col\" class=\"plot\">κ</th><th scope=\"col\" class=\"n\">κ</th><th scope=\"col\" class=\"n\">raw</th><th scope=\"col\">came out</th></tr></thead><tbody>");
        html.Add($"<tr><th scope=\"row\">this hypothesis</th><td></td><td class=\"plot\">");
        KappaAxis.WriteInterval(html, h.Kappa, h.KappaCi, control: false);
        html.Add($"</td><td class=\"n\">{ReportNumbers.Rate(h.Kappa)}</td><td class=\"n\">{ReportNumbers.Rate(h.Fcr)}</td><td></td></tr>");
        foreach (var c in h.Controls)
        {
            html.Add($"<tr><th scope=\"row\">{c.Name}</th><td>{c.Expected}</td><td class=\"plot\">");
            KappaAxis.WriteInterval(html, c.Kappa, c.KappaCi, control: true);
            html.Add($"</td><td class=\"n\">{ReportNumbers.Rate(c.Kappa)}</td><td class=\"n\">{ReportNumbers.Rate(c.Fcr)}</td>");
            html.Add($"<td>{c.AsExpected switch { true => "✓ as it must", false => "⚠ otherwise", null => ReportNumbers.NotMeasured }}</td></tr>");
        }

        html.Add($"</tbody></table>");
    }

    private static void Causal(HtmlBuilder html, HypothesisRecord h)
    {
        if (h.Causal is { } causal)
            html.Add($"<section class=\"block\"><h4>Causal check</h4><p>{ReportProse.Causal(causal)}</p></section>\n");
    }

    private static void Labels(HtmlBuilder html, HypothesisRecord h)
    {
        html.Add($"<section class=\"block\"><h4>Labels</h4>");
        LabelFacts(html, h);
        html.Add($"</section>\n");
    }

    /// <summary>Who makes the labels, how many there are, and the numbers that hang on them.</summary>
    public static void LabelFacts(HtmlBuilder html, HypothesisRecord h)
    {
        html.Add($"<dl class=\"inline\"><div><dt>made by</dt><dd>{Maker(h.Kind)}</dd></div>");
        html.Add($"<div><dt>distinct</dt><dd>{ReportNumbers.Count(h.Labels)}</dd></div><div><dt>entropy</dt><dd>{ReportNumbers.Bits(h.LabelEntropy)}</dd></div>");
        var bits = h.BitsCi is null ? "" : " " + ReportNumbers.Interval(h.BitsCi);
        html.Add($"<div><dt>carried by the activation</dt><dd>{ReportNumbers.Bits(h.Bits)}{bits}</dd></div>");
        if (h.Kind == FeatureKind.Llm)
            html.Add($"<div><dt>noise ceiling</dt><dd>{ReportNumbers.Rate(h.NoiseCeiling)}</dd></div><div><dt>κ of what the ceiling allows</dt><dd>{ReportNumbers.Rate(h.KappaOfCeiling)}</dd></div>");
        if (h.Effect is not null)
        {
            html.Add($"<div><dt>pair-swap effect</dt><dd>{ReportNumbers.Rate(h.Effect)}{(h.EffectCi is null ? "" : " " + ReportNumbers.Interval(h.EffectCi))}</dd></div>");
            if (h.SelectedCi is { } selected)
                html.Add($"<div><dt>as one of those selected</dt><dd>{ReportNumbers.Interval(selected)}</dd></div>");
        }

        if (h.PValue is { } p)
            html.Add($"<div><dt>permutation p</dt><dd>{ReportNumbers.Probability(p)}</dd></div>");
        if (h.Explore is { } explore)
            html.Add($"<div><dt>κ while exploring</dt><dd>{ReportNumbers.Rate(explore.Kappa)} on {ReportNumbers.Count(explore.References)} references</dd></div>");
        html.Add($"</dl>");
    }

    private static void Trail(HtmlBuilder html, HypothesisRecord h, HtmlLinks links)
    {
        if (h.Trail.Count == 0)
            return;
        html.Add($"<section class=\"block\"><h4>Trail</h4>");
        Steps(html, h, links);
        html.Add($"</section>\n");
    }

    /// <summary>How the hypothesis came about, step by step.</summary>
    public static void Steps(HtmlBuilder html, HypothesisRecord h, HtmlLinks links)
    {
        html.Add($"<ol class=\"trail\">");
        foreach (var step in h.Trail)
        {
            html.Add($"<li><b>{step.Step}</b> {step.Detail} <span class=\"quiet\">{ReportNumbers.Time(step.Time)}");
            if (step.InputsHash is { } hash)
                html.Add($" · inputs <code title=\"{hash}\">{HtmlSummary.Short(hash)}</code>");
            if (step.Request is { } request)
                html.Add($" · <a href=\"{links.ToQuestion(h.Site, request)}\">asked and answered</a>");
            html.Add($"</span></li>");
        }

        html.Add($"</ol>");
    }

    private static void Reproduce(HtmlBuilder html, HypothesisRecord h)
    {
        if (h.Command is { } command)
            html.Add($"<section class=\"block\"><h4>Reproduce</h4><pre class=\"command\"><code>{command}</code></pre></section>\n");
    }

    private static string Maker(FeatureKind kind) => kind switch
    {
        FeatureKind.Rule => "a rule, the same label every time",
        FeatureKind.Script => "a sandboxed script, the same label every time",
        FeatureKind.Llm => "a language model",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No words for this kind."),
    };
}
