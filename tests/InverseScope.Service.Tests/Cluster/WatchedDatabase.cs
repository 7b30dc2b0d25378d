using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>A database below a store that tells of each use before it is made.</summary>
internal sealed class WatchedDatabase(IStoreDatabase database) : IStoreDatabase
{
    public event Action<StoreNews?>? Changed
    {
        add => database.Changed += value;
        remove => database.Changed -= value;
    }

    /// <summary>Called on the thread that reads or writes; what it throws, the store throws.</summary>
    public Action Before { get; set; } = () => { };

    public string Name => database.Name;

    public bool IsShared => database.IsShared;

    public T Read<T>(Func<IStoreReader, T> read)
    {
        Before();
        return database.Read(read);
    }

    public void Write(IReadOnlyList<string> locks, Action<IStoreWriter> write)
    {
        Before();
        database.Write(locks, write);
    }

    public void Dispose() => database.Dispose();
}
