using InverseScope.Core;
using InverseScope.Sweeps;

namespace InverseScope.Service.Cluster;

/// <summary>
/// The home that the services of a cluster share, with a mark of its own: reports and samples of one service would be missing in another's that is
/// not the same.
/// </summary>
internal static class ClusterHome
{
    /// <summary>What tells it from others; null while no service has been in it.</summary>
    public static string? MarkOf(Home home) => File.Exists(home.Cluster) && File.ReadAllText(home.Cluster).Split('\n', StringSplitOptions.RemoveEmptyEntries) is [_, var mark] ? mark : null;

    /// <summary>Marks it, unless it is.</summary>
    /// <returns>Its mark.</returns>
    /// <exception cref="BadInputException">It has sweeps of its own: files of a sweep lie under its id, which two stores would give twice.</exception>
    public static string Mark(Home home, ClusterSettings cluster)
    {
        if (File.Exists(home.Store))
        {
            throw new BadInputException(
                $"The home '{home.Path}' has sweeps of its own, in {Path.GetFileName(home.Store)}.",
                "Give the services of the cluster a home that begins empty (--home); sweeps come along by 'store copy'.");
        }

        if (MarkOf(home) is { } known)
            return known;
        // Of several services that begin at the same time, one marks it.
        var arriving = $"{home.Cluster}.{Path.GetRandomFileName()}";
        var mark = Guid.NewGuid().ToString("n")[..8];
        File.WriteAllText(arriving, $"{cluster.Database.Place}\n{mark}\n");
        try
        {
            File.Move(arriving, home.Cluster, overwrite: false);
        }
        catch (IOException) when (File.Exists(home.Cluster))
        {
            File.Delete(arriving);
        }

        return MarkOf(home) ?? throw new BadInputException($"'{home.Cluster}' is not as the program wrote it.", "Remove it, and start the service again.");
    }
}
