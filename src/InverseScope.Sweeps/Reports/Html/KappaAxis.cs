namespace InverseScope.Sweeps.Reports.Html;

/// <summary>Intervals on the κ axis: a line at chance (0), a dashed one at the stated effect size δ.</summary>
internal static class KappaAxis
{
    private const int Width = 220;
    private const int RowHeight = 22;
    private const int LineHeight = 16;

    /// <summary>The head of a column of rows.</summary>
    public static void WriteTicks(HtmlBuilder html, double delta)
    {
        html.Add($"<svg class=\"axis\" viewBox=\"-8 0 {Width + 16} 14\">");
        foreach (var (at, tick) in ((double, string)[])[(0, "0"), (delta, "δ"), (0.5, "0.5"), (1, "1")])
            html.Add($"<text x=\"{KappaScale.X(at, Width)}\" y=\"10\" class=\"m\">{tick}</text>");
        html.Add($"</svg>");
    }

    /// <summary>What all axes have in common, once for the page: thousands of them refer to it.</summary>
    public static void WriteDefinitions(HtmlBuilder html, double delta)
    {
        foreach (var height in (int[])[RowHeight, LineHeight])
            html.Add($"<g id=\"axis{height}\"><path class=\"grid\" d=\"M0 {height / 2.0}H{Width}M{KappaScale.X(0.5, Width)} 0V{height}M{Width} 0V{height}\"/><path class=\"zero\" d=\"M{KappaScale.X(0, Width)} 0V{height}\"/><path class=\"delta\" d=\"M{KappaScale.X(delta, Width)} 0V{height}\"/></g>");
    }

    /// <summary>A hypothesis (dot and interval) with its controls (hollow diamonds) below it.</summary>
    public static void WriteRow(HtmlBuilder html, HypothesisRecord h)
    {
        var controls = h.Controls.Where(c => c.Kappa is not null).ToList();
        Begin(html, RowHeight, Spoken(h));
        Interval(html, KappaScale.Of(h), h.Kappa is null ? null : h.KappaCi, 8, KappaScale.IsExploration(h) ? "dot open" : "dot");
        foreach (var control in controls)
            Diamond(html, control, 17);
        html.Add($"</svg>");
    }

    /// <summary>One line of the table of controls.</summary>
    public static void WriteInterval(HtmlBuilder html, double? kappa, ReportInterval? interval, bool control)
    {
        Begin(html, LineHeight, $"kappa {ReportNumbers.Rate(kappa)}");
        if (control && kappa is not null)
            Diamond(html, new ControlRecord { Name = "", Expected = "", Kappa = kappa, KappaCi = interval }, 8);
        else
            Interval(html, kappa, interval, 8, "dot");
        html.Add($"</svg>");
    }

    private static void Begin(HtmlBuilder html, int height, string spoken) =>
        html.Add($"<svg class=\"axis\" viewBox=\"-8 0 {Width + 16} {height}\" role=\"img\" aria-label=\"{spoken}\"><use href=\"#axis{height}\"/>");

    private static void Interval(HtmlBuilder html, double? kappa, ReportInterval? interval, double y, string style)
    {
        if (interval is { } i)
        {
            var (from, to) = (KappaScale.X(i.Lower, Width), KappaScale.X(i.Upper, Width));
            html.Add($"<path class=\"ci\" d=\"M{from} {y}H{to}M{from} {y - 3}v6M{to} {y - 3}v6\"/>");
        }

        if (kappa is not { } k)
            return;
        var x = KappaScale.X(k, Width);
        if (k < KappaScale.Low)
            html.Add($"<path class=\"dot\" d=\"M-7 {y}l7 -4v8z\"/>");
        else
            html.Add($"<circle class=\"{style}\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>");
    }

    private static void Diamond(HtmlBuilder html, ControlRecord control, double y)
    {
        if (control.KappaCi is { } i)
            html.Add($"<path class=\"cci\" d=\"M{KappaScale.X(i.Lower, Width)} {y}H{KappaScale.X(i.Upper, Width)}\"/>");
        html.Add($"<path class=\"control\" d=\"M{KappaScale.X(control.Kappa!.Value, Width)} {y - 3.5}l3.5 3.5l-3.5 3.5l-3.5 -3.5z\"/>");
    }

    private static string Spoken(HypothesisRecord h) => h.Kappa is null
        ? $"kappa {ReportNumbers.NotMeasured}"
        : $"kappa {ReportNumbers.Rate(h.Kappa)}{(h.KappaCi is { } i ? $", from {ReportNumbers.Rate(i.Lower)} to {ReportNumbers.Rate(i.Upper)}" : "")}";
}
