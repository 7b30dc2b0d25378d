using System.Globalization;
using InverseScope.Core;
using LiteDB;

namespace InverseScope.Sweeps.Store;

/// <summary>
/// All sweeps and their committed steps, in one LiteDB file that one process owns. A step is written in a transaction
/// and checkpointed, so that a process killed at any moment loses at most the step in flight.
/// </summary>
public sealed class SweepStore : IDisposable
{
    /// <summary>Version of what is on disk. Raise it with a migration in <see cref="Migrate"/>.</summary>
    public const int SchemaVersion = 1;

    private readonly FileStream _lock;
    private readonly LiteDatabase _database;
    private readonly ILiteCollection<StoredSweep> _sweeps;
    private readonly ILiteCollection<StoredStep> _steps;
    private readonly ILiteCollection<StoredLogLine> _log;
    private readonly string _path;

    private SweepStore(string path, FileStream fileLock, LiteDatabase database)
    {
        (_path, _lock, _database) = (path, fileLock, database);
        _sweeps = database.GetCollection<StoredSweep>("sweeps");
        _steps = database.GetCollection<StoredStep>("steps");
        _log = database.GetCollection<StoredLogLine>("log");
    }

    /// <summary>Opens the store, made if it is not there.</summary>
    /// <exception cref="BadInputException">Another process owns it, it is from a newer version, or it is no store.</exception>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public static SweepStore Open(string path)
    {
        var fileLock = TakeLock(path);
        try
        {
            CheckHeader(path);
            var mapper = new BsonMapper { EmptyStringToNull = false, EnumAsInteger = false };
            var connection = new ConnectionString { Filename = path, Connection = ConnectionType.Direct };
            var database = new LiteDatabase(connection, mapper);
            var store = new SweepStore(path, fileLock, database);
            store.Migrate();
            return store;
        }
        catch (Exception e) when (e is LiteException or InvalidCastException or InvalidDataException)
        {
            fileLock.Dispose();
            throw Unreadable(path, e);
        }
        catch (IOException e)
        {
            fileLock.Dispose();
            throw new OutsideServiceException($"The store '{path}' cannot be opened: {e.Message}", e);
        }
        catch
        {
            fileLock.Dispose();
            throw;
        }
    }

    /// <summary>All sweeps, oldest first.</summary>
    public IReadOnlyList<StoredSweep> Sweeps() => Read(() =>
        _sweeps.FindAll().OrderBy(s => s.Started, StringComparer.Ordinal).ToArray());

    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public StoredSweep Sweep(string id)
    {
        if (Read(() => _sweeps.FindById(id)) is { } sweep)
            return sweep;
        var known = Sweeps().Select(s => s.Id).ToArray();
        throw new BadInputException(
            $"There is no sweep '{id}' in this home.",
            known.Length == 0 ? "It has none yet: begin one with 'sweep run FILE'." : $"Known: {string.Join(", ", known.TakeLast(8))}.{NearestName.Hint(id, known)}");
    }

    /// <summary>Adds a sweep under the next free id of its name.</summary>
    public StoredSweep Begin(StoredSweep sweep)
    {
        var taken = Sweeps().Select(s => s.Id).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var number = 1;
        string id;
        do
            id = string.Create(CultureInfo.InvariantCulture, $"{sweep.Name}-{number++:000}");
        while (taken.Contains(id));
        sweep.Id = id;
        Write(() => _sweeps.Insert(sweep));
        return sweep;
    }

    public void Update(StoredSweep sweep) => Write(() => _sweeps.Update(sweep));

    /// <summary>The committed result of a stage, or null if there is none under this key.</summary>
    public StoredStep? Find(string sweep, string site, string stage, string key) =>
        Read(() => _steps.FindById(StepId(sweep, site, stage))) is { } step && step.Key == key ? step : null;

    /// <summary>All committed steps of a sweep.</summary>
    public IReadOnlyList<StoredStep> Steps(string sweep) => Read(() => _steps.Find(s => s.Sweep == sweep).ToArray());

    /// <summary>Commits a stage's result together with its log lines.</summary>
    public void Commit(StoredStep step, IReadOnlyList<StoredLogLine> log) => Write(() =>
    {
        step.Id = StepId(step.Sweep, step.Site, step.Stage);
        _database.BeginTrans();
        try
        {
            _steps.Upsert(step);
            _log.InsertBulk(log);
            _database.Commit();
        }
        catch
        {
            _database.Rollback();
            throw;
        }
    });

    public void Log(StoredLogLine line) => Write(() => _log.Insert(line));

    /// <summary>The log of a sweep in order.</summary>
    public IReadOnlyList<StoredLogLine> LogOf(string sweep) => Read(() => _log.Find(l => l.Sweep == sweep).OrderBy(l => l.Id).ToArray());

    private T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is LiteException or InvalidCastException or InvalidDataException)
        {
            throw Unreadable(_path, e);
        }
    }

    private static BadInputException Unreadable(string path, Exception e) => new(
        $"'{path}' is not a store that can be read: {e.Message.Replace(": {0}", "", StringComparison.Ordinal)}",
        "Move it away to begin a new one; reports already written stay where they are.", e);

    public void Dispose()
    {
        _database.Dispose();
        _lock.Dispose();
    }

    private static string StepId(string sweep, string site, string stage) => $"{sweep}|{site}|{stage}";

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
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (File.Exists(path + ".lock"))
        {
            throw new BadInputException(
                $"The store '{path}' is in use by another process.",
                "Wait for it or stop it ('sweep status' works meanwhile), or use another --home.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new BadInputException($"The store '{path}' cannot be written: {e.Message}", "Give another home with --home DIR.", e);
        }
    }

    private void Migrate()
    {
        var version = _database.UserVersion;
        if (version > SchemaVersion)
        {
            _database.Dispose();
            throw new BadInputException(
                $"The store '{_path}' has version {version}; this program knows versions up to {SchemaVersion}.",
                "Use the newer program that made it, or another --home. Nothing was changed.");
        }

        if (version == SchemaVersion)
            return;
        _sweeps.EnsureIndex(s => s.Name);
        _steps.EnsureIndex(s => s.Sweep);
        _log.EnsureIndex(l => l.Sweep);
        _database.UserVersion = SchemaVersion;
        _database.Checkpoint();
    }

    private void Write(Action action)
    {
        try
        {
            action();
            _database.Checkpoint();
        }
        catch (IOException e)
        {
            throw new OutsideServiceException(
                $"The store '{_path}' cannot be written: {e.Message} What was committed before is kept; free space and resume.", e);
        }
    }
}
