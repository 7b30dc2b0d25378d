using InverseScope.Core;

namespace InverseScope.Sweeps.Store;

/// <summary>The database below a store: a file that one process owns, or a server that many use at once. Thread-safe.</summary>
internal interface IStoreDatabase : IDisposable
{
    /// <summary>What it is called in messages, never with a password: <c>the store '…'</c>.</summary>
    string Name { get; }

    /// <summary>Whether other processes write it too, so that what this one knows of it may be old.</summary>
    bool IsShared { get; }

    /// <summary>
    /// After a write of this process, and soon after one of another: what it told; null: it cannot be said what others changed. Called
    /// on any thread.
    /// </summary>
    event Action<StoreNews?>? Changed;

    /// <param name="read">Reads to the end before it returns, writes nothing, and may be called again where a connection broke.</param>
    /// <exception cref="BadInputException">What is there cannot be read.</exception>
    /// <exception cref="OutsideServiceException">The disk or the server does not answer.</exception>
    T Read<T>(Func<IStoreReader, T> read);

    /// <summary>
    /// Commits all that is written by <paramref name="write"/>, once, or none. Nobody who names one of the same locks writes at the same
    /// time: of their rows, what is read within stays true until it ends.
    /// </summary>
    /// <param name="write">May be called again, where the earlier try left nothing.</param>
    /// <exception cref="OutsideServiceException">The disk is full, or the disk or the server does not answer.</exception>
    void Write(IReadOnlyList<string> locks, Action<IStoreWriter> write);
}

/// <summary>Reads rows. Texts are compared to the letter on a server; in a file without regard to case.</summary>
internal interface IStoreReader
{
    /// <summary>The row of this key; null if there is none.</summary>
    T? Find<T>(StoreTable<T> table, object key)
        where T : class;

    /// <summary>Those of these keys that are there; numbered ones in order.</summary>
    IReadOnlyList<T> FindAll<T>(StoreTable<T> table, IReadOnlyList<object> keys)
        where T : class;

    /// <summary>All rows; numbered ones in order.</summary>
    IReadOnlyList<T> All<T>(StoreTable<T> table)
        where T : class;

    /// <summary>The keys of all rows, which are texts.</summary>
    IReadOnlyList<string> Keys<T>(StoreTable<T> table)
        where T : class;

    /// <summary>Rows with this value; numbered ones in order.</summary>
    IReadOnlyList<T> With<T>(StoreTable<T> table, StoreIndex<T> index, object value)
        where T : class;

    /// <summary>Numbers of the rows with this value, in order.</summary>
    IReadOnlyList<long> NumbersWith<T>(StoreTable<T> table, StoreIndex<T> index, object value)
        where T : class;

    /// <summary>Rows with this value and a number above this one, in order.</summary>
    /// <param name="after">0 for all.</param>
    IReadOnlyList<T> After<T>(StoreTable<T> table, StoreIndex<T> index, object value, long after)
        where T : class;

    /// <summary>Rows whose value lies between these, both included, by value.</summary>
    IReadOnlyList<T> Between<T>(StoreTable<T> table, StoreIndex<T> index, long from, long to)
        where T : class;

    /// <summary>The last of <see cref="Between"/>; null if there is none.</summary>
    T? LastBetween<T>(StoreTable<T> table, StoreIndex<T> index, long from, long to)
        where T : class;
}

/// <summary>Writes rows within one write, and reads what it wrote.</summary>
internal interface IStoreWriter : IStoreReader
{
    /// <summary>As <see cref="IStoreReader.Find"/>; nobody changes this row until the write ends.</summary>
    T? Keep<T>(StoreTable<T> table, object key)
        where T : class;

    /// <summary>Adds a row; a numbered one gets its number.</summary>
    void Insert<T>(StoreTable<T> table, T row)
        where T : class;

    /// <summary>Adds rows in order, whose numbers are not told.</summary>
    void InsertAll<T>(StoreTable<T> table, IReadOnlyList<T> rows)
        where T : class;

    /// <summary>Puts a row in the place of the one of its key, or adds it.</summary>
    void Put<T>(StoreTable<T> table, T row)
        where T : class;

    /// <summary>Tells of this write, once it is committed, all who have the store open.</summary>
    void Tell(StoreNews news);
}

/// <summary>What a write changed.</summary>
/// <param name="Sweep">The sweep; empty where it is no matter which.</param>
internal readonly record struct StoreNews(StoreNewsKind Kind, string Sweep = "");

/// <summary>Sent by name to other processes: only append.</summary>
internal enum StoreNewsKind
{
    SweepBegun,
    SweepChanged,
    Reviewed,
}
