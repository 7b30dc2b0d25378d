using InverseScope.Core;
using LiteDB;

namespace InverseScope.Sweeps.Store;

/// <summary>
/// The file below a store: who owns it, how it is read and written, and what its faults are called. What is written is
/// committed as one and on the disk before the next write, so that a process killed at any moment, or a machine, loses at most the write
/// in flight. Thread-safe.
/// </summary>
internal sealed class StoreFile : IDisposable
{
    private readonly Lock _writing = new();
    private readonly LiteDatabase _database;
    private readonly StoreStream _log;
    private readonly IReadOnlyList<IDisposable> _files;

    private StoreFile(string path, LiteDatabase database, StoreStream log, IReadOnlyList<IDisposable> files) =>
        (Path, _database, _log, _files) = (path, database, log, files);

    public string Path { get; }

    /// <param name="migrate">Brings the database to what this program reads, or refuses it.</param>
    /// <exception cref="BadInputException">Another process owns it, or it is no store.</exception>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public static StoreFile Open(string path, Action<LiteDatabase> migrate)
    {
        var files = new List<IDisposable> { TakeLock(path) };
        LiteDatabase? database = null;
        try
        {
            CheckHeader(path);
            // A text is data: it comes back with its spaces.
            var mapper = new BsonMapper { EmptyStringToNull = false, TrimWhitespace = false, EnumAsInteger = false };
            var log = new StoreStream(LogOf(path), log: null);
            files.Add(log);
            var data = new StoreStream(path, log);
            files.Add(data);
            database = new LiteDatabase(data, mapper, log);
            migrate(database);
            return new StoreFile(path, database, log, files);
        }
        catch (Exception e)
        {
            database?.Dispose();
            files.ForEach(file => file.Dispose());
            if (e is LiteException or InvalidCastException or InvalidDataException)
                throw Unreadable(path, e);
            if (e is IOException)
                throw new OutsideServiceException($"The store '{path}' cannot be opened: {e.Message}", e);
            throw;
        }
    }

    public ILiteCollection<T> Collection<T>(string name) => _database.GetCollection<T>(name);

    /// <param name="read">Reads to the end before it returns: what is left open would keep writers waiting.</param>
    /// <exception cref="BadInputException">What is there cannot be read.</exception>
    public T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is LiteException or InvalidCastException or InvalidDataException or FormatException)
        {
            throw Unreadable(Path, e);
        }
    }

    /// <summary>Commits all that is written by <paramref name="write"/>, or none; one writer at a time, so what it reads stays true.</summary>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public void Write(Action write)
    {
        try
        {
            lock (_writing)
                Commit(write);
            // From the log, which the next process reads, LiteDB brings it to the data by and by. Others may commit meanwhile.
            _log.Sync();
        }
        catch (IOException e)
        {
            // Nothing to roll back: on these, LiteDB closes the file by itself.
            throw new OutsideServiceException(
                $"The store '{Path}' cannot be written: {e.Message} What was committed before is kept; free space and resume.", e);
        }
    }

    public void Dispose()
    {
        _database.Dispose();
        foreach (var file in _files)
            file.Dispose();
    }

    private void Commit(Action write)
    {
        try
        {
            _database.BeginTrans();
            write();
            _database.Commit();
        }
        catch (Exception e) when (e is not IOException)
        {
            _database.Rollback();
            throw;
        }
    }

    // As LiteDB itself names it.
    private static string LogOf(string path) => System.IO.Path.ChangeExtension(path, null) + "-log" + System.IO.Path.GetExtension(path);

    private static BadInputException Unreadable(string path, Exception e) => new(
        $"'{path}' is not a store that can be read: {e.Message.Replace(": {0}", "", StringComparison.Ordinal)}",
        "Move it away to begin a new one; reports already written stay where they are.", e);

    // LiteDB would overwrite a short file, and read a long one as if it were its own until something breaks.
    private static void CheckHeader(string path)
    {
        const int offset = 32;
        var expected = "** This is a LiteDB file **"u8;
        if (!File.Exists(path) || new FileInfo(path).Length == 0)
            return;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> header = stackalloc byte[offset + expected.Length];
        if (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length
            || !header[offset..].SequenceEqual(expected))
        {
            throw new InvalidDataException("it does not begin as one.");
        }
    }

    private static FileStream TakeLock(string path)
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (File.Exists(path + ".lock"))
        {
            throw new BadInputException(
                $"The store '{path}' is in use by another process.",
                ServiceAddress.Read(new Home(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!)) is { } address
                    ? $"A service has it: do it there, at {address} ('sweep status', 'report' and 'compare' work here meanwhile), stop the service, or use another --home."
                    : "Wait for it or stop it ('sweep status' works meanwhile), or use another --home.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new BadInputException($"The store '{path}' cannot be written: {e.Message}", "Give another home with --home DIR.", e);
        }
    }
}
