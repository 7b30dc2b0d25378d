using LiteDB;

namespace InverseScope.Sweeps.Store;

/// <summary>Rows of a file; within a write, of the transaction that the thread has begun.</summary>
internal sealed class LiteRows(StoreFile file) : IStoreWriter
{
    private const string Key = "$._id";

    /// <summary>What was told, in order.</summary>
    public List<StoreNews> News { get; } = [];

    public T? Find<T>(StoreTable<T> table, object key)
        where T : class => Rows(table).FindById(new BsonValue(key));

    public T? Keep<T>(StoreTable<T> table, object key)
        where T : class => Find(table, key);

    public IReadOnlyList<T> FindAll<T>(StoreTable<T> table, IReadOnlyList<object> keys)
        where T : class => InOrder(table, keys.Select(key => Find(table, key)).OfType<T>());

    public IReadOnlyList<T> All<T>(StoreTable<T> table)
        where T : class => InOrder(table, Rows(table).FindAll());

    public IReadOnlyList<string> Keys<T>(StoreTable<T> table)
        where T : class => [.. Values(Rows(table).Query().Select(Key)).Select(v => v.AsString)];

    public IReadOnlyList<T> With<T>(StoreTable<T> table, StoreIndex<T> index, object value)
        where T : class => InOrder(table, Rows(table).Find(Is(index, value)));

    // An index gives those of one value in no order.
    public IReadOnlyList<long> NumbersWith<T>(StoreTable<T> table, StoreIndex<T> index, object value)
        where T : class => [.. Values(Rows(table).Query().Where(Is(index, value)).Select(Key)).Select(v => v.AsInt64).Order()];

    // By the key, where few are newer: LiteDB would take the other index, and read every row of the value.
    public IReadOnlyList<T> After<T>(StoreTable<T> table, StoreIndex<T> index, object value, long after)
        where T : class => after == 0
            ? With(table, index, value)
            : InOrder(table, Rows(table).Find(Query.GT("_id", after)).Where(row => index.Value(row).Equals(value)));

    public IReadOnlyList<T> Between<T>(StoreTable<T> table, StoreIndex<T> index, long from, long to)
        where T : class => Range(table, index, from, to).OrderBy(Member(index)).ToArray();

    public T? LastBetween<T>(StoreTable<T> table, StoreIndex<T> index, long from, long to)
        where T : class => Range(table, index, from, to).OrderByDescending(Member(index)).Limit(1).ToArray() is [var last] ? last : null;

    public void Insert<T>(StoreTable<T> table, T row)
        where T : class => Rows(table).Insert(row);

    public void InsertAll<T>(StoreTable<T> table, IReadOnlyList<T> rows)
        where T : class => Rows(table).InsertBulk(rows);

    public void Put<T>(StoreTable<T> table, T row)
        where T : class => Rows(table).Upsert(row);

    public void Tell(StoreNews news) => News.Add(news);

    /// <summary>Makes what is not there yet: each finds what an earlier version, or a migration that was cut off, made already.</summary>
    public static void AddTo(LiteDatabase database)
    {
        foreach (var table in StoreTables.All)
        {
            foreach (var index in table.Indexes)
                database.GetCollection(table.Name).EnsureIndex(Member(index), index.IsUnique);
        }
    }

    private static BsonExpression Member(StoreIndex index) => BsonExpression.Create("$." + index.Member);

    private static BsonExpression Is(StoreIndex index, object value) => Query.EQ(index.Member, new BsonValue(value));

    private static IEnumerable<BsonValue> Values(ILiteQueryableResult<BsonDocument> keys) => keys.ToEnumerable().Select(d => d.Values.Single());

    private static T[] InOrder<T>(StoreTable<T> table, IEnumerable<T> rows)
        where T : class => table.IsNumbered ? [.. rows.OrderBy(table.KeyOf)] : [.. rows];

    private ILiteCollection<T> Rows<T>(StoreTable<T> table)
        where T : class => file.Collection<T>(table.Name);

    private ILiteQueryable<T> Range<T>(StoreTable<T> table, StoreIndex<T> index, long from, long to)
        where T : class => Rows(table).Query().Where(Query.Between(index.Member, from, to));
}
