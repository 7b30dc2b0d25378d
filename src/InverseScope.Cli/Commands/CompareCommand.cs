using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Output;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Cli.Commands;

/// <summary><c>compare A B</c>: what differs between two reports.</summary>
internal static class CompareCommand
{
    private const int RowsShown = 20;

    public static Command Create(Shell shell)
    {
        var a = ReportArgument("A");
        var b = ReportArgument("B");
        var command = new Command("compare", "Show what differs between the reports of two sweeps.") { a, b };
        Invocation.SetAction(command, shell, invocation =>
        {
            var comparison = ReportComparison.Of(
                Read(invocation, invocation.Parse.GetRequiredValue(a)), Read(invocation, invocation.Parse.GetRequiredValue(b)));
            if (invocation.Json)
                invocation.Out.Write(ReportJson.Write(comparison));
            else
                Write(invocation, comparison);
            return ExitCode.Done;
        });
        return command;
    }

    private static Argument<string> ReportArgument(string name) => new(name) { Description = "A sweep's id, or a report.json." };

    private static ReportDocument Read(Invocation invocation, string idOrFile) => File.Exists(idOrFile)
        ? ReportJson.Read(idOrFile, File.ReadAllText(idOrFile))
        : SavedReport.Read(invocation.Home, idOrFile);

    private static void Write(Invocation invocation, ReportComparison found)
    {
        var shell = invocation.Shell;
        invocation.Out.WriteLine(found.SameResults
            ? $"{found.A} and {found.B} came to the same results ({found.Shared} hypotheses)."
            : $"{found.A} and {found.B} share {found.Shared} hypotheses; {found.Verdicts.Count} have another verdict.");
        if (found.Settings.Count > 0)
            Tables.Write(shell, ["setting", found.A, found.B], found.Settings.Select(s => new[] { s.Name, s.A ?? "–", s.B ?? "–" }));
        if (found.Sites.Count > 0)
            Tables.Write(shell, ["site", found.A, found.B], found.Sites.Take(RowsShown).Select(s => new[] { s.Site, Name(s.A), Name(s.B) }));
        if (found.Verdicts.Count > 0)
        {
            Tables.Write(
                shell,
                ["site", "feature", found.A, found.B],
                found.Verdicts.Take(RowsShown).Select(v => new[] { v.Site, v.Title, Name(v.A), Name(v.B) }));
        }

        if (found.Kappas.Count > 0)
        {
            Tables.Write(
                shell,
                ["site", "feature", "#κ " + found.A, "#κ " + found.B, "#difference", "intervals"],
                found.Kappas.Take(RowsShown).Select(k => new[]
                {
                    k.Site, k.Title, Number(k.A), Number(k.B), Number(k.Difference),
                    k.IntervalsOverlap switch { true => "overlap", false => "apart", null => "–" },
                }));
        }

        foreach (var (id, alone) in new[] { (found.A, found.OnlyInA), (found.B, found.OnlyInB) })
        {
            if (alone.Count > 0)
            {
                Tables.Write(
                    shell,
                    ["only in " + id, "feature", "verdict", "#κ"],
                    alone.Take(RowsShown).Select(h => new[] { h.Site, h.Title, Name(h.Verdict), Number(h.Kappa) }));
            }
        }
    }

    private static string Name<T>(T? value)
        where T : struct, Enum => value?.ToString().ToLowerInvariant() ?? "–";

    private static string Name(HypothesisVerdict value) => value.ToString().ToLowerInvariant();

    private static string Number(double? value) => value?.ToString("0.00", CultureInfo.InvariantCulture) ?? "–";
}
