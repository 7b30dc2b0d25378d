using System.Text;

namespace InverseScope.Sweeps.Reports;

/// <summary>A comparison as a person reads it on a terminal.</summary>
public static class ReportComparisonText
{
    // Differences in κ within both intervals are what two seeds give; the largest of them are enough.
    private const int ShownKappas = 20;
    private const int ShownLone = 20;

    /// <returns>Lines, each ended by a line feed.</returns>
    public static string Write(ReportComparison comparison)
    {
        var text = new StringBuilder();
        text.Append($"A {VisibleText.Of(comparison.A)}, B {VisibleText.Of(comparison.B)}:");
        text.Append($" {Hypotheses(comparison.Shared)} in both\n");
        if (comparison.SameResults)
            text.Append("The results are the same.\n");
        Section(text, "Settings that differ", comparison.Settings, int.MaxValue,
            s => $"{s.Name}: {s.A ?? "none"} | {s.B ?? "none"}");
        Section(text, "Sites only in A", comparison.SitesOnlyInA, ShownLone, s => s);
        Section(text, "Sites only in B", comparison.SitesOnlyInB, ShownLone, s => s);
        Section(text, "Sites with another verdict", comparison.Sites, int.MaxValue,
            s => $"{s.Site}: {Words(s.A)} -> {Words(s.B)}");
        Section(text, "Hypotheses with another verdict", comparison.Verdicts, int.MaxValue,
            h => $"{h.Site} {h.Title}: {Words(h.A)} -> {Words(h.B)}");
        Section(text, "κ that differs", comparison.Kappas, ShownKappas, Kappa);
        Section(text, "Hypotheses only in A", comparison.OnlyInA, ShownLone, Lone);
        Section(text, "Hypotheses only in B", comparison.OnlyInB, ShownLone, Lone);
        return text.ToString();
    }

    private static void Section<T>(
        StringBuilder text, string heading, IReadOnlyList<T> items, int shown, Func<T, string> line)
    {
        if (items.Count == 0)
            return;
        text.Append($"\n{heading} ({ReportNumbers.Count(items.Count)})\n");
        foreach (var item in items.Take(shown))
            text.Append($"  {VisibleText.Of(line(item))}\n");
        if (items.Count > shown)
            text.Append($"  and {ReportNumbers.Count(items.Count - shown)} more: --json lists them all\n");
    }

    private static string Kappa(KappaDifference d)
    {
        var apart = d.IntervalsOverlap == false ? ", intervals apart" : "";
        var sign = d.Difference > 0 ? "+" : "";
        var size = d.Difference is null ? "" : $" ({sign}{ReportNumbers.Rate(d.Difference)}{apart})";
        return $"{d.Site} {d.Title}: {ReportProse.Kappa(d.A, d.CiA)} -> {ReportProse.Kappa(d.B, d.CiB)}{size}";
    }

    private static string Lone(LoneHypothesis h) =>
        $"{h.Site} {h.Title}: {Words(h.Verdict)}, {ReportProse.Kappa(h.Kappa, null)}";

    private static string Words(Enum? verdict) => verdict is null ? "no verdict" : ReportNumbers.Words(verdict);

    private static string Hypotheses(int count) =>
        count == 1 ? "1 hypothesis" : $"{ReportNumbers.Count(count)} hypotheses";
}
