using System.Net;
using InverseScope.Core;
using InverseScope.Sweeps.Store;
using Npgsql;

namespace InverseScope.Service.Cluster;

/// <summary>The cluster that a service or a worker joins.</summary>
public sealed record ClusterSettings
{
    // What members write is little, but there may be a hundred of them, and a database takes a hundred connections where nobody says otherwise. A
    // member that joins reads its reminders in thirty queries at once; afterwards one connection does.
    private const int PoolSize = 4;
    private const int IdleSeconds = 15;

    /// <param name="database">Connection string of PostgreSQL, e.g. <c>Host=db;Database=inversescope;Username=…;Password=…</c>.</param>
    /// <exception cref="BadInputException">It is none.</exception>
    public ClusterSettings(string database)
    {
        Store = database;
        try
        {
            Database = new PostgresAddress(database);
        }
        catch (BadInputException e)
        {
            throw new BadInputException($"--cluster: {e.What}", e.Fix, e);
        }
    }

    /// <summary>As it was given, for the store.</summary>
    public string Store { get; }

    /// <summary>Where members, reminders and the store are.</summary>
    public PostgresAddress Database { get; }

    /// <summary>For members: with the namespace that all tables are in, and the program's name for whoever watches the database.</summary>
    public string Connection => new NpgsqlConnectionStringBuilder(Database.ConnectionString)
    {
        SearchPath = ClusterSchema.Namespace,
        ApplicationName = "inversescope cluster",
        MaxPoolSize = PoolSize,
        ConnectionIdleLifetime = IdleSeconds,
        ConnectionPruningInterval = IdleSeconds / 3,
        Timeout = 10,
        KeepAlive = 15,
    }.ConnectionString;

    /// <summary>Where others reach this process; null: loopback where the database is on this machine, else its first address.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Port for the other processes of the cluster; null: any that is free.</summary>
    public int? Port { get; init; }

    /// <summary>Whether the database is on this machine.</summary>
    public bool IsLocal => Database.Host is "localhost" or "127.0.0.1" or "::1" || Database.Host.StartsWith('/');
}
