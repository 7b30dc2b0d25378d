using System.Collections.Concurrent;
using System.Diagnostics;
using InverseScope.Core;
using Npgsql;

namespace InverseScope.Sweeps.Store;

/// <summary>
/// A server below a store, which many processes use at once. Where it is away for a moment, reading and writing wait and try again. Each
/// transaction leaves a mark, by which one whose end was not heard is known to be committed or not. Thread-safe.
/// </summary>
internal sealed class PostgresDatabase : IStoreDatabase
{
    /// <summary>How long a server may be away before its absence is a fault for all who use it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly PostgresAddress _address;
    private readonly NpgsqlDataSource _source;
    private readonly Guid _process = Guid.NewGuid();
    private readonly ConcurrentBag<Mark> _marks = [];
    private readonly CancellationTokenSource _ended = new();
    private PostgresListener? _listener;

    // Timestamp of the first try that failed since the last that did not; 0 if that did not. Who comes when others have waited long does not.
    private long _awaySince;
    private int _slots;

    private PostgresDatabase(PostgresAddress address) => (_address, _source) = (address, NpgsqlDataSource.Create(address.ConnectionString));

    public event Action<StoreNews?>? Changed;

    public string Name => _address.Name;

    public bool IsShared => true;

    private string Self => _process.ToString("N");

    /// <exception cref="BadInputException">The server refuses, or what is there is from a newer version.</exception>
    /// <exception cref="OutsideServiceException">The server does not answer.</exception>
    public static PostgresDatabase Open(PostgresAddress address)
    {
        var database = new PostgresDatabase(address);
        try
        {
            // One that begins or is full may take it soon; where none is, a wrong address is told at once.
            database.Attempt(
                () =>
                {
                    using var connection = database._source.OpenConnection();
                    PostgresSchema.Migrate(connection, address);
                    using var old = new NpgsqlCommand($"DELETE FROM {address.Schema}.writes WHERE at < now() - interval '1 day'", connection);
                    return old.ExecuteNonQuery();
                },
                e => e is PostgresException && PostgresAddress.MayPass(e));
            database._listener = database.Attempt(
                () => new PostgresListener(address, database.Self, news => database.Changed?.Invoke(news)), PostgresAddress.MayPass);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public T Read<T>(Func<IStoreReader, T> read) => Attempt(
        () =>
        {
            using var connection = _source.OpenConnection();
            return read(new PostgresRows(connection, _address));
        },
        PostgresAddress.MayPass);

    public void Write(IReadOnlyList<string> locks, Action<IStoreWriter> write)
    {
        if (!_marks.TryTake(out var mark))
            mark = new Mark(Interlocked.Increment(ref _slots));
        IReadOnlyList<StoreNews> told;
        try
        {
            mark.Number++;
            mark.InDoubt = null;
            told = Attempt(() => TryWrite(mark, locks, write), PostgresAddress.MayPass);
        }
        finally
        {
            _marks.Add(mark);
        }

        foreach (var news in told)
            Changed?.Invoke(news);
    }

    public void Dispose()
    {
        _ended.Cancel();
        _listener?.Dispose();
        _source.Dispose();
    }

    private IReadOnlyList<StoreNews> TryWrite(Mark mark, IReadOnlyList<string> locks, Action<IStoreWriter> write)
    {
        using var connection = _source.OpenConnection();
        if (mark.InDoubt is { } earlier && IsThere(connection, mark))
            return earlier;
        mark.InDoubt = null;
        using var transaction = connection.BeginTransaction();
        Begin(connection, mark, locks);
        var rows = new PostgresRows(connection, _address);
        write(rows);
        foreach (var news in rows.News)
            PostgresListener.Tell(connection, _address, Self, news);
        mark.InDoubt = rows.News;
        transaction.Commit();
        return rows.News;
    }

    private void Begin(NpgsqlConnection connection, Mark mark, IReadOnlyList<string> locks)
    {
        using var batch = new NpgsqlBatch(connection);
        // In one order, so that none waits for one who waits for it.
        foreach (var number in locks.Select(l => PostgresRows.LockOf(_address.Schema, l)).Order())
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT pg_advisory_xact_lock($1)") { Parameters = { new() { Value = number } } });
        batch.BatchCommands.Add(Marking(
            "VALUES ($1, $2, $3) ON CONFLICT (process, slot) DO UPDATE SET number = excluded.number, at = now()", _process, mark.Slot, mark.Number));
        batch.ExecuteNonQuery();
    }

    // Waits until the server has ended the transaction whose end was not heard.
    private bool IsThere(NpgsqlConnection connection, Mark mark)
    {
        using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Marking(
            "VALUES ($1, $2, 0) ON CONFLICT (process, slot) DO UPDATE SET at = now() RETURNING number", _process, mark.Slot));
        return batch.ExecuteScalar() is long number && number == mark.Number;
    }

    private NpgsqlBatchCommand Marking(string what, params object[] values)
    {
        var command = new NpgsqlBatchCommand($"INSERT INTO {_address.Schema}.writes (process, slot, number) {what}");
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }

    private T Attempt<T>(Func<T> action, Func<Exception, bool> mayPass)
    {
        var wait = TimeSpan.FromMilliseconds(20);
        while (true)
        {
            ObjectDisposedException.ThrowIf(_ended.IsCancellationRequested, this);
            try
            {
                var result = action();
                Volatile.Write(ref _awaySince, 0);
                return result;
            }
            catch (Exception e) when (mayPass(e) && Stopwatch.GetElapsedTime(AwaySince()) < Patience)
            {
                // Others that wait in the pool are as dead.
                _source.Clear();
                _ended.Token.WaitHandle.WaitOne(wait);
                wait = TimeSpan.FromMilliseconds(Math.Min(wait.TotalMilliseconds * 2, 1000));
            }
            catch (Exception e) when (_address.Explain(e) is { } explained)
            {
                throw explained;
            }
        }
    }

    private long AwaySince()
    {
        var now = Stopwatch.GetTimestamp();
        return Interlocked.CompareExchange(ref _awaySince, now, 0) is not 0 and var since ? since : now;
    }

    /// <summary>One mark for each write at a time. <see cref="Number"/> is that of the write under way.</summary>
    private sealed class Mark(int slot)
    {
        public int Slot => slot;

        public long Number { get; set; }

        /// <summary>What the last try told, if its commit was sent and not answered.</summary>
        public IReadOnlyList<StoreNews>? InDoubt { get; set; }
    }
}
