using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Reports.Html;

namespace InverseScope.Service.Pages;

/// <summary>Between what the raw rate would be if all missing labels were mismatches, and if all were matches.</summary>
internal static class ManskiBand
{
    private const int Width = 600;

    public static void Write(HtmlBuilder html, double? rate, ReportInterval bounds)
    {
        var (from, to) = (Width * Math.Clamp(bounds.Lower, 0, 1), Width * Math.Clamp(bounds.Upper, 0, 1));
        html.Add($"<figure class=\"manski\"><figcaption>Raw rate, whatever the missing labels are: {ReportNumbers.Interval(bounds)}</figcaption><svg viewBox=\"0 0 {Width} 12\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"The raw rate lies in {ReportNumbers.Interval(bounds)}\"><path class=\"grid\" d=\"M0 6H{Width}M0 0V12M{Width} 0V12\"/><rect class=\"band\" x=\"{from}\" y=\"2\" width=\"{Math.Max(2, to - from)}\" height=\"8\"/>");
        if (rate is { } r)
            html.Add($"<path class=\"stop\" d=\"M{Width * Math.Clamp(r, 0, 1)} 0V12\"/>");
        html.Add($"</svg></figure>");
    }
}
