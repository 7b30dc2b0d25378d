using System.Globalization;
using InverseScope.Testing;

namespace InverseScope.Benchmarks;

/// <summary>What a database did since it was made.</summary>
/// <param name="Transactions">That were committed.</param>
/// <param name="Inserted">Rows.</param>
/// <param name="Updated">Rows.</param>
/// <param name="Deleted">Rows.</param>
/// <param name="Read">Rows that were looked up by an index or in a scan.</param>
/// <param name="LogBytes">Written to the log that it recovers from, of all databases of the server.</param>
/// <param name="Connections">That are open now.</param>
internal sealed record DatabaseCounts(long Transactions, long Inserted, long Updated, long Deleted, long Read, long LogBytes, long Connections)
{
    public static DatabaseCounts operator -(DatabaseCounts now, DatabaseCounts before) => new(
        now.Transactions - before.Transactions, now.Inserted - before.Inserted, now.Updated - before.Updated, now.Deleted - before.Deleted, now.Read - before.Read,
        now.LogBytes - before.LogBytes, now.Connections);

    /// <summary>As its statistics have it, which are a second behind.</summary>
    public static DatabaseCounts Of(PostgresServer server, string database)
    {
        var numbers = server.Sql(database, """
            SELECT xact_commit, tup_inserted, tup_updated, tup_deleted, tup_fetched, (pg_current_wal_insert_lsn() - '0/0')::bigint,
                (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid())
            FROM pg_stat_database WHERE datname = current_database()
            """).Split('|').Select(n => long.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        return new DatabaseCounts(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6]);
    }
}
