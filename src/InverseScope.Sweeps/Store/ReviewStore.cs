using InverseScope.Core;
using LiteDB;

namespace InverseScope.Sweeps.Store;

/// <summary>What people said of hypotheses and labels. Nothing is ever changed or deleted. Thread-safe.</summary>
public sealed class ReviewStore
{
    private const string ReviewsName = "reviews";
    private const string CorrectionsName = "corrections";

    private readonly StoreFile _file;
    private long _version;

    internal ReviewStore(StoreFile file) => _file = file;

    private ILiteCollection<StoredReview> ReviewRows => _file.Collection<StoredReview>(ReviewsName);

    private ILiteCollection<StoredCorrection> CorrectionRows => _file.Collection<StoredCorrection>(CorrectionsName);

    /// <summary>Grows with every review and every label that is added while the store is open, from 0.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>Every review of every sweep, oldest first.</summary>
    public IReadOnlyList<StoredReview> All() => _file.Read(() => ReviewRows.FindAll().OrderBy(r => r.Id).ToArray());

    /// <summary>Every review of a sweep's hypotheses, oldest first.</summary>
    public IReadOnlyList<StoredReview> Of(string sweep)
    {
        var key = KeyOf(sweep);
        return _file.Read(() => ReviewRows.Find(r => r.SweepKey == key).OrderBy(r => r.Id).ToArray());
    }

    /// <summary>Every review of one hypothesis, oldest first.</summary>
    public IReadOnlyList<StoredReview> Of(string sweep, string hypothesis) => _file.Read(() => Find(KeyOf(sweep, hypothesis)));

    /// <summary>Adds a review, unless somebody was quicker.</summary>
    /// <param name="review">Gets its id.</param>
    /// <param name="after">Id of the last review of this hypothesis that its author had seen; 0 for none.</param>
    /// <returns>Whether it was added: false if there is a later review.</returns>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public bool TryAdd(StoredReview review, long after)
    {
        (review.SweepKey, review.Key) = (KeyOf(review.Sweep), KeyOf(review.Sweep, review.Hypothesis));
        var added = false;
        // What is read within a write stays true until it ends.
        _file.Write(() =>
        {
            if ((Find(review.Key) is [.., var last] ? last.Id : 0) != after)
                return;
            ReviewRows.Insert(review);
            added = true;
        });
        if (added)
            Interlocked.Increment(ref _version);
        return added;
    }

    /// <summary>Every label that people gave in a sweep, oldest first.</summary>
    public IReadOnlyList<StoredCorrection> Corrections(string sweep)
    {
        var key = KeyOf(sweep);
        return _file.Read(() => CorrectionRows.Find(c => c.SweepKey == key).OrderBy(c => c.Id).ToArray());
    }

    /// <summary>Every label that people gave in a sweep for one spec, oldest first.</summary>
    public IReadOnlyList<StoredCorrection> Corrections(string sweep, string specHash)
    {
        var key = KeyOf(sweep, specHash);
        return _file.Read(() => CorrectionRows.Find(c => c.Key == key).OrderBy(c => c.Id).ToArray());
    }

    /// <summary>Adds a label that a person gave.</summary>
    /// <param name="correction">Gets its id.</param>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public void Add(StoredCorrection correction)
    {
        (correction.SweepKey, correction.Key) = (KeyOf(correction.Sweep), KeyOf(correction.Sweep, correction.SpecHash));
        _file.Write(() => CorrectionRows.Insert(correction));
        Interlocked.Increment(ref _version);
    }

    internal static void AddTo(LiteDatabase database)
    {
        var reviews = database.GetCollection<StoredReview>(ReviewsName);
        reviews.EnsureIndex(r => r.SweepKey);
        reviews.EnsureIndex(r => r.Key);
        var corrections = database.GetCollection<StoredCorrection>(CorrectionsName);
        corrections.EnsureIndex(c => c.SweepKey);
        corrections.EnsureIndex(c => c.Key);
    }

    // LiteDB compares texts without regard to case, and by the rules of a culture; hashes cannot be confused by that.
    private static string KeyOf(params ReadOnlySpan<string> parts) => ContentHash.Of(parts);

    private StoredReview[] Find(string key) => [.. ReviewRows.Find(r => r.Key == key).OrderBy(r => r.Id)];
}
