using System.Globalization;
using InverseScope.Core;
using Npgsql;

namespace InverseScope.Service.Cluster;

/// <summary>
/// The tables that Orleans keeps its members, reminders and states of grains in, and the queries by which it reads and writes them. Orleans
/// finds queries by name in a table, and results by the names of columns.
/// </summary>
internal static class ClusterSchema
{
    /// <summary>Namespace in the database, shared with the store.</summary>
    public const string Namespace = "inversescope";

    /// <summary>Name of the cluster, by which Orleans tells clusters in one database apart.</summary>
    public const string Cluster = "inversescope";

    /// <summary>Version of the tables here. Raise it with a step in <see cref="Tables"/>.</summary>
    public const int Version = 1;

    // Any number that nothing else in the database locks.
    private const long LockNumber = 0x696E76_636C7573;

    // A member that Orleans has not heard of for so long is no member, whatever stands there.
    private static readonly TimeSpan AliveWithin = TimeSpan.FromMinutes(2);

    // Above what clocks on one network differ by, below what members judge each other by.
    private static readonly TimeSpan ClocksMayDiffer = TimeSpan.FromSeconds(10);

    private const string Key =
        "grainidhash = @GrainIdHash AND grainidn0 = @GrainIdN0 AND grainidn1 = @GrainIdN1 AND graintypehash = @GrainTypeHash AND graintypestring = @GrainTypeString "
        + "AND coalesce(grainidextensionstring, '') = coalesce(@GrainIdExtensionString::text, '') AND serviceid = @ServiceId";

    private const string Member = "deploymentid = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation";

    private const string MemberColumns = """
        SELECT v.deploymentid AS "DeploymentId", m.address AS "Address", m.port AS "Port", m.generation AS "Generation", m.siloname AS "SiloName", m.hostname AS "HostName",
            m.status AS "Status", m.proxyport AS "ProxyPort", m.suspecttimes AS "SuspectTimes", m.starttime AS "StartTime", m.iamalivetime AS "IAmAliveTime", v.version AS "Version"
        FROM orleansmembershipversiontable v LEFT JOIN orleansmembershiptable m ON m.deploymentid = v.deploymentid
        """;

    private const string ReminderColumns =
        """SELECT grainid AS "GrainId", remindername AS "ReminderName", starttime AS "StartTime", period AS "Period", version AS "Version" FROM orleansreminderstable WHERE serviceid = @ServiceId""";

    private static readonly string[] Tables =
    [
        """
        CREATE TABLE orleansquery (querykey text PRIMARY KEY, querytext text NOT NULL);
        CREATE TABLE orleansmembershipversiontable (
            deploymentid text PRIMARY KEY,
            timestamp timestamptz(3) NOT NULL DEFAULT now(),
            version integer NOT NULL DEFAULT 0);
        CREATE TABLE orleansmembershiptable (
            deploymentid text NOT NULL REFERENCES orleansmembershipversiontable,
            address text NOT NULL,
            port integer NOT NULL,
            generation integer NOT NULL,
            siloname text NOT NULL,
            hostname text NOT NULL,
            status integer NOT NULL,
            proxyport integer,
            suspecttimes text,
            starttime timestamptz(3) NOT NULL,
            iamalivetime timestamptz(3) NOT NULL,
            PRIMARY KEY (deploymentid, address, port, generation));
        CREATE TABLE orleansreminderstable (
            serviceid text NOT NULL,
            grainid text NOT NULL,
            remindername text NOT NULL,
            starttime timestamptz(3) NOT NULL,
            period bigint NOT NULL,
            grainhash integer NOT NULL,
            version integer NOT NULL,
            PRIMARY KEY (serviceid, grainid, remindername));
        CREATE TABLE orleansstorage (
            grainidhash integer NOT NULL,
            grainidn0 bigint NOT NULL,
            grainidn1 bigint NOT NULL,
            graintypehash integer NOT NULL,
            graintypestring text NOT NULL,
            grainidextensionstring text,
            serviceid text NOT NULL,
            payloadbinary bytea,
            modifiedon timestamptz NOT NULL,
            version integer NOT NULL);
        CREATE UNIQUE INDEX orleansstorage_key ON orleansstorage (
            grainidhash, graintypehash, grainidn0, grainidn1, graintypestring, coalesce(grainidextensionstring, ''), serviceid);
        """,
    ];

    private static readonly Dictionary<string, string> Queries = new(StringComparer.Ordinal)
    {
        ["UpdateIAmAlivetimeKey"] = $"UPDATE orleansmembershiptable SET iamalivetime = @IAmAliveTime WHERE {Member}",
        ["InsertMembershipVersionKey"] =
            "WITH added AS (INSERT INTO orleansmembershipversiontable (deploymentid) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*)::int FROM added",
        // Whoever changes a member raises the version that it has read; of two who read the same, the second changes nothing.
        ["InsertMembershipKey"] = $"""
            WITH raised AS (
                UPDATE orleansmembershipversiontable SET timestamp = now(), version = version + 1
                WHERE deploymentid = @DeploymentId AND version = @Version AND NOT EXISTS (SELECT 1 FROM orleansmembershiptable WHERE {Member}) RETURNING 1),
            added AS (
                INSERT INTO orleansmembershiptable (deploymentid, address, port, generation, siloname, hostname, status, proxyport, starttime, iamalivetime)
                SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM raised RETURNING 1)
            SELECT count(*)::int FROM added
            """,
        ["UpdateMembershipKey"] = $"""
            WITH raised AS (
                UPDATE orleansmembershipversiontable SET timestamp = now(), version = version + 1
                WHERE deploymentid = @DeploymentId AND version = @Version AND EXISTS (SELECT 1 FROM orleansmembershiptable WHERE {Member}) RETURNING 1),
            changed AS (
                UPDATE orleansmembershiptable SET status = @Status, suspecttimes = @SuspectTimes::text, iamalivetime = @IAmAliveTime FROM raised WHERE {Member} RETURNING 1)
            SELECT count(*)::int FROM changed
            """,
        ["MembershipReadRowKey"] = $"{MemberColumns} AND m.address = @Address AND m.port = @Port AND m.generation = @Generation WHERE v.deploymentid = @DeploymentId",
        ["MembershipReadAllKey"] = $"{MemberColumns} WHERE v.deploymentid = @DeploymentId",
        ["DeleteMembershipTableEntriesKey"] =
            "DELETE FROM orleansmembershiptable WHERE deploymentid = @DeploymentId; DELETE FROM orleansmembershipversiontable WHERE deploymentid = @DeploymentId",
        ["GatewaysQueryKey"] =
            """SELECT address AS "Address", proxyport AS "ProxyPort", generation AS "Generation" FROM orleansmembershiptable WHERE deploymentid = @DeploymentId AND status = @Status AND proxyport > 0""",
        ["CleanupDefunctSiloEntriesKey"] = "DELETE FROM orleansmembershiptable WHERE deploymentid = @DeploymentId AND iamalivetime < @IAmAliveTime AND status <> 3",
        ["UpsertReminderRowKey"] = """
            INSERT INTO orleansreminderstable AS r (serviceid, grainid, remindername, starttime, period, grainhash, version)
            VALUES (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period::bigint, @GrainHash, 0)
            ON CONFLICT (serviceid, grainid, remindername)
            DO UPDATE SET starttime = excluded.starttime, period = excluded.period, grainhash = excluded.grainhash, version = r.version + 1
            RETURNING r.version AS "Version"
            """,
        ["ReadReminderRowsKey"] = $"{ReminderColumns} AND grainid = @GrainId",
        ["ReadReminderRowKey"] = $"{ReminderColumns} AND grainid = @GrainId AND remindername = @ReminderName",
        ["ReadRangeRows1Key"] = $"{ReminderColumns} AND grainhash > @BeginHash AND grainhash <= @EndHash",
        ["ReadRangeRows2Key"] = $"{ReminderColumns} AND (grainhash > @BeginHash OR grainhash <= @EndHash)",
        ["DeleteReminderRowKey"] = """
            WITH gone AS (
                DELETE FROM orleansreminderstable WHERE serviceid = @ServiceId AND grainid = @GrainId AND remindername = @ReminderName AND version = @Version RETURNING 1)
            SELECT count(*)::int FROM gone
            """,
        ["DeleteReminderRowsKey"] = "DELETE FROM orleansreminderstable WHERE serviceid = @ServiceId",
        // The version that comes back is the one that was given where another activation has written meanwhile, which Orleans takes for a conflict.
        ["WriteToStorageKey"] = $"""
            WITH changed AS (
                UPDATE orleansstorage SET payloadbinary = @PayloadBinary, modifiedon = now(), version = version + 1
                WHERE {Key} AND version = @GrainStateVersion::int RETURNING version),
            added AS (
                INSERT INTO orleansstorage (grainidhash, grainidn0, grainidn1, graintypehash, graintypestring, grainidextensionstring, serviceid, payloadbinary, modifiedon, version)
                SELECT @GrainIdHash, @GrainIdN0, @GrainIdN1, @GrainTypeHash, @GrainTypeString, @GrainIdExtensionString::text, @ServiceId, @PayloadBinary, now(), 1
                WHERE @GrainStateVersion::int IS NULL ON CONFLICT DO NOTHING RETURNING version)
            SELECT coalesce((SELECT version FROM changed), (SELECT version FROM added), @GrainStateVersion::int) AS "NewGrainStateVersion"
            """,
        ["ReadFromStorageKey"] =
            $"""SELECT payloadbinary AS "PayloadBinary", NULL::xml AS "PayloadXml", NULL::text AS "PayloadJson", now() AT TIME ZONE 'utc', version AS "Version" FROM orleansstorage WHERE {Key}""",
        ["ClearStorageKey"] =
            $"""UPDATE orleansstorage SET payloadbinary = NULL, modifiedon = now(), version = version + 1 WHERE {Key} AND version = @GrainStateVersion::int RETURNING version AS "NewGrainStateVersion" """,
        ["DeleteStorageKey"] =
            $"""DELETE FROM orleansstorage WHERE {Key} AND version = @GrainStateVersion::int RETURNING version + 1 AS "NewGrainStateVersion" """,
    };

    /// <summary>Makes the database ready for a member of this version of the program, or says why it cannot be one.</summary>
    /// <param name="program">Version of the program; members of one cluster have the same.</param>
    /// <param name="homeMark">Of a service: the mark of its home, as in <see cref="ClusterHome.MarkOf"/>. Null for members that have none.</param>
    /// <exception cref="BadInputException">
    /// The connection string cannot be used, a newer program made the tables, members of another version or services in another home are there, or this machine's clock
    /// is wrong.
    /// </exception>
    /// <exception cref="OutsideServiceException">The database does not answer.</exception>
    public static void Prepare(ClusterSettings settings, string program, TimeProvider clock, Func<string?>? homeMark = null)
    {
        try
        {
            using var source = NpgsqlDataSource.Create(settings.Connection);
            using var connection = source.OpenConnection();
            CheckClock(settings, connection, clock);
            Apply(settings, connection, program, homeMark);
        }
        catch (Exception e) when (settings.Database.Explain(e) is { } told)
        {
            throw told;
        }
    }

    private static void Apply(ClusterSettings settings, NpgsqlConnection connection, string program, Func<string?>? homeMark)
    {
        using var transaction = connection.BeginTransaction();
        // Of many that start at the same time, one makes the tables.
        Execute(connection, $"SELECT pg_advisory_xact_lock({LockNumber})");
        Execute(connection, $"CREATE SCHEMA IF NOT EXISTS {Namespace}");
        Execute(connection, "CREATE TABLE IF NOT EXISTS cluster_version (single boolean PRIMARY KEY DEFAULT true CHECK (single), version integer NOT NULL)");
        var version = Scalar(connection, "SELECT version FROM cluster_version") as int? ?? 0;
        if (version > Version)
        {
            throw new BadInputException(
                $"The cluster's tables ({settings.Database.Place}) have version {version}; this program knows versions up to {Version}.", "Use the newer program that made them. Nothing was changed.");
        }

        // Nothing is changed under members of another version.
        if (version > 0)
            CheckMembers(settings, connection, program, homeMark);
        foreach (var step in Tables[version..])
            Execute(connection, step);
        if (version < Version)
            Execute(connection, $"INSERT INTO cluster_version (version) VALUES ({Version}) ON CONFLICT (single) DO UPDATE SET version = excluded.version");
        foreach (var (name, text) in Queries)
        {
            using var command = new NpgsqlCommand(
                "INSERT INTO orleansquery VALUES ($1, $2) ON CONFLICT (querykey) DO UPDATE SET querytext = excluded.querytext WHERE orleansquery.querytext <> excluded.querytext", connection)
            {
                Parameters = { new() { Value = name }, new() { Value = text } },
            };
            command.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    // Members judge by times that others wrote whether those live.
    private static void CheckClock(ClusterSettings settings, NpgsqlConnection connection, TimeProvider clock)
    {
        var there = new DateTimeOffset((DateTime)Scalar(connection, "SELECT clock_timestamp()")!);
        var ahead = clock.GetUtcNow() - there;
        if (ahead.Duration() > ClocksMayDiffer)
        {
            throw new BadInputException(
                string.Create(CultureInfo.InvariantCulture, $"The clock of this machine is {ahead.Duration():d\\.hh\\:mm\\:ss} {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} that of the database ({settings.Database.Place})."),
                "Set the clocks (NTP): members of a cluster judge by them whether others live.");
        }
    }

    private static void CheckMembers(ClusterSettings settings, NpgsqlConnection connection, string program, Func<string?>? homeMark)
    {
        using var command = new NpgsqlCommand(
            "SELECT DISTINCT siloname FROM orleansmembershiptable WHERE deploymentid = $1 AND status IN (1, 2, 3) AND iamalivetime > clock_timestamp() - $2", connection)
        {
            Parameters = { new() { Value = Cluster }, new() { Value = AliveWithin } },
        };
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var other = MemberName.Read(reader.GetString(0));
            if (other?.Version != program)
            {
                throw new BadInputException(
                    $"The cluster of {settings.Database.Place} runs version {other?.Version} of the program; this is {program}.", "Start the same version everywhere: stop the others first, or use theirs.");
            }

            if (homeMark is not null && other is { Role: MemberName.Service, Home.Length: > 0 } && other.Home != homeMark())
            {
                throw new BadInputException(
                    $"The service of {settings.Database.Place} on {other.Host} (process {other.Process}) works in another home than this one: reports and samples of one would be missing in the other.",
                    $"Give all services of a cluster one --home, on a disk that they share. If that service is gone, wait {AliveWithin.TotalMinutes:0} minutes.");
            }
        }
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    private static object? Scalar(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        return command.ExecuteScalar();
    }
}
