using System.Net.Sockets;
using System.Text.RegularExpressions;
using InverseScope.Core;
using Npgsql;

namespace InverseScope.Sweeps.Store;

/// <summary>Where a store on PostgreSQL is, what it is called in messages, and what its faults mean.</summary>
public sealed partial class PostgresAddress
{
    /// <summary>Namespace of the tables where no other is asked for.</summary>
    public const string DefaultSchema = "inversescope";

    private const string IdleInTransaction = "25P03";

    private const string IdleSession = "57P05";

    private const string Form = "Write it as 'Host=db.example;Port=5432;Database=lab;Username=me;Password=…', and put a value with ';' or '=' in quotes.";

    private readonly string _text;

    /// <param name="connectionString">As Npgsql reads it; host and database are needed.</param>
    /// <param name="schema">Namespace of the tables. Lower-case letters, digits and underscores.</param>
    /// <exception cref="BadInputException">It cannot be read.</exception>
    public PostgresAddress(string connectionString, string schema = DefaultSchema)
    {
        if (!SchemaName().IsMatch(schema))
            throw new BadInputException($"'{schema}' cannot name a schema of PostgreSQL here.", "Use lower-case letters, digits and underscores, at most 48.");
        NpgsqlConnectionStringBuilder parts;
        try
        {
            parts = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            // Neither the text nor what Npgsql says of it is shown: a part of a password may be in it.
            throw new BadInputException("The connection string of the store cannot be read: a part of it is no 'Keyword=value' that Npgsql knows.", Form);
        }

        if (string.IsNullOrWhiteSpace(parts.Host) || string.IsNullOrWhiteSpace(parts.Database))
            throw new BadInputException($"The connection string of the store names no {(string.IsNullOrWhiteSpace(parts.Host) ? "host" : "database")}.", Form);
        parts.ApplicationName ??= "inversescope";
        // Whoever stops in the middle of a transaction keeps what it locked no longer than this.
        parts.Options ??= "-c idle_in_transaction_session_timeout=15000";
        parts.PersistSecurityInfo = false;
        (_text, Schema) = (parts.ConnectionString, schema);
        (Host, Port, Database, Username) = (parts.Host, parts.Port, parts.Database, parts.Username);
        var place = new NpgsqlConnectionStringBuilder { Host = parts.Host, Database = parts.Database };
        if (parts.Port != NpgsqlConnection.DefaultPort)
            place.Port = parts.Port;
        if (parts.Username is not null)
            place.Username = parts.Username;
        Name = $"the store '{place.ConnectionString}'";
    }

    /// <summary>e.g. <c>the store 'Host=db;Database=lab'</c>: where it is, without a password.</summary>
    public string Name { get; }

    /// <summary>Namespace of the tables.</summary>
    public string Schema { get; }

    /// <summary>Where it is, without users and passwords.</summary>
    public string Place => $"Host={Host};Port={Port};Database={Database}";

    internal string Host { get; }

    internal int Port { get; }

    internal string Database { get; }

    internal string? Username { get; }

    /// <summary>What Npgsql connects with; the password is in it.</summary>
    internal string ConnectionString => _text;

    /// <summary>Whether a text looks like a connection string, not like a folder.</summary>
    public static bool IsMeant(string text) => ConnectionStart().IsMatch(text);

    public override string ToString() => Name;

    /// <summary>
    /// Whether the same can be tried again with hope: the server was away, ends, begins or is full, or two writers were in each
    /// other's way.
    /// </summary>
    internal static bool MayPass(Exception e) => e switch
    {
        PostgresException p => p.SqlState is
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.TooManyConnections
            or IdleInTransaction or IdleSession
            || p.SqlState.StartsWith("08", StringComparison.Ordinal),
        NpgsqlException n => n.IsTransient || n.InnerException is IOException or SocketException or TimeoutException or ObjectDisposedException,
        IOException or SocketException or TimeoutException => true,
        _ => false,
    };

    /// <summary>The fault in words of what to do; null: it is none of the database's.</summary>
    internal Exception? Explain(Exception e) => e switch
    {
        PostgresException p => Explain(p),
        NpgsqlException n when n.Message.Contains("password", StringComparison.OrdinalIgnoreCase) => new BadInputException(
            $"The server of {Name} wants a password, and the connection string has none.", "Add 'Password=…', or set PGPASSWORD or PGPASSFILE."),
        NpgsqlException or SocketException or IOException or TimeoutException => new StoreAwayException(
            $"The server of {Name} does not answer at {Host}:{Port}: {Innermost(e)} Start PostgreSQL there, or correct Host and Port. What was committed is kept.", e),
        _ => null,
    };

    private static string Innermost(Exception e)
    {
        while (e.InnerException is { } inner)
            e = inner;
        return e.Message.EndsWith('.') ? e.Message : e.Message + ".";
    }

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,47}$")]
    private static partial Regex SchemaName();

    [GeneratedRegex(@"^\s*(\w[\w ]*=|postgres(ql)?://)", RegexOptions.IgnoreCase)]
    private static partial Regex ConnectionStart();

    private Exception Explain(PostgresException p) => p.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => new BadInputException(
            $"The server of {Name} refuses this user: {p.MessageText}.", "Check Username and Password, and the server's pg_hba.conf.", p),
        PostgresErrorCodes.InvalidCatalogName => new BadInputException(
            $"There is no database '{Database}' at {Host}:{Port}.", $"Make it there ('createdb {Database}'), or correct Database.", p),
        PostgresErrorCodes.InsufficientPrivilege => new BadInputException(
            $"The user of {Name} lacks a right: {p.MessageText}.",
            $"Let the database's owner say: GRANT CREATE ON DATABASE \"{Database}\" TO this user, or GRANT ALL on schema {Schema} and its tables, if another made them.",
            p),
        PostgresErrorCodes.ReadOnlySqlTransaction => new BadInputException(
            $"The server of {Name} only reads: it is a replica, or set so.", "Name the primary, e.g. with 'Target Session Attributes=primary'.", p),
        PostgresErrorCodes.TooManyConnections => new StoreAwayException(
            $"The server of {Name} takes no more connections: {p.MessageText}. Raise its max_connections, or give each process fewer ('Maximum Pool Size=10').", p),
        PostgresErrorCodes.DiskFull => new OutsideServiceException(
            $"The disk of {Name} is full: {p.MessageText}. What was committed before is kept; free space and resume.", p),
        _ when MayPass(p) => new StoreAwayException($"The server of {Name} does not answer: {p.MessageText} ({p.SqlState}). What was committed is kept.", p),
        _ => new OutsideServiceException($"{char.ToUpperInvariant(Name[0])}{Name[1..]} failed: {p.MessageText} ({p.SqlState}). What was committed before is kept.", p),
    };
}
