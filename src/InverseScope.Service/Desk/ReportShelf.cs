using System.Collections.Concurrent;
using InverseScope.Core;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Service.Desk;

/// <summary>A report as it was read.</summary>
/// <param name="Tag">Changes whenever the file does.</param>
public sealed record ShelvedReport(ReportDocument Document, string Tag);

/// <summary>Reports of sweeps, each parsed once for as long as its file stays the same. Thread-safe.</summary>
public sealed class ReportShelf(Workspace workspace)
{
    private readonly ConcurrentDictionary<string, ShelvedReport> _read = new(StringComparer.Ordinal);

    /// <summary>The report as it now stands; null if the sweep has written none yet.</summary>
    /// <exception cref="BadInputException">There is no such sweep, or its report cannot be read.</exception>
    public ShelvedReport? Find(string id)
    {
        var path = Path.Combine(workspace.Home.Sweep(workspace.Store.Sweep(id).Id), ReportWriter.FileName(ReportFormat.Json));
        var file = new FileInfo(path);
        if (!file.Exists)
            return null;
        var tag = FormattableString.Invariant($"{file.LastWriteTimeUtc.Ticks:x}-{file.Length:x}");
        if (_read.TryGetValue(id, out var known) && known.Tag == tag)
            return known;
        return _read[id] = new ShelvedReport(ReportJson.Read(path, File.ReadAllText(path)), tag);
    }
}
