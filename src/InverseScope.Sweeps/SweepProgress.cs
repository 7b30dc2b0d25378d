using System.Text.Json;
using InverseScope.Core.Machine;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps;

/// <summary>
/// Where a running sweep stands, in a file beside its report: other processes can read it while the store is owned.
/// </summary>
/// <param name="Stage">What is being done.</param>
/// <param name="SitesDone">Sites finished.</param>
/// <param name="Sites">Sites in all.</param>
/// <param name="Process">Id of the process that runs it.</param>
/// <param name="Updated">UTC.</param>
/// <param name="Samples">Samples of the sites that are done.</param>
/// <param name="Fault">The last fault at a site in this run; null if there was none.</param>
public sealed record SweepProgress(
    string Id, SweepState State, string Stage, int SitesDone, int Sites, int Process, DateTimeOffset Updated, long Samples = 0,
    string? Fault = null)
{
    private const string FileName = "progress.json";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Writes the file so that a reader sees the old or the new one whole.</summary>
    public void Write(Home home)
    {
        var folder = Directory.CreateDirectory(home.Sweep(Id)).FullName;
        WholeFile.Write(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Json));
    }

    /// <summary>Progress of a sweep; null if it never ran.</summary>
    public static SweepProgress? Find(Home home, string id)
    {
        var file = Path.Combine(home.Sweep(id), FileName);
        return File.Exists(file) ? Read(file) : null;
    }

    /// <summary>Progress of every sweep of a home, the latest first.</summary>
    public static IReadOnlyList<SweepProgress> ReadAll(Home home)
    {
        var folder = Path.Combine(home.Path, "sweeps");
        if (!Directory.Exists(folder))
            return [];
        return [.. Directory.GetDirectories(folder)
            .Select(d => Path.Combine(d, FileName))
            .Where(File.Exists)
            .Select(Read)
            .OrderByDescending(p => p.Updated)];
    }

    // A damaged file hides neither the other sweeps nor that there is this one.
    private static SweepProgress Read(string file)
    {
        try
        {
            if (JsonSerializer.Deserialize<SweepProgress>(File.ReadAllText(file), Json) is { } progress)
                return progress;
        }
        catch (JsonException)
        {
        }

        var folder = Path.GetDirectoryName(file)!;
        return new SweepProgress(
            Path.GetFileName(folder), SweepState.Stopped, "its progress.json cannot be read; resume writes it anew", 0, 0, 0,
            new DateTimeOffset(File.GetLastWriteTimeUtc(file)));
    }

    /// <summary>Asks the process that runs a sweep to stop at the next stage.</summary>
    public static void AskToStop(Home home, string id)
    {
        Directory.CreateDirectory(home.Sweep(id));
        File.WriteAllText(StopFile(home, id), "");
    }

    internal static bool IsAskedToStop(Home home, string id) => File.Exists(StopFile(home, id));

    internal static void ForgetStop(Home home, string id)
    {
        if (IsAskedToStop(home, id))
            File.Delete(StopFile(home, id));
    }

    private static string StopFile(Home home, string id) => Path.Combine(home.Sweep(id), "stop");
}
