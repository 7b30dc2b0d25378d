using System.Collections.Concurrent;
using System.Globalization;
using InverseScope.Core;
using LiteDB;

namespace InverseScope.Sweeps.Store;

/// <summary>
/// All sweeps, their committed steps and what language models answered: in one LiteDB file that one process owns, or on PostgreSQL, where
/// many processes write at once. A step is written in a transaction that is on the disk before the next, so that a process killed at any
/// moment loses at most the step in flight. Thread-safe.
/// </summary>
public sealed class SweepStore : IDisposable
{
    /// <summary>Version of what is in a file. Raise it with a migration in <see cref="Migrate"/>, and beside it <see cref="PostgresSchema"/>.</summary>
    public const int SchemaVersion = 4;

    private readonly IStoreDatabase _database;
    private readonly ConcurrentDictionary<string, long> _changes = new(StringComparer.Ordinal);
    private long _begun;
    private long _unknownChanges;

    internal SweepStore(IStoreDatabase database)
    {
        _database = database;
        _database.Changed += Count;
        Transcripts = new TranscriptStore(database);
        Labels = new StoredLabelCache(database);
        Reviews = new ReviewStore(database);
    }

    /// <summary>What it is called in messages, never with a password: <c>the store 'Host=db;Database=lab'</c>.</summary>
    public string Name => _database.Name;

    internal IStoreDatabase Database => _database;

    /// <summary>Every question of every sweep to a language model.</summary>
    public TranscriptStore Transcripts { get; }

    /// <summary>What language models answered about texts, for every sweep and run.</summary>
    public StoredLabelCache Labels { get; }

    /// <summary>What people said of hypotheses and labels, of every sweep.</summary>
    public ReviewStore Reviews { get; }

    /// <summary>Grows with every sweep that is begun while the store is open, from 0; where others write too, soon after they did.</summary>
    public long Begun => Interlocked.Read(ref _begun);

    /// <summary>Opens the store in a file, made if it is not there.</summary>
    /// <exception cref="BadInputException">Another process owns it, it is from a newer version, or it is no store.</exception>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public static SweepStore Open(string path) => new(StoreFile.Open(path, database => Migrate(path, database)));

    /// <summary>Opens the store in a database of PostgreSQL 13 or later, made if it is not there; any number of processes may have it open.</summary>
    /// <param name="connectionString">As Npgsql reads it, e.g. <c>Host=db.example;Database=lab;Username=me;Password=…</c>; host and database are needed.</param>
    /// <param name="schema">Namespace of its tables in the database; another is another store. Lower-case letters, digits and underscores.</param>
    /// <exception cref="BadInputException">It cannot be read or used, the server refuses it, or what is there is from a newer version.</exception>
    /// <exception cref="OutsideServiceException">The server does not answer.</exception>
    public static SweepStore OpenPostgres(string connectionString, string schema = PostgresAddress.DefaultSchema) =>
        new(PostgresDatabase.Open(new PostgresAddress(connectionString, schema)));

    /// <summary>All sweeps, oldest first.</summary>
    public IReadOnlyList<StoredSweep> Sweeps() => [.. _database.Read(rows => rows.All(StoreTables.Sweeps)).OrderBy(s => s.Started, StringComparer.Ordinal)];

    /// <summary>
    /// Grows with every change of a sweep while the store is open, from 0; where others write too, soon after they did, and also when it
    /// cannot be said what they changed.
    /// </summary>
    public long ChangesOf(string id) => _changes.GetValueOrDefault(id) + Interlocked.Read(ref _unknownChanges);

    /// <param name="id">To the letter: files and reviews of a sweep are found by it too.</param>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public StoredSweep Sweep(string id)
    {
        // LiteDB compares texts without regard to case.
        if (_database.Read(rows => rows.Find(StoreTables.Sweeps, id)) is { } sweep && sweep.Id == id)
            return sweep;
        var known = Sweeps().Select(s => s.Id).ToArray();
        throw new BadInputException(
            $"There is no sweep '{id}' in this {(_database.IsShared ? "store" : "home")}.",
            known.Length == 0 ? "It has none yet: begin one with 'sweep run FILE'." : $"Known: {string.Join(", ", known.TakeLast(8))}.{NearestName.Hint(id, known)}");
    }

    /// <summary>Adds a sweep under the next free id of its name, whoever begins one at the same time.</summary>
    public StoredSweep Begin(StoredSweep sweep)
    {
        _database.Write([BeginLock(sweep.Name)], rows =>
        {
            var taken = rows.Keys(StoreTables.Sweeps).ToHashSet(StringComparer.OrdinalIgnoreCase);
            var number = 1;
            string id;
            do
                id = string.Create(CultureInfo.InvariantCulture, $"{sweep.Name}-{number++:000}");
            while (taken.Contains(id));
            sweep.Id = id;
            rows.Insert(StoreTables.Sweeps, sweep);
            rows.Tell(new StoreNews(StoreNewsKind.SweepBegun));
        });
        return sweep;
    }

    /// <summary>Changes members of a sweep; what others change of it at the same time stays.</summary>
    /// <param name="change">May be called again with a fresh one, where a connection broke.</param>
    /// <param name="fence">Null: whoever else works on it, this is written.</param>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    /// <exception cref="FencedException">Another has taken over.</exception>
    public StoredSweep Change(string id, Action<StoredSweep> change, StoreFence? fence = null)
    {
        var sweep = Sweep(id);
        _database.Write([SweepLock(id)], rows =>
        {
            Check(rows, fence);
            sweep = rows.Find(StoreTables.Sweeps, id)!;
            change(sweep);
            rows.Put(StoreTables.Sweeps, sweep);
            rows.Tell(new StoreNews(StoreNewsKind.SweepChanged, id));
        });
        return sweep;
    }

    /// <summary>The committed result of a stage, or null if there is none under this key.</summary>
    public StoredStep? Find(string sweep, string site, string stage, string key) =>
        _database.Read(rows => rows.Find(StoreTables.Steps, StepId(sweep, site, stage))) is { } step && step.Key == key ? step : null;

    /// <summary>All committed steps of a sweep.</summary>
    public IReadOnlyList<StoredStep> Steps(string sweep) => _database.Read(rows => rows.With(StoreTables.Steps, StoreTables.StepsBySweep, sweep));

    /// <summary>
    /// Commits a stage's result together with its log lines, in place of one under another key. One that is there under the same key stays
    /// as it is: doing a stage twice changes nothing.
    /// </summary>
    /// <param name="fence">Null: whoever else works on it, this is written.</param>
    /// <returns>Whether it was written: false if the result was there.</returns>
    /// <exception cref="FencedException">Another has taken over.</exception>
    public bool Commit(StoredStep step, IReadOnlyList<StoredLogLine> log, StoreFence? fence = null)
    {
        step.Id = StepId(step.Sweep, step.Site, step.Stage);
        var isNew = false;
        _database.Write([LogLock(step.Sweep)], rows =>
        {
            Check(rows, fence);
            isNew = rows.Find(StoreTables.Steps, step.Id) is not { } there || there.Key != step.Key;
            if (!isNew)
                return;
            rows.Put(StoreTables.Steps, step);
            rows.InsertAll(StoreTables.Log, log);
        });
        return isNew;
    }

    /// <param name="fence">Null: whoever else works on it, this is written.</param>
    /// <exception cref="FencedException">Another has taken over.</exception>
    public void Log(StoredLogLine line, StoreFence? fence = null) => _database.Write([LogLock(line.Sweep)], rows =>
    {
        Check(rows, fence);
        rows.Insert(StoreTables.Log, line);
    });

    /// <summary>The log of a sweep in order.</summary>
    public IReadOnlyList<StoredLogLine> LogOf(string sweep) => _database.Read(rows => rows.With(StoreTables.Log, StoreTables.LogBySweep, sweep));

    /// <summary>Takes over what one alone does at a time: from now on, writes with an earlier fence of this scope are refused.</summary>
    /// <param name="scope">Any text, the same for all who do it; compared to the letter.</param>
    public StoreFence TakeOver(string scope)
    {
        var fence = default(StoreFence);
        var id = ContentHash.Of(scope);
        _database.Write([$"token {id}"], rows =>
        {
            fence = new StoreFence(scope, (rows.Find(StoreTables.Tokens, id)?.Token ?? 0) + 1);
            // Waits for those who write with the fence before.
            rows.Put(StoreTables.Tokens, new StoredToken { Id = id, Scope = scope, Token = fence.Token });
        });
        return fence;
    }

    /// <summary>For what is written elsewhere than here, just before: another may take over in between.</summary>
    /// <exception cref="FencedException">Another has taken over.</exception>
    public void Check(StoreFence fence) => _database.Read(rows =>
        rows.Find(StoreTables.Tokens, ContentHash.Of(fence.Scope))?.Token is var now && now == fence.Token ? true : throw new FencedException(fence, now ?? 0));

    public void Dispose() => _database.Dispose();

    /// <summary>Whoever adds a sweep of this name has this lock: ids name folders too, which some systems compare without regard to case.</summary>
    internal static string BeginLock(string name) => $"begin {name.ToUpperInvariant()}";

    /// <summary>Whoever changes a sweep has this lock.</summary>
    internal static string SweepLock(string sweep) => $"sweep {sweep}";

    /// <summary>Whoever adds steps or log lines has this lock, so that lines have higher numbers than those that were there before.</summary>
    internal static string LogLock(string sweep) => $"log {sweep}";

    private static string StepId(string sweep, string site, string stage) => $"{sweep}|{site}|{stage}";

    private static void Check(IStoreWriter rows, StoreFence? fence)
    {
        if (fence is not { } given)
            return;
        var now = rows.Keep(StoreTables.Tokens, ContentHash.Of(given.Scope))?.Token ?? 0;
        if (now != given.Token)
            throw new FencedException(given, now);
    }

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
        LiteRows.AddTo(database);
        database.UserVersion = SchemaVersion;
        database.Checkpoint();
    }

    private void Count(StoreNews? news)
    {
        switch (news)
        {
            case { Kind: StoreNewsKind.SweepBegun }:
                Interlocked.Increment(ref _begun);
                break;
            case { Kind: StoreNewsKind.SweepChanged, Sweep: var sweep }:
                _changes.AddOrUpdate(sweep, 1, (_, changes) => changes + 1);
                break;
            case null:
                Interlocked.Increment(ref _begun);
                Interlocked.Increment(ref _unknownChanges);
                break;
        }
    }
}
