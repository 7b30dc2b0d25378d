using InverseScope.Core;
using LiteDB;

namespace InverseScope.Sweeps.Store;

/// <summary>
/// The file of LiteDB below a store: who owns it, how it is read and written, and what its faults are called. What is written is
/// committed as one and on the disk before the next write, so that a process killed at any moment, or a machine, loses at most the write
/// in flight. Thread-safe.
/// </summary>
internal sealed class StoreFile : IStoreDatabase
{
    private readonly Lock _writing = new();
    private readonly FileStream _owned;
    private readonly Action<LiteDatabase> _migrate;
    private volatile Opened? _opened;
    private bool _disposed;

    private StoreFile(string path, FileStream owned, Action<LiteDatabase> migrate) => (Path, _owned, _migrate) = (path, owned, migrate);

    public event Action<StoreNews?>? Changed;

    public string Path { get; }

    public string Name => $"the store '{Path}'";

    public bool IsShared => false;

    /// <param name="migrate">Brings the database to what this program reads, or refuses it.</param>
    /// <exception cref="BadInputException">Another process owns it, or it is no store.</exception>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public static StoreFile Open(string path, Action<LiteDatabase> migrate)
    {
        CheckOwner(new Home(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!));
        var owned = TakeLock(path);
        var file = new StoreFile(path, owned, migrate);
        try
        {
            CheckHeader(path);
            file._opened = file.OpenDatabase();
            return file;
        }
        catch (Exception e)
        {
            owned.Dispose();
            if (e is LiteException or InvalidCastException or InvalidDataException)
                throw Unreadable(path, e);
            if (e is IOException)
                throw new OutsideServiceException($"The store '{path}' cannot be opened: {e.Message}", e);
            throw;
        }
    }

    /// <summary>The collection of this name as it now is; to be asked for anew for each reading and writing.</summary>
    /// <exception cref="OutsideServiceException">The store closed on a fault of the disk, and cannot be opened again yet.</exception>
    public ILiteCollection<T> Collection<T>(string name) => Database().GetCollection<T>(name);

    // What is left open after reading would keep writers waiting.
    public T Read<T>(Func<IStoreReader, T> read)
    {
        _ = Database();
        var opened = _opened;
        try
        {
            return read(new LiteRows(this));
        }
        catch (Exception e) when (IsClosed(e))
        {
            Forget(opened);
            throw Broken(e);
        }
        catch (Exception e) when (e is LiteException or InvalidCastException or InvalidDataException or FormatException)
        {
            throw Unreadable(Path, e);
        }
    }

    // One writer at a time, whatever it locks.
    public void Write(IReadOnlyList<string> locks, Action<IStoreWriter> write)
    {
        Opened? opened = null;
        var rows = new LiteRows(this);
        try
        {
            lock (_writing)
            {
                _ = Database();
                opened = _opened!;
                Commit(opened.Database, () => write(rows));
            }

            // From the log, which the next process reads, LiteDB brings it to the data by and by. Others may commit meanwhile.
            opened.Queue.Wait();
            opened.Log.Sync();
        }
        catch (Exception e) when (IsClosed(e))
        {
            // Nothing to roll back: on these, LiteDB closes the file by itself.
            Forget(opened);
            throw new OutsideServiceException(
                $"The store '{Path}' cannot be written: {e.Message} What was committed before is kept; free space and resume.", e);
        }

        foreach (var news in rows.News)
            Changed?.Invoke(news);
    }

    public void Dispose()
    {
        lock (_writing)
        {
            _disposed = true;
            _opened?.Dispose();
            _opened = null;
        }

        _owned.Dispose();
    }

    // LiteDB closes itself where the disk does not take what it writes, and fails from then on. What was committed is read again once it does.
    private LiteDatabase Database()
    {
        if (_opened is { } there)
            return there.Database;
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            try
            {
                return (_opened ??= OpenDatabase()).Database;
            }
            catch (Exception e) when (e is IOException or LiteException or UnauthorizedAccessException or InvalidCastException or InvalidDataException)
            {
                throw Broken(e);
            }
        }
    }

    private Opened OpenDatabase()
    {
        StoreStream? log = null;
        StoreStream? data = null;
        LiteDatabase? database = null;
        try
        {
            // A text is data: it comes back with its spaces.
            var mapper = new BsonMapper { EmptyStringToNull = false, TrimWhitespace = false, EnumAsInteger = false };
            log = new StoreStream(LogOf(Path), log: null);
            data = new StoreStream(Path, log);
            database = new LiteDatabase(data, mapper, log);
            _migrate(database);
            return new Opened(database, LogQueue.Of(database), log, data);
        }
        catch
        {
            Opened.Close(database, log, data);
            throw;
        }
    }

    private void Forget(Opened? broken)
    {
        lock (_writing)
        {
            if (broken is null || _opened != broken)
                return;
            _opened = null;
            broken.Dispose();
        }
    }

    private bool IsClosed(Exception e) => e is IOException || (e is ObjectDisposedException && !_disposed);

    private OutsideServiceException Broken(Exception e) => new(
        $"The store '{Path}' does not answer: {e.Message} What was committed before is kept; where the disk was full, free space, and it is opened again by itself.", e);

    private void Commit(LiteDatabase database, Action write)
    {
        try
        {
            database.BeginTrans();
            write();
            database.Commit();
        }
        catch (Exception e) when (!IsClosed(e))
        {
            database.Rollback();
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

    // Its sweeps would have the names, and so the files, of the cluster's.
    private static void CheckOwner(Home home)
    {
        if (File.Exists(home.Cluster))
        {
            throw new BadInputException(
                $"The home '{home.Path}' belongs to the services of a cluster ({File.ReadLines(home.Cluster).FirstOrDefault()}).",
                $"Do it through one of them, or use another --home. If there is no such cluster any more, delete '{home.Cluster}'.");
        }
    }

    private static Home HomeOf(string path) => new(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);

    private static FileStream TakeLock(string path)
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
            var taken = new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            // A service that was killed left it.
            ServiceAddress.Forget(HomeOf(path));
            return taken;
        }
        catch (IOException e) when (File.Exists(path + ".lock"))
        {
            throw new BadInputException(
                $"The store '{path}' is in use by another process.",
                ServiceAddress.Read(HomeOf(path)) is { } address
                    ? $"A service has it: do it there, at {address} ('sweep status', 'report' and 'compare' work here meanwhile), stop the service, or use another --home."
                    : "Wait for it or stop it ('sweep status' works meanwhile), or use another --home.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new BadInputException($"The store '{path}' cannot be written: {e.Message}", "Give another home with --home DIR.", e);
        }
    }

    private sealed record Opened(LiteDatabase Database, LogQueue Queue, StoreStream Log, StoreStream Data) : IDisposable
    {
        public void Dispose() => Close(Database, Log, Data);

        public static void Close(LiteDatabase? database, StoreStream? log, StoreStream? data)
        {
            try
            {
                database?.Dispose();
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or LiteException)
            {
                // It could not bring its log to the data; whoever opens it next does.
            }

            data?.Dispose();
            log?.Dispose();
        }
    }
}
