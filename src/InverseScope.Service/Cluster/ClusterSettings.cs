using System.Net;
using InverseScope.Core;
using Npgsql;

namespace InverseScope.Service.Cluster;

/// <summary>The cluster that a service or a worker joins.</summary>
public sealed record ClusterSettings
{
    // What members write is little, but there may be a hundred of them, and a database takes a hundred connections where nobody says otherwise. A
    // member that joins reads its reminders in thirty queries at once; afterwards one connection does.
    private const int PoolSize = 4;
    private const int IdleSeconds = 15;

    private readonly NpgsqlConnectionStringBuilder _database;

    /// <param name="database">Connection string of PostgreSQL, e.g. <c>Host=db;Database=inversescope;Username=…;Password=…</c>.</param>
    /// <exception cref="BadInputException">It is none.</exception>
    public ClusterSettings(string database)
    {
        try
        {
            _database = new NpgsqlConnectionStringBuilder(database);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new BadInputException(
                "--cluster is no connection string of PostgreSQL.", "Write it as 'Host=db;Database=inversescope;Username=NAME;Password=…'.", e);
        }

        if (string.IsNullOrEmpty(_database.Host) || string.IsNullOrEmpty(_database.Database))
        {
            throw new BadInputException(
                "--cluster names no host or no database.", "Write it as 'Host=db;Database=inversescope;Username=NAME;Password=…'.");
        }
    }

    /// <summary>With the namespace that all tables are in, and the program's name for whoever watches the database.</summary>
    public string Database => new NpgsqlConnectionStringBuilder(_database.ConnectionString)
    {
        SearchPath = ClusterSchema.Namespace,
        ApplicationName = "inversescope cluster",
        MaxPoolSize = PoolSize,
        ConnectionIdleLifetime = IdleSeconds,
        ConnectionPruningInterval = IdleSeconds / 3,
        Timeout = 10,
        KeepAlive = 15,
    }.ConnectionString;

    /// <summary>As it was given, for the store.</summary>
    public string Store => _database.ConnectionString;

    /// <summary>For messages: without names and passwords.</summary>
    public string Shown => $"Host={_database.Host};Port={_database.Port};Database={_database.Database}";

    /// <summary>Where others reach this process; null: loopback where the database is on this machine, else its first address.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Port for the other processes of the cluster; null: any that is free.</summary>
    public int? Port { get; init; }

    /// <summary>Whether the database is on this machine.</summary>
    public bool IsLocal => _database.Host is "localhost" or "127.0.0.1" or "::1" || _database.Host!.StartsWith('/');
}
