using InverseScope.Core;
using Npgsql;

namespace InverseScope.Sweeps.Store;

/// <summary>
/// What is in the database: of each table the members that rows are found by, beside the row as JSON. The type is <c>json</c>, since texts
/// may have U+0000 in them, which <c>jsonb</c> and <c>text</c> cannot keep.
/// </summary>
internal static class PostgresSchema
{
    /// <summary>From version n to n + 1, each applied once; what was released is never changed, only added to.</summary>
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE sweeps (id text COLLATE "C" PRIMARY KEY, name text COLLATE "C" NOT NULL, body json NOT NULL);
        CREATE INDEX ON sweeps (name);
        CREATE TABLE steps (id text COLLATE "C" PRIMARY KEY, sweep text COLLATE "C" NOT NULL, body json NOT NULL);
        CREATE INDEX ON steps (sweep);
        CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sweep text COLLATE "C" NOT NULL, body json NOT NULL);
        CREATE INDEX ON log (sweep, id);
        CREATE TABLE calls (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            sweep text COLLATE "C" NOT NULL,
            conversation text COLLATE "C" NOT NULL,
            request_hash text COLLATE "C" NOT NULL,
            body json NOT NULL);
        CREATE INDEX ON calls (sweep, id);
        CREATE INDEX ON calls (conversation, id);
        CREATE INDEX ON calls (request_hash, id);
        CREATE TABLE call_texts (id bigint PRIMARY KEY, body json NOT NULL);
        CREATE TABLE labels (id bytea PRIMARY KEY, place bigint NOT NULL UNIQUE, body json NOT NULL);
        CREATE TABLE label_scopes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, spec_hash text COLLATE "C" NOT NULL, body json NOT NULL);
        CREATE INDEX ON label_scopes (spec_hash);
        CREATE TABLE reviews (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            sweep_key text COLLATE "C" NOT NULL,
            key text COLLATE "C" NOT NULL,
            body json NOT NULL);
        CREATE INDEX ON reviews (sweep_key, id);
        CREATE INDEX ON reviews (key, id);
        CREATE TABLE corrections (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            sweep_key text COLLATE "C" NOT NULL,
            key text COLLATE "C" NOT NULL,
            body json NOT NULL);
        CREATE INDEX ON corrections (sweep_key, id);
        CREATE INDEX ON corrections (key, id);
        CREATE TABLE tokens (id text COLLATE "C" PRIMARY KEY, body json NOT NULL);
        CREATE TABLE writes (
            process uuid NOT NULL,
            slot int NOT NULL,
            number bigint NOT NULL,
            at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (process, slot));
        """,
    ];

    /// <summary>The version that this program reads and writes.</summary>
    public static int Version => Migrations.Length;

    /// <summary>Brings the database to <see cref="Version"/>; of several processes that do so at once, one does it.</summary>
    /// <exception cref="BadInputException">It is newer, or cannot keep what there is to keep.</exception>
    public static void Migrate(NpgsqlConnection connection, PostgresAddress address)
    {
        if (connection.PostgreSqlVersion.Major < 13)
            throw new BadInputException($"The server of {address.Name} is PostgreSQL {connection.PostgreSqlVersion}.", "Use version 13 or later.");
        if (Text(connection, "SHOW server_encoding") is var encoding and not "UTF8")
        {
            throw new BadInputException(
                $"The database of {address.Name} keeps texts as {encoding}, which has not all characters.", "Make one with 'createdb --encoding=UTF8 --template=template0'.");
        }

        if (Known(connection, address) == Version)
            return;
        using var transaction = connection.BeginTransaction();
        using (var alone = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1)", connection) { Parameters = { new() { Value = PostgresRows.LockOf(address.Schema, "schema") } } })
            alone.ExecuteNonQuery();
        var version = Known(connection, address);
        if (version > Version)
        {
            throw new BadInputException(
                $"{char.ToUpperInvariant(address.Name[0])}{address.Name[1..]} has version {version}; this program knows versions up to {Version}.",
                "Use the newer program that made it, or another database. Nothing was changed.");
        }

        for (; version < Version; version++)
        {
            // Where it is there, making it only if it is not takes a right that its user need not have.
            if (Text(connection, $"SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname = '{address.Schema}'") is null)
                Run(connection, $"CREATE SCHEMA {address.Schema}");
            Run(connection, $"SET LOCAL search_path TO {address.Schema}");
            if (version == 0)
                Run(connection, "CREATE TABLE schema_version (version int NOT NULL); INSERT INTO schema_version VALUES (0)");
            Run(connection, Migrations[version]);
            Run(connection, $"UPDATE schema_version SET version = {version + 1}");
        }

        transaction.Commit();
    }

    // 0: there is nothing yet.
    private static int Known(NpgsqlConnection connection, PostgresAddress address)
    {
        // By its tables: what functions as to_regclass know may be older than the lock.
        if (Text(connection, $"SELECT tablename::text FROM pg_catalog.pg_tables WHERE schemaname = '{address.Schema}' AND tablename = 'schema_version'") is null)
            return 0;
        using var command = new NpgsqlCommand($"SELECT version FROM {address.Schema}.schema_version", connection);
        return (int)command.ExecuteScalar()!;
    }

    private static string? Text(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        return command.ExecuteScalar() as string;
    }

    private static void Run(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
