using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Store;

/// <summary>Where a store is: whatever it is, a store keeps one contract.</summary>
public abstract class StorePlace : IDisposable
{
    /// <summary>Opens the store, made if it is not there.</summary>
    public abstract SweepStore Open();

    /// <summary>What the next process finds if this one is killed now.</summary>
    public abstract SweepStore Killed();

    public abstract void Dispose();
}

/// <summary>A file of LiteDB.</summary>
public sealed class FilePlace : StorePlace
{
    private readonly TempFolder _folder = new();

    public string Path => _folder["store.db"];

    public override SweepStore Open() => SweepStore.Open(Path);

    public override SweepStore Killed() => KilledStore.Reopen(_folder, Path);

    public override void Dispose() => _folder.Dispose();
}

/// <summary>A new database of PostgreSQL.</summary>
public sealed class PostgresPlace(PostgresServer server) : StorePlace
{
    public string ConnectionString { get; } = server.NewDatabase();

    public override SweepStore Open() => SweepStore.OpenPostgres(ConnectionString);

    public override SweepStore Killed() => Open();

    public override void Dispose()
    {
        // The server goes away with all that is in it.
    }
}
