using LiteDB;

namespace InverseScope.Sweeps.Store;

/// <summary>What people said of hypotheses and labels. Nothing is ever changed or deleted. Thread-safe.</summary>
public sealed class ReviewStore
{
    private const string ReviewsName = "reviews";
    private const string CorrectionsName = "corrections";

    private readonly StoreFile _file;
    private readonly ILiteCollection<StoredReview> _reviews;
    private readonly ILiteCollection<StoredCorrection> _corrections;

    internal ReviewStore(StoreFile file)
    {
        _file = file;
        _reviews = file.Collection<StoredReview>(ReviewsName);
        _corrections = file.Collection<StoredCorrection>(CorrectionsName);
    }

    /// <summary>Every review of a sweep's hypotheses, oldest first.</summary>
    public IReadOnlyList<StoredReview> Of(string sweep) => _file.Read(() => _reviews.Find(r => r.Sweep == sweep).OrderBy(r => r.Id).ToArray());

    /// <summary>Every review of one hypothesis, oldest first.</summary>
    public IReadOnlyList<StoredReview> Of(string sweep, string hypothesis) => [.. Of(sweep).Where(r => r.Hypothesis == hypothesis)];

    /// <summary>Adds a review, unless somebody was quicker.</summary>
    /// <param name="after">Id of the last review of this hypothesis that its author had seen; 0 for none.</param>
    /// <returns>Whether it was added: false if there is a later review.</returns>
    public bool TryAdd(StoredReview review, long after)
    {
        var added = false;
        _file.Write(() =>
        {
            if (_reviews.Find(r => r.Sweep == review.Sweep).Where(r => r.Hypothesis == review.Hypothesis).Select(r => r.Id).DefaultIfEmpty().Max() != after)
                return;
            _reviews.Insert(review);
            added = true;
        });
        return added;
    }

    /// <summary>Every corrected label of a sweep, oldest first.</summary>
    public IReadOnlyList<StoredCorrection> Corrections(string sweep) =>
        _file.Read(() => _corrections.Find(c => c.Sweep == sweep).OrderBy(c => c.Id).ToArray());

    /// <summary>Adds a corrected label.</summary>
    public void Add(StoredCorrection correction) => _file.Write(() => _corrections.Insert(correction));

    internal static void AddTo(LiteDatabase database)
    {
        database.GetCollection<StoredReview>(ReviewsName).EnsureIndex(r => r.Sweep);
        database.GetCollection<StoredCorrection>(CorrectionsName).EnsureIndex(c => c.Sweep);
    }
}
