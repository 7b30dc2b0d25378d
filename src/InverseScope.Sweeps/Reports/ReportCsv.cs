using System.Globalization;
using System.Text;

namespace InverseScope.Sweeps.Reports;

/// <summary>
/// One row for each hypothesis, then one for each site of the task-vector experiment (its columns come last, and it has no id), for
/// spreadsheets and data frames (RFC 4180, UTF-8, line feeds). An empty cell is a number
/// that was not measured. A text that a spreadsheet would take for a formula is led by an apostrophe.
/// </summary>
internal static class ReportCsv
{
    private static readonly (string Name, Func<SiteRecord, HypothesisRecord, object?> Value)[] Columns =
    [
        ("site", (s, _) => s.Site),
        ("layer", (s, _) => s.Layer),
        ("head", (s, _) => s.Head),
        ("site_verdict", (s, _) => s.Verdict),
        ("site_bits", (s, _) => s.Bits),
        ("site_residual_bits", (s, _) => s.ResidualBits),
        ("id", (_, h) => h.Id),
        ("title", (_, h) => h.Title),
        ("spec_hash", (_, h) => h.SpecHash),
        ("kind", (_, h) => h.Kind),
        ("author", (_, h) => h.Author),
        ("phase", (_, h) => h.Phase),
        ("verdict", (_, h) => h.Verdict),
        ("verdict_reason", (_, h) => h.VerdictReason),
        ("fcr", (_, h) => h.Fcr),
        ("chance", (_, h) => h.Chance),
        ("kappa", (_, h) => h.Kappa),
        ("kappa_lower", (_, h) => h.KappaCi?.Lower),
        ("kappa_upper", (_, h) => h.KappaCi?.Upper),
        ("p_value", (_, h) => h.PValue),
        ("effect", (_, h) => h.Effect),
        ("effect_lower", (_, h) => h.EffectCi?.Lower),
        ("effect_upper", (_, h) => h.EffectCi?.Upper),
        ("pairs", (_, h) => h.Pairs),
        ("stop", (_, h) => h.Stop),
        ("log10_e_value", (_, h) => h.Log10EValue),
        ("passes_fdr", (_, h) => h.PassesFdr),
        ("bits", (_, h) => h.Bits),
        ("label_entropy", (_, h) => h.LabelEntropy),
        ("labels", (_, h) => h.Labels),
        ("references", (_, h) => h.Counts.References),
        ("references_undefined", (_, h) => h.Counts.ReferencesUndefined),
        ("references_not_measured", (_, h) => h.Counts.NotMeasured),
        ("samples", (_, h) => h.Counts.Samples),
        ("distinct", (_, h) => h.Counts.Distinct),
        ("matched", (_, h) => h.Counts.Matched),
        ("mismatched", (_, h) => h.Counts.Mismatched),
        ("undefined", (_, h) => h.Counts.Undefined),
        ("failed", (_, h) => h.Counts.Failed),
        ("truncated", (_, h) => h.Counts.Truncated),
        ("bound_lower", (_, h) => h.Bounds?.Lower),
        ("bound_upper", (_, h) => h.Bounds?.Upper),
        ("ess", (_, h) => h.Ess),
        ("noise_ceiling", (_, h) => h.NoiseCeiling),
        ("explore_kappa", (_, h) => h.Explore?.Kappa),
        ("review", (_, h) => h.Reviews is [.., var last] ? last.Verdict : null),
        ("corrected_kappa", (_, h) => h.Corrected?.Kappa),
    ];

    private static readonly (string Name, Func<TaskVectorSiteRecord, RateRecord?> Value)[] Rates =
    [
        ("task_vector_success", s => s.Success),
        ("task_vector_source_answer", s => s.SourceAnswer),
        ("task_vector_kept", s => s.Kept),
        ("task_vector_other", s => s.Other),
        ("task_vector_control_success", s => s.SameTaskSuccess),
        ("task_vector_control_answer", s => s.SameTaskAnswer),
        ("task_vector_control_kept", s => s.SameTaskKept),
    ];

    private static readonly (string Name, Func<TaskVectorSiteRecord, object?> Value)[] TaskVectorColumns =
    [
        ("task_vector_pairs", s => s.Success?.Of),
        ("task_vector_control_pairs", s => s.SameTaskSuccess?.Of),
        ("task_vector_not_measured", s => s.NotMeasured),
        ("task_vector_control_not_measured", s => s.SameTaskNotMeasured),
        .. Rates.SelectMany(r => new (string, Func<TaskVectorSiteRecord, object?>)[]
        {
            (r.Name, s => r.Value(s)?.Rate), (r.Name + "_lower", s => r.Value(s)?.Ci.Lower), (r.Name + "_upper", s => r.Value(s)?.Ci.Upper),
        }),
    ];

    public static string Write(ReportDocument document)
    {
        var csv = new StringBuilder().AppendJoin(',', [.. Columns.Select(c => c.Name), .. TaskVectorColumns.Select(c => c.Name)]).Append('\n');
        foreach (var site in document.Sites)
        {
            foreach (var hypothesis in site.Hypotheses)
                csv.AppendJoin(',', Columns.Select(c => Cell(c.Value(site, hypothesis)))).Append(',', TaskVectorColumns.Length).Append('\n');
        }

        foreach (var site in document.TaskVector?.Sites ?? [])
        {
            csv.AppendJoin(',', Columns.Select(c => c.Name switch { "site" => Cell(site.Site), "layer" => Cell(site.Layer), "title" => "task vector", _ => "" }))
                .Append(',').AppendJoin(',', TaskVectorColumns.Select(c => Cell(c.Value(site)))).Append('\n');
        }

        return csv.ToString();
    }

    /// <summary>A value as a cell of the table.</summary>
    public static string Cell(object? value) => value switch
    {
        null => "",
        double d => double.IsFinite(d) ? d.ToString("R", CultureInfo.InvariantCulture) : "",
        bool b => b ? "true" : "false",
        Enum e => ReportNumbers.Words(e).Replace(' ', '_'),
        string text => Text(text),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new ArgumentException($"No cell for {value.GetType()}.", nameof(value)),
    };

    private static string Text(string text)
    {
        var visible = VisibleText.Of(text);
        if (visible is ['=' or '+' or '-' or '@', ..])
            visible = "'" + visible;
        return visible.AsSpan().ContainsAny("\",\n\r") ? $"\"{visible.Replace("\"", "\"\"")}\"" : visible;
    }
}
