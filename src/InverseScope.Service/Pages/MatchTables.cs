using InverseScope.Core.Tasks;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Reports.Html;

namespace InverseScope.Service.Pages;

/// <summary>Match rates by what references differ in: a feature that holds for some of them alone is another feature.</summary>
internal static class MatchTables
{
    /// <param name="references">All that are known of the hypothesis's site.</param>
    /// <param name="task">Null where it tells no variables.</param>
    public static void Write(HtmlBuilder html, HypothesisRecord h, IReadOnlyList<ReferenceRow> references, IVariableTask? task)
    {
        var lengths = SiteReferences.ByLength(references);
        var variables = task is null ? [] : SiteReferences.ByVariable(references, task);
        if (h.LabelTable is not { Rows.Count: > 0 } && lengths.Count + variables.Count == 0)
            return;
        html.Add($"<details><summary>Match rate by label{(lengths.Count > 0 ? ", length" : "")}{string.Concat(variables.Select(v => $", {v.Variable}"))}</summary>");
        html.Add($"<p class=\"quiet\">Chance over all: {ReportNumbers.Rate(h.Chance)}.</p><div class=\"breakdown\">");
        if (h.LabelTable is { Rows.Count: > 0 } table)
        {
            html.Add($"<table class=\"narrow\"><thead><tr><th scope=\"col\">label</th><th scope=\"col\" class=\"n\">references</th><th scope=\"col\" class=\"n\">samples</th><th scope=\"col\" class=\"n\">match rate</th></tr></thead><tbody>");
            foreach (var row in table.Rows)
                html.Add($"<tr><th scope=\"row\"><bdi>{row.Label ?? "others"}</bdi></th><td class=\"n\">{ReportNumbers.Count(row.References)}</td><td class=\"n\">{ReportNumbers.Count(row.Samples)}</td><td class=\"n\">{ReportNumbers.Rate(row.Matched)}</td></tr>");
            html.Add($"</tbody></table>");
        }

        Parts(html, "characters", lengths);
        foreach (var (variable, parts) in variables)
            Parts(html, variable, parts);
        html.Add($"</div></details>");
    }

    private static void Parts(HtmlBuilder html, string of, IReadOnlyList<MatchPart> parts)
    {
        if (parts.Count == 0)
            return;
        html.Add($"<table class=\"narrow\"><thead><tr><th scope=\"col\">{of}</th><th scope=\"col\" class=\"n\">references</th><th scope=\"col\" class=\"n\">match rate</th></tr></thead><tbody>");
        foreach (var part in parts)
            html.Add($"<tr><th scope=\"row\"><bdi>{part.Name}</bdi></th><td class=\"n\">{ReportNumbers.Count(part.References)}</td><td class=\"n\">{ReportNumbers.Rate(part.Rate)}</td></tr>");
        html.Add($"</tbody></table>");
    }
}
