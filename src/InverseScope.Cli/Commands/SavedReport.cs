using InverseScope.Core;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Cli.Commands;

/// <summary>Finds the report that a sweep left in the home.</summary>
internal static class SavedReport
{
    public static string PathOf(Home home, string id, ReportFormat format) =>
        Path.Combine(home.Sweep(id), ReportWriter.FileName(format));

    /// <returns>Null if the sweep has written none yet.</returns>
    public static ReportDocument? Find(Home home, string id)
    {
        var file = PathOf(home, id, ReportFormat.Json);
        return File.Exists(file) ? ReportJson.Read(file, File.ReadAllText(file)) : null;
    }

    /// <exception cref="BadInputException">There is no such sweep, or it has no report yet.</exception>
    public static ReportDocument Read(Home home, string id)
    {
        if (Find(home, id) is { } report)
            return report;
        var known = SweepProgress.ReadAll(home).Select(p => p.Id).ToArray();
        throw known.Contains(id)
            ? new BadInputException($"Sweep '{id}' has no report yet.", $"It is written when the sweep ends or is stopped: '{CommandLine.Name} sweep status'.")
            : new BadInputException(
                $"There is no sweep '{id}' in {home.Path}.{NearestName.Hint(id, known)}",
                known.Length == 0 ? $"Begin one with '{CommandLine.Name} sweep run FILE'." : $"Known: {string.Join(", ", known)}.");
    }
}
