namespace InverseScope.Sweeps.Store;

/// <summary>Rows of one kind, each found by its key, and together by what they have in common.</summary>
/// <param name="name">As the database calls it.</param>
internal abstract class StoreTable(string name)
{
    public string Name { get; } = name;

    /// <summary>What rows are found by beside their key.</summary>
    public abstract IReadOnlyList<StoreIndex> Indexes { get; }
}

/// <param name="key">A text, a number or bytes; where the store numbers rows, the number.</param>
/// <param name="number">Sets the number that the store gave; null: rows come with their key.</param>
internal sealed class StoreTable<T>(string name, Func<T, object> key, Action<T, long>? number = null, params StoreIndex<T>[] indexes) : StoreTable(name)
    where T : class
{
    public override IReadOnlyList<StoreIndex<T>> Indexes { get; } = indexes;

    /// <summary>Whether the store numbers rows as they are added, from 1; what is added under one lock later has a higher number.</summary>
    public bool IsNumbered => number is not null;

    public object KeyOf(T row) => key(row);

    public void Number(T row, long given) => number?.Invoke(row, given);
}

/// <summary>What rows can be found by: a text or a number.</summary>
/// <param name="Member">The row's member.</param>
internal abstract record StoreIndex(string Member, bool IsUnique);

/// <inheritdoc/>
internal sealed record StoreIndex<T>(string Member, Func<T, object> Value, bool IsUnique = false) : StoreIndex(Member, IsUnique);
