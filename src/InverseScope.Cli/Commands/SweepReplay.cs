using InverseScope.Sweeps.Reports;

namespace InverseScope.Cli.Commands;

/// <summary><c>sweep replay</c>: the same sweep from the stored answers of its language model.</summary>
internal static class SweepReplay
{
    private const int DifferencesShown = 20;

    public static int Run(Invocation invocation, string id)
    {
        var before = SavedReport.Read(invocation.Home, id);
        string? again = null;
        var code = SweepSession.Run(
            invocation,
            runner => again = runner.BeginAgain(id, $"{CommandLine.Name} sweep replay {id}").Id,
            SweepSession.Replay(id));
        if (code != ExitCode.Done)
            return code;
        var differences = Verdicts(before).ToHashSet(StringComparer.Ordinal);
        differences.SymmetricExceptWith(Verdicts(SavedReport.Find(invocation.Home, again!)!));
        invocation.Say(differences.Count == 0
            ? $"All {before.Sites.Sum(s => s.Hypotheses.Count)} verdicts are those of {id}."
            : $"{differences.Count} verdicts differ from those of {id}: {string.Join("; ", differences.Order(StringComparer.Ordinal).Take(DifferencesShown))}");
        return differences.Count == 0 ? ExitCode.Done : ExitCode.Negative;
    }

    private static IEnumerable<string> Verdicts(ReportDocument report) =>
        report.Sites.SelectMany(s => s.Hypotheses.Select(h => $"{h.Site} {h.SpecHash[..12]} {h.Verdict.ToString().ToLowerInvariant()}"));
}
