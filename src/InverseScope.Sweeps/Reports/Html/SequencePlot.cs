using System.Text;

namespace InverseScope.Sweeps.Reports.Html;

/// <summary>The confidence sequence of the pair-swap effect over pairs, up to where the test stopped.</summary>
internal static class SequencePlot
{
    private const int Width = 230;
    private const int Height = 130;
    private const int Left = 26;
    private const int Bottom = 18;

    public static void Write(HtmlBuilder html, IReadOnlyList<SequencePoint> points, OptionsRecord options)
    {
        var last = points[^1];
        double X(int pairs) => Left + (double)pairs / last.Pairs * (Width - Left - 8);
        static double Y(double effect) => 6 + (1 - Math.Clamp(effect, -1, 1)) / 2 * (Height - Bottom - 6);
        var band = new StringBuilder();
        foreach (var p in points)
            band.Append(Point(X(p.Pairs), Y(p.Upper)));
        foreach (var p in points.Reverse())
            band.Append(Point(X(p.Pairs), Y(p.Lower)));
        var middle = new StringBuilder();
        foreach (var p in points.Where(p => p.Estimate is not null))
            middle.Append(Point(X(p.Pairs), Y(p.Estimate!.Value)));
        html.Add($"<figure><figcaption>Confidence sequence of the pair-swap effect</figcaption><svg viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" height=\"{Height}\" role=\"img\" aria-label=\"After {last.Pairs} pairs the effect lies in {ReportNumbers.Interval(new ReportInterval(last.Lower, last.Upper))}\">");
        html.Add($"<polygon class=\"band\" points=\"{band.ToString()}\"/><polyline class=\"middle\" points=\"{middle.ToString()}\"/>");
        html.Add($"<path class=\"zero\" d=\"M{Left} {Y(0)}H{Width}\"/><path class=\"delta\" d=\"M{Left} {Y(options.MinimumKappa)}H{Width}\"/><path class=\"stop\" d=\"M{X(last.Pairs)} {Y(last.Upper)}V{Y(last.Lower)}\"/>");
        html.Add($"<text x=\"{Left - 4}\" y=\"{Y(1) + 4}\" class=\"e\">1</text><text x=\"{Left - 4}\" y=\"{Y(0) + 4}\" class=\"e\">0</text><text x=\"{Left - 4}\" y=\"{Y(-1) + 1}\" class=\"e\">−1</text>");
        html.Add($"<text x=\"{Width - 2}\" y=\"{Height - 4}\" class=\"e\">{ReportNumbers.Of(last.Pairs, "pair")}</text><text x=\"{Left}\" y=\"{Height - 4}\">0</text></svg></figure>");
    }

    private static string Point(double x, double y) => FormattableString.Invariant($"{x:0.#},{y:0.#} ");
}
