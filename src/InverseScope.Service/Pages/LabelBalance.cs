using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Reports.Html;

namespace InverseScope.Service.Pages;

/// <summary>How evenly a spec's labels come, as bars: one label alone says nothing.</summary>
internal static class LabelBalance
{
    private const int MostLabels = 12;
    private const int Width = 200;

    public static void Write(HtmlBuilder html, SpecDryRun run)
    {
        var bars = run.Labels.Take(MostLabels).Select(l => (Name: (string?)l.Label, l.Count)).ToList();
        if (run.Labels.Skip(MostLabels).Sum(l => l.Count) is > 0 and var others)
            bars.Add(("other labels", others));
        if (run.Undefined > 0)
            bars.Add((null, run.Undefined));
        html.Add($"<figure class=\"balance\"><figcaption>Texts by label</figcaption><table class=\"narrow\"><tbody>");
        foreach (var (name, count) in bars)
        {
            html.Add($"<tr><th scope=\"row\">");
            if (name is null)
                html.Add($"<em>undefined</em>");
            else
                html.Add($"<bdi>{name}</bdi>");
            html.Add($"</th><td><svg viewBox=\"0 0 {Width} 10\" width=\"{Width}\" height=\"10\" aria-hidden=\"true\"><rect class=\"{(name is null ? "untested" : "bar")}\" width=\"{(double)Width * count / run.Rows.Count}\" height=\"10\"/></svg></td><td class=\"n\">{ReportNumbers.Count(count)}</td></tr>");
        }

        html.Add($"</tbody></table></figure>");
    }
}
