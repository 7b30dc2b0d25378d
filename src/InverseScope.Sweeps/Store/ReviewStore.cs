using InverseScope.Core;

namespace InverseScope.Sweeps.Store;

/// <summary>What people said of hypotheses and labels. Nothing is ever changed or deleted. Thread-safe.</summary>
public sealed class ReviewStore
{
    private readonly IStoreDatabase _database;
    private long _version;

    internal ReviewStore(IStoreDatabase database)
    {
        _database = database;
        _database.Changed += news =>
        {
            if (news is null or { Kind: StoreNewsKind.Reviewed })
                Interlocked.Increment(ref _version);
        };
    }

    /// <summary>Grows with every review and every label that is added while the store is open, from 0; where others write too, soon after they did.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>Every review of every sweep, oldest first.</summary>
    public IReadOnlyList<StoredReview> All() => _database.Read(rows => rows.All(StoreTables.Reviews));

    /// <summary>Every review of a sweep's hypotheses, oldest first.</summary>
    public IReadOnlyList<StoredReview> Of(string sweep) =>
        _database.Read(rows => rows.With(StoreTables.Reviews, StoreTables.ReviewsBySweep, KeyOf(sweep)));

    /// <summary>Every review of one hypothesis, oldest first.</summary>
    public IReadOnlyList<StoredReview> Of(string sweep, string hypothesis) => _database.Read(rows => Find(rows, KeyOf(sweep, hypothesis)));

    /// <summary>Adds a review, unless somebody was quicker.</summary>
    /// <param name="review">Gets its id.</param>
    /// <param name="after">Id of the last review of this hypothesis that its author had seen; 0 for none.</param>
    /// <returns>Whether it was added: false if there is a later review.</returns>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public bool TryAdd(StoredReview review, long after)
    {
        (review.SweepKey, review.Key) = (KeyOf(review.Sweep), KeyOf(review.Sweep, review.Hypothesis));
        var added = false;
        _database.Write([$"review {review.Key}"], rows =>
        {
            added = (Find(rows, review.Key) is [.., var last] ? last.Id : 0) == after;
            if (!added)
                return;
            rows.Insert(StoreTables.Reviews, review);
            rows.Tell(new StoreNews(StoreNewsKind.Reviewed));
        });
        return added;
    }

    /// <summary>Every label that people gave in a sweep, oldest first.</summary>
    public IReadOnlyList<StoredCorrection> Corrections(string sweep) =>
        _database.Read(rows => rows.With(StoreTables.Corrections, StoreTables.CorrectionsBySweep, KeyOf(sweep)));

    /// <summary>Every label that people gave in a sweep for one spec, oldest first.</summary>
    public IReadOnlyList<StoredCorrection> Corrections(string sweep, string specHash) =>
        _database.Read(rows => rows.With(StoreTables.Corrections, StoreTables.CorrectionsByKey, KeyOf(sweep, specHash)));

    /// <summary>Adds a label that a person gave.</summary>
    /// <param name="correction">Gets its id.</param>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public void Add(StoredCorrection correction)
    {
        (correction.SweepKey, correction.Key) = (KeyOf(correction.Sweep), KeyOf(correction.Sweep, correction.SpecHash));
        _database.Write([$"correction {correction.Key}"], rows =>
        {
            rows.Insert(StoreTables.Corrections, correction);
            rows.Tell(new StoreNews(StoreNewsKind.Reviewed));
        });
    }

    // LiteDB compares texts without regard to case, and by the rules of a culture; hashes cannot be confused by that.
    private static string KeyOf(params ReadOnlySpan<string> parts) => ContentHash.Of(parts);

    private static IReadOnlyList<StoredReview> Find(IStoreReader rows, string key) => rows.With(StoreTables.Reviews, StoreTables.ReviewsByKey, key);
}
