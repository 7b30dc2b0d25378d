using InverseScope.Core;

namespace InverseScope.Sweeps;

/// <summary>The folder that holds what a user's work leaves behind: models, banks, sweeps and the store.</summary>
public sealed class Home
{
    /// <param name="path">Need not exist: see <see cref="Make"/>.</param>
    public Home(string path) => Path = System.IO.Path.GetFullPath(path);

    public string Path { get; }

    /// <summary>Imported models, a folder each.</summary>
    public string Models => System.IO.Path.Combine(Path, "models");

    /// <summary>Trained generators, a folder each.</summary>
    public string Generators => System.IO.Path.Combine(Path, "generators");

    /// <summary>Imported tasks, a file each.</summary>
    public string Tasks => System.IO.Path.Combine(Path, "tasks");

    /// <summary>Feature specs that were written in the service, a file each.</summary>
    public string Specs => System.IO.Path.Combine(Path, "specs");

    /// <summary>Activation banks, found by content hash.</summary>
    public string Banks => System.IO.Path.Combine(Path, "banks");

    /// <summary>The results of all sweeps.</summary>
    public string Store => System.IO.Path.Combine(Path, "store.db");

    /// <summary>Names the cluster whose services keep their files here; it is not there in other homes.</summary>
    public string Cluster => System.IO.Path.Combine(Path, "cluster.txt");

    /// <summary>Reports and progress of one sweep.</summary>
    public string Sweep(string id) => System.IO.Path.Combine(Path, "sweeps", id);

    /// <summary>Makes the folder if it is not there; for commands that leave something behind.</summary>
    /// <exception cref="BadInputException">It cannot be made.</exception>
    public void Make()
    {
        try
        {
            Directory.CreateDirectory(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException(
                $"The home folder '{Path}' cannot be made: {e.Message}", "Give another with --home DIR.", e);
        }
    }
}
