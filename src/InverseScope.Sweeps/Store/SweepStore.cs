using System.Collections.Concurrent;
using System.Globalization;
using InverseScope.Core;
using LiteDB;

namespace InverseScope.Sweeps.Store;

/// <summary>
/// All sweeps, their committed steps and what language models answered, in one LiteDB file that one process owns. A step is
/// written in a transaction that is on the disk before the next, so that a process killed at any moment loses at most the step in flight.
/// Thread-safe.
/// </summary>
public sealed class SweepStore : IDisposable
{
    /// <summary>Version of what is on disk. Raise it with a migration in <see cref="Migrate"/>.</summary>
    public const int SchemaVersion = 3;

    private readonly StoreFile _file;
    private readonly ConcurrentDictionary<string, long> _changes = new(StringComparer.Ordinal);
    private long _begun;

    private SweepStore(StoreFile file)
    {
        _file = file;
        Transcripts = new TranscriptStore(file);
        Labels = new StoredLabelCache(file);
        Reviews = new ReviewStore(file);
    }

    private ILiteCollection<StoredSweep> SweepRows => _file.Collection<StoredSweep>("sweeps");

    private ILiteCollection<StoredStep> StepRows => _file.Collection<StoredStep>("steps");

    private ILiteCollection<StoredLogLine> LogRows => _file.Collection<StoredLogLine>("log");

    /// <summary>Every question of every sweep to a language model.</summary>
    public TranscriptStore Transcripts { get; }

    /// <summary>What language models answered about texts, for every sweep and run.</summary>
    public StoredLabelCache Labels { get; }

    /// <summary>What people said of hypotheses and labels, of every sweep.</summary>
    public ReviewStore Reviews { get; }

    /// <summary>Opens the store, made if it is not there.</summary>
    /// <exception cref="BadInputException">Another process owns it, it is from a newer version, or it is no store.</exception>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public static SweepStore Open(string path) => new(StoreFile.Open(path, database => Migrate(path, database)));

    /// <summary>All sweeps, oldest first.</summary>
    public IReadOnlyList<StoredSweep> Sweeps() => _file.Read(() =>
        SweepRows.FindAll().OrderBy(s => s.Started, StringComparer.Ordinal).ToArray());

    /// <summary>Grows with every sweep that is begun while the store is open, from 0.</summary>
    public long Begun => Interlocked.Read(ref _begun);

    /// <summary>Grows with every change of a sweep while the store is open, from 0; also 0 where there is no such sweep.</summary>
    public long ChangesOf(string id) => _changes.GetValueOrDefault(id);

    /// <param name="id">To the letter: files and reviews of a sweep are found by it too.</param>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public StoredSweep Sweep(string id)
    {
        // LiteDB compares texts without regard to case.
        if (_file.Read(() => SweepRows.FindById(id)) is { } sweep && sweep.Id == id)
            return sweep;
        var known = Sweeps().Select(s => s.Id).ToArray();
        throw new BadInputException(
            $"There is no sweep '{id}' in this home.",
            known.Length == 0 ? "It has none yet: begin one with 'sweep run FILE'." : $"Known: {string.Join(", ", known.TakeLast(8))}.{NearestName.Hint(id, known)}");
    }

    /// <summary>Adds a sweep under the next free id of its name.</summary>
    public StoredSweep Begin(StoredSweep sweep)
    {
        // What is read within a write stays true until it ends: who begins at the same time finds the next one.
        _file.Write(() =>
        {
            var taken = Sweeps().Select(s => s.Id).ToHashSet(StringComparer.OrdinalIgnoreCase);
            var number = 1;
            string id;
            do
                id = string.Create(CultureInfo.InvariantCulture, $"{sweep.Name}-{number++:000}");
            while (taken.Contains(id));
            sweep.Id = id;
            SweepRows.Insert(sweep);
        });
        Interlocked.Increment(ref _begun);
        return sweep;
    }

    /// <summary>Changes members of a sweep; what others change of it at the same time stays.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public StoredSweep Change(string id, Action<StoredSweep> change)
    {
        var sweep = Sweep(id);
        _file.Write(() =>
        {
            sweep = SweepRows.FindById(id);
            change(sweep);
            SweepRows.Update(sweep);
        });
        _changes.AddOrUpdate(id, 1, (_, changes) => changes + 1);
        return sweep;
    }

    /// <summary>The committed result of a stage, or null if there is none under this key.</summary>
    public StoredStep? Find(string sweep, string site, string stage, string key) =>
        _file.Read(() => StepRows.FindById(StepId(sweep, site, stage))) is { } step && step.Key == key ? step : null;

    /// <summary>All committed steps of a sweep.</summary>
    public IReadOnlyList<StoredStep> Steps(string sweep) => _file.Read(() => StepRows.Find(s => s.Sweep == sweep).ToArray());

    /// <summary>Commits a stage's result together with its log lines.</summary>
    public void Commit(StoredStep step, IReadOnlyList<StoredLogLine> log) => _file.Write(() =>
    {
        step.Id = StepId(step.Sweep, step.Site, step.Stage);
        StepRows.Upsert(step);
        LogRows.InsertBulk(log);
    });

    public void Log(StoredLogLine line) => _file.Write(() => LogRows.Insert(line));

    /// <summary>The log of a sweep in order.</summary>
    public IReadOnlyList<StoredLogLine> LogOf(string sweep) => _file.Read(() => LogRows.Find(l => l.Sweep == sweep).OrderBy(l => l.Id).ToArray());

    public void Dispose() => _file.Dispose();

    private static string StepId(string sweep, string site, string stage) => $"{sweep}|{site}|{stage}";

    private static void Migrate(string path, LiteDatabase database)
    {
        var version = database.UserVersion;
        if (version > SchemaVersion)
        {
            throw new BadInputException(
                $"The store '{path}' has version {version}; this program knows versions up to {SchemaVersion}.",
                "Use the newer program that made it, or another --home. Nothing was changed.");
        }

        if (version == SchemaVersion)
            return;
        // Each finds what an earlier version, or a migration that was cut off, made already.
        database.GetCollection<StoredSweep>("sweeps").EnsureIndex(s => s.Name);
        database.GetCollection<StoredStep>("steps").EnsureIndex(s => s.Sweep);
        database.GetCollection<StoredLogLine>("log").EnsureIndex(l => l.Sweep);
        TranscriptStore.AddTo(database);
        StoredLabelCache.AddTo(database);
        ReviewStore.AddTo(database);
        database.UserVersion = SchemaVersion;
        database.Checkpoint();
    }
}
