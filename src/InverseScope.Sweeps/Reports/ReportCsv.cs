using System.Globalization;
using System.Text;

namespace InverseScope.Sweeps.Reports;

/// <summary>
/// One row for each hypothesis, for spreadsheets and data frames (RFC 4180, UTF-8, line feeds). An empty cell is a number
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
    ];

    public static string Write(ReportDocument document)
    {
        var csv = new StringBuilder().AppendJoin(',', Columns.Select(c => c.Name)).Append('\n');
        foreach (var site in document.Sites)
        {
            foreach (var hypothesis in site.Hypotheses)
                csv.AppendJoin(',', Columns.Select(c => Cell(c.Value(site, hypothesis)))).Append('\n');
        }

        return csv.ToString();
    }

    private static string Cell(object? value) => value switch
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
