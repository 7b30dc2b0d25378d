using InverseScope.Core;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

/// <summary>A hypothesis that somebody may say something of.</summary>
/// <param name="QueuedBecause">Why it needs a person, a sentence each; empty if nothing asks for one.</param>
/// <param name="History">Reviews, oldest first; the last one counts.</param>
public sealed record ReviewItem(
    string Sweep, SiteRecord Site, HypothesisRecord Hypothesis, IReadOnlyList<string> QueuedBecause, IReadOnlyList<StoredReview> History)
{
    /// <summary>The review that counts; null if there is none.</summary>
    public StoredReview? Last => History.Count == 0 ? null : History[^1];

    /// <summary>Id of the last review, 0 for none: who adds the next says that this is what they saw.</summary>
    public long Version => Last?.Id ?? 0;
}

/// <summary>What people say of hypotheses and labels.</summary>
public sealed class ReviewDesk(Workspace workspace, ReportShelf reports)
{
    private const int LongestComment = 10_000;
    private const int LongestAuthor = 200;

    /// <summary>All hypotheses of a sweep, those that wait for a person first.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public IReadOnlyList<ReviewItem> Of(string sweep)
    {
        if (reports.Find(sweep)?.Document is not { } report)
            return [];
        var history = workspace.Store.Reviews.Of(sweep).ToLookup(r => r.Hypothesis, StringComparer.Ordinal);
        var questions = report.Summary.NeedsAPerson.Where(a => a.Hypothesis is not null).ToLookup(a => a.Hypothesis!, a => a.Detail, StringComparer.Ordinal);
        return [.. report.Sites
            .SelectMany(s => s.Hypotheses.Select(h => new ReviewItem(sweep, s, h, [.. questions[h.Id]], [.. history[h.Id]])))
            .OrderBy(i => i.QueuedBecause.Count > 0 && i.Last is null ? 0 : i.Last is null ? 1 : 2)];
    }

    /// <exception cref="BadInputException">There is no such sweep or hypothesis.</exception>
    public ReviewItem Find(string sweep, string hypothesis) =>
        Of(sweep).FirstOrDefault(i => i.Hypothesis.Id == hypothesis)
        ?? throw new BadInputException($"Sweep '{sweep}' has no hypothesis '{hypothesis}'.");

    /// <summary>Adds a verdict.</summary>
    /// <param name="after">As in <see cref="ReviewItem.Version"/>.</param>
    /// <exception cref="BadInputException">There is no such hypothesis, or the author or comment cannot be kept.</exception>
    /// <exception cref="EditConflictException">There is a review that the author had not seen.</exception>
    public StoredReview Add(string sweep, string hypothesis, ReviewVerdict verdict, string author, string comment, long after)
    {
        var item = Find(sweep, hypothesis);
        CheckAuthor(author);
        CheckComment(comment);
        var review = new StoredReview
        {
            Sweep = sweep,
            Hypothesis = hypothesis,
            SpecHash = item.Hypothesis.SpecHash,
            Verdict = verdict,
            Author = author.Trim(),
            Comment = comment.Trim(),
            At = Timestamp.Of(workspace.Clock.GetUtcNow()),
        };
        return workspace.Store.Reviews.TryAdd(review, after)
            ? review
            : throw new EditConflictException("Somebody has reviewed this hypothesis since you opened it.");
    }

    /// <summary>Stores a label as a person would give it; a second number is made from it, the first one stays.</summary>
    /// <param name="label">Null: the feature is undefined on this text.</param>
    /// <exception cref="BadInputException">There is no such hypothesis, or the author or comment cannot be kept.</exception>
    public StoredCorrection Correct(string sweep, string hypothesis, string text, string? label, string author, string comment)
    {
        var item = Find(sweep, hypothesis);
        CheckAuthor(author);
        CheckComment(comment);
        var correction = new StoredCorrection
        {
            Sweep = sweep,
            SpecHash = item.Hypothesis.SpecHash,
            Text = text,
            Label = label,
            Author = author.Trim(),
            Comment = comment.Trim(),
            At = Timestamp.Of(workspace.Clock.GetUtcNow()),
        };
        workspace.Store.Reviews.Add(correction);
        return correction;
    }

    private static void CheckAuthor(string author)
    {
        if (string.IsNullOrWhiteSpace(author) || author.Length > LongestAuthor)
            throw new BadInputException($"A review needs a name of at most {LongestAuthor} characters.");
    }

    private static void CheckComment(string comment)
    {
        if (comment.Length > LongestComment)
            throw new BadInputException($"A comment has at most {LongestComment} characters; this one has {comment.Length}.");
    }
}
