namespace InverseScope.Core.Machine;

/// <summary>
/// Files and folders that appear at their path whole or not at all, whoever else writes there at the same time: what is written gathers beside it,
/// under a name that no other writer has, and then takes its place. The last to do so wins; one that fails leaves nothing.
/// </summary>
public static class WholeFile
{
    /// <summary>How the names of what still gathers end.</summary>
    public const string ArrivingEnding = ".new";

    // No writer takes so long: it was killed.
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    /// <param name="path">Its folder is there.</param>
    /// <param name="text">Written as UTF-8.</param>
    /// <exception cref="IOException">The disk is full, or does not answer.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static void Write(string path, string text) => Write(path, arriving => File.WriteAllText(arriving, text));

    /// <param name="path">Its folder is there.</param>
    /// <param name="write">Writes the file to the path that it is given.</param>
    /// <exception cref="IOException">The disk is full, or does not answer.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static void Write(string path, Action<string> write) => Replace(path, write, arriving => File.Move(arriving, path, overwrite: true));

    /// <summary>As <see cref="Write(string, Action{string})"/>; for a moment between the old and the new folder there is none.</summary>
    /// <param name="path">The folder above it is there.</param>
    /// <param name="fill">Writes files to the empty folder that it is given.</param>
    /// <exception cref="IOException">The disk is full, or does not answer.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static void WriteFolder(string path, Action<string> fill) => Replace(
        path,
        arriving =>
        {
            Directory.CreateDirectory(arriving);
            fill(arriving);
        },
        arriving =>
        {
            // Put aside, and not removed before the new one is there: it may hold what cannot be removed.
            var old = $"{Path.GetFullPath(path)}.{Path.GetRandomFileName()}{ArrivingEnding}";
            var had = Directory.Exists(path);
            if (had)
                Directory.Move(path, old);
            try
            {
                Directory.Move(arriving, path);
            }
            catch
            {
                if (had && !Directory.Exists(path))
                    Directory.Move(old, path);
                throw;
            }

            if (had)
                Remove(old);
        });

    private static void Replace(string path, Action<string> write, Action<string> move)
    {
        var full = Path.GetFullPath(path);
        var arriving = $"{full}.{Path.GetRandomFileName()}{ArrivingEnding}";
        try
        {
            write(arriving);
            RemoveAbandoned(full, arriving);
            move(arriving);
        }
        catch
        {
            Remove(arriving);
            throw;
        }
    }

    // What writers left here who were killed. Its age is told by the disk's own clock, that of another machine where the disk is shared.
    private static void RemoveAbandoned(string path, string arriving)
    {
        try
        {
            var now = LastWrite(arriving);
            foreach (var other in Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(path)!, $"*{ArrivingEnding}"))
            {
                if (other.StartsWith($"{path}.", StringComparison.Ordinal) && now - LastWrite(other) > Abandoned)
                    Remove(other);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next writer tries again.
        }
    }

    private static DateTime LastWrite(string path) => Directory.Exists(path)
        ? Directory.EnumerateFileSystemEntries(path).Append(path).Max(File.GetLastWriteTimeUtc)
        : File.GetLastWriteTimeUtc(path);

    private static void Remove(string path)
    {
        try
        {
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
            else
                File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is removed with what is abandoned.
        }
    }
}
