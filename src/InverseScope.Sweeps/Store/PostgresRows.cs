using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using InverseScope.Core;
using Npgsql;
using NpgsqlTypes;

namespace InverseScope.Sweeps.Store;

/// <summary>Rows on a server, over one connection; within a write, of the transaction that it has begun.</summary>
internal sealed class PostgresRows(NpgsqlConnection connection, PostgresAddress address) : IStoreWriter
{
    private static readonly ConcurrentDictionary<string, string> Columns = new(StringComparer.Ordinal);

    /// <summary>What was told, in order.</summary>
    public List<StoreNews> News { get; } = [];

    public T? Find<T>(StoreTable<T> table, object key)
        where T : class => Select(table, "WHERE id = $1", key) is [var row] ? row : null;

    public T? Keep<T>(StoreTable<T> table, object key)
        where T : class => Select(table, "WHERE id = $1 FOR SHARE", key) is [var row] ? row : null;

    public IReadOnlyList<T> FindAll<T>(StoreTable<T> table, IReadOnlyList<object> keys)
        where T : class => keys.Count == 0 ? [] : Select(table, "WHERE id = ANY($1) ORDER BY id", [ArrayOf(keys)]);

    public IReadOnlyList<T> All<T>(StoreTable<T> table)
        where T : class => Select(table, "ORDER BY id");

    public IReadOnlyList<string> Keys<T>(StoreTable<T> table)
        where T : class
    {
        using var command = Command($"SELECT id FROM {NameOf(table)} ORDER BY id");
        using var reader = command.ExecuteReader();
        var keys = new List<string>();
        while (reader.Read())
            keys.Add(PostgresText.Read(reader.GetString(0)));
        return keys;
    }

    public IReadOnlyList<T> With<T>(StoreTable<T> table, StoreIndex<T> index, object value)
        where T : class => Select(table, $"WHERE {ColumnOf(index)} = $1 ORDER BY id", value);

    public IReadOnlyList<long> NumbersWith<T>(StoreTable<T> table, StoreIndex<T> index, object value)
        where T : class
    {
        using var command = Command($"SELECT id FROM {NameOf(table)} WHERE {ColumnOf(index)} = $1 ORDER BY id", value);
        using var reader = command.ExecuteReader();
        var numbers = new List<long>();
        while (reader.Read())
            numbers.Add(reader.GetInt64(0));
        return numbers;
    }

    public IReadOnlyList<T> After<T>(StoreTable<T> table, StoreIndex<T> index, object value, long after)
        where T : class => Select(table, $"WHERE {ColumnOf(index)} = $1 AND id > $2 ORDER BY id", value, after);

    public IReadOnlyList<T> Between<T>(StoreTable<T> table, StoreIndex<T> index, long from, long to)
        where T : class => Select(table, $"WHERE {ColumnOf(index)} BETWEEN $1 AND $2 ORDER BY {ColumnOf(index)}", from, to);

    public T? LastBetween<T>(StoreTable<T> table, StoreIndex<T> index, long from, long to)
        where T : class =>
        Select(table, $"WHERE {ColumnOf(index)} BETWEEN $1 AND $2 ORDER BY {ColumnOf(index)} DESC LIMIT 1", from, to) is [var last] ? last : null;

    public void Insert<T>(StoreTable<T> table, T row)
        where T : class
    {
        var (columns, values) = Row(table, row);
        using var command = Command($"INSERT INTO {NameOf(table)} ({string.Join(", ", columns)}) VALUES ({Places(values.Count)}) RETURNING id", [.. values]);
        var id = command.ExecuteScalar()!;
        if (table.IsNumbered)
            table.Number(row, (long)id);
    }

    public void InsertAll<T>(StoreTable<T> table, IReadOnlyList<T> rows)
        where T : class
    {
        // Numbers are given in order of the rows.
        foreach (var chunk in rows.Chunk(2000))
        {
            var columns = Row(table, chunk[0]).Columns;
            var byColumn = chunk.Select(row => Row(table, row).Values).ToArray();
            using var command = Command($"""
                INSERT INTO {NameOf(table)} ({string.Join(", ", columns)})
                SELECT {string.Join(", ", columns)} FROM unnest({Places(columns.Count)}) WITH ORDINALITY AS given ({string.Join(", ", columns)}, nth) ORDER BY nth
                """);
            for (var c = 0; c < columns.Count; c++)
                command.Parameters.Add(ArrayOf([.. byColumn.Select(values => values[c])]));
            command.ExecuteNonQuery();
        }
    }

    public void Put<T>(StoreTable<T> table, T row)
        where T : class
    {
        var (columns, values) = Row(table, row);
        using var command = Command(
            $"INSERT INTO {NameOf(table)} ({string.Join(", ", columns)}) VALUES ({Places(values.Count)}) ON CONFLICT (id) DO UPDATE SET {string.Join(", ", columns.Skip(1).Select(c => $"{c} = excluded.{c}"))}",
            [.. values]);
        command.ExecuteNonQuery();
    }

    public void Tell(StoreNews news) => News.Add(news);

    /// <summary>The number of an advisory lock; other stores of the same database have others.</summary>
    public static long LockOf(string schema, string name) =>
        BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{schema}\0{name}")));

    private static string ColumnOf(StoreIndex index) => Columns.GetOrAdd(index.Member, JsonNamingPolicy.SnakeCaseLower.ConvertName);

    private static string Places(int count) => string.Join(", ", Enumerable.Range(1, count).Select(i => $"${i}"));

    private static (IReadOnlyList<string> Columns, IReadOnlyList<object> Values) Row<T>(StoreTable<T> table, T row)
        where T : class
    {
        List<string> columns = [.. table.Indexes.Select(ColumnOf), "body"];
        List<object> values = [.. table.Indexes.Select(i => i.Value(row)), new Body(RowJson.Write(row))];
        if (!table.IsNumbered)
        {
            columns.Insert(0, "id");
            values.Insert(0, table.KeyOf(row));
        }

        return (columns, values);
    }

    private static NpgsqlParameter Parameter(object value) => value switch
    {
        NpgsqlParameter made => made,
        Body body => new NpgsqlParameter { Value = body.Json, NpgsqlDbType = NpgsqlDbType.Json },
        string text => new NpgsqlParameter { Value = PostgresText.Write(text), NpgsqlDbType = NpgsqlDbType.Text },
        long or int => new NpgsqlParameter { Value = Convert.ToInt64(value, null), NpgsqlDbType = NpgsqlDbType.Bigint },
        byte[] => new NpgsqlParameter { Value = value, NpgsqlDbType = NpgsqlDbType.Bytea },
        _ => throw new ArgumentException($"No column has values of {value.GetType()}.", nameof(value)),
    };

    private static NpgsqlParameter ArrayOf(IReadOnlyList<object> values)
    {
        var each = values.Select(Parameter).ToArray();
        var type = each[0].NpgsqlDbType;
        Array array = type switch
        {
            NpgsqlDbType.Bigint => each.Select(p => (long)p.Value!).ToArray(),
            NpgsqlDbType.Bytea => each.Select(p => (byte[])p.Value!).ToArray(),
            _ => each.Select(p => (string)p.Value!).ToArray(),
        };
        return new NpgsqlParameter { Value = array, NpgsqlDbType = NpgsqlDbType.Array | type };
    }

    private string NameOf(StoreTable table) => $"{address.Schema}.{table.Name}";

    private List<T> Select<T>(StoreTable<T> table, string where, params object[] values)
        where T : class
    {
        using var command = Command($"SELECT {(table.IsNumbered ? "id, " : "")}body FROM {NameOf(table)} {where}", values);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            T row;
            var body = table.IsNumbered ? 1 : 0;
            try
            {
                row = RowJson.Read<T>(reader.GetString(body));
            }
            catch (JsonException e)
            {
                throw new BadInputException($"A row of '{table.Name}' in {address.Name} cannot be read: {e.Message}", "Restore the database from a backup, or use another.", e);
            }

            if (table.IsNumbered)
                table.Number(row, reader.GetInt64(0));
            rows.Add(row);
        }

        return rows;
    }

    private NpgsqlCommand Command(string sql, params object[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(Parameter(value));
        return command;
    }

    /// <summary>A row as JSON, unlike a text that is a key.</summary>
    private sealed record Body(string Json);
}

/// <summary>Texts of key columns: U+0000, which PostgreSQL cannot keep, by an escape.</summary>
internal static class PostgresText
{
    public static string Write(string text) =>
        text.AsSpan().ContainsAny('\0', '\\') ? text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\0", @"\0", StringComparison.Ordinal) : text;

    public static string Read(string stored) => !stored.Contains('\\', StringComparison.Ordinal)
        ? stored
        : stored.Replace(@"\\", "\\\u0001", StringComparison.Ordinal).Replace(@"\0", "\0", StringComparison.Ordinal).Replace("\\\u0001", "\\", StringComparison.Ordinal);
}
