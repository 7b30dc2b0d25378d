using System.Globalization;
using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Samples;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

/// <summary>A hypothesis that somebody may say something of.</summary>
/// <param name="QueuedBecause">Why it needs a person, a sentence each, as the report says; empty if nothing asks for one.</param>
/// <param name="History">Reviews, oldest first; the last one counts.</param>
public sealed record ReviewItem(
    string Sweep, SiteRecord Site, HypothesisRecord Hypothesis, IReadOnlyList<string> QueuedBecause, IReadOnlyList<StoredReview> History)
{
    /// <summary>The review that counts; null if there is none.</summary>
    public StoredReview? Last => History.Count == 0 ? null : History[^1];

    /// <summary>Id of the last review, 0 for none: who adds the next says that this is what they saw.</summary>
    public long Version => Last?.Id ?? 0;
}

/// <summary>Where a hypothesis stands with people. In the order of the queue.</summary>
public enum ReviewState
{
    /// <summary>Something asks for a person, and nobody has said anything, or its verdict is another one than the last reviewer saw.</summary>
    Waiting,

    /// <summary>Nothing asks for a person, and nobody has said anything.</summary>
    Unreviewed,

    /// <summary>Somebody has.</summary>
    Reviewed,
}

/// <summary>A page of the review queue.</summary>
/// <param name="Sweep">Of this sweep only; null: of all.</param>
/// <param name="State">Those that stand so only; null: all.</param>
/// <param name="Verdict">Those whose last review says so only; null: all.</param>
/// <param name="Page">From 1.</param>
/// <param name="Size">Hypotheses on a page, 1 to 500.</param>
public sealed record ReviewFilter(string? Sweep = null, ReviewState? State = null, ReviewVerdict? Verdict = null, int Page = 1, int Size = 50);

/// <param name="Total">Hypotheses that pass the filter, over all pages.</param>
/// <param name="Waiting">Of the sweep, or of all sweeps, whatever state and verdict were asked for; as the two after it.</param>
public sealed record ReviewQueue(IReadOnlyList<ReviewItem> Items, int Total, int Waiting, int Unreviewed, int Reviewed);

/// <summary>What people say of hypotheses and labels.</summary>
public sealed class ReviewDesk(Workspace workspace, ReportShelf reports)
{
    private const int LongestComment = 10_000;
    private const int LongestAuthor = 200;
    private const int LongestLabel = 1_000;
    private const int MostNamed = 30;

    /// <summary>All hypotheses of a sweep, those that wait for a person first.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public IReadOnlyList<ReviewItem> Of(string sweep) =>
        [.. Entries(sweep, workspace.Store.Reviews.Of(sweep)).OrderBy(e => e.State).Select(ItemOf).OfType<ReviewItem>()];

    /// <summary>Hypotheses of all sweeps: those that wait for a person, then those without a review, then the others; later sweeps first.</summary>
    /// <exception cref="BadInputException">There is no such sweep or page.</exception>
    public ReviewQueue Queue(ReviewFilter filter)
    {
        PageRule.Check(filter.Page, filter.Size);
        var sweeps = filter.Sweep is { } one ? [workspace.Store.Sweep(one).Id] : workspace.Store.Sweeps().Reverse().Select(s => s.Id).ToArray();
        var history = (filter.Sweep is null ? workspace.Store.Reviews.All() : workspace.Store.Reviews.Of(sweeps[0])).ToLookup(r => r.Sweep, StringComparer.Ordinal);
        var all = sweeps.SelectMany(s => filter.Sweep is null ? ReadableEntries(s, history[s]) : Entries(s, history[s])).ToArray();
        var passing = all
            .Where(e => (filter.State is null || e.State == filter.State) && (filter.Verdict is null || (e.History is [.., var last] && last.Verdict == filter.Verdict)))
            .OrderBy(e => e.State).ToArray();
        return new ReviewQueue(
            [.. PageRule.Of(passing, filter.Page, filter.Size).Select(ItemOf).OfType<ReviewItem>()], passing.Length,
            all.Count(e => e.State == ReviewState.Waiting), all.Count(e => e.State == ReviewState.Unreviewed), all.Count(e => e.State == ReviewState.Reviewed));
    }

    /// <exception cref="BadInputException">There is no such sweep or hypothesis.</exception>
    public ReviewItem Find(string sweep, string hypothesis)
    {
        var report = reports.Find(sweep);
        if (report?.Find(hypothesis) is not var (site, record))
        {
            throw new BadInputException(
                $"Sweep '{sweep}' has no hypothesis '{hypothesis}'.{NearestName.Hint(hypothesis, report is null ? [] : reports.Lines(sweep).Select(l => l.Id))}",
                report is null ? "It has no report yet: that is written when it ends or is stopped." : null);
        }

        var reasons = report.Document.Summary.NeedsAPerson.Where(a => a.Hypothesis == hypothesis).Select(a => a.Detail);
        var history = workspace.Store.Reviews.Of(sweep, hypothesis);
        return new ReviewItem(sweep, site, record, [.. reasons, .. ChangesSince(history, record.Verdict, record.Kappa)], history);
    }

    /// <summary>Adds a verdict.</summary>
    /// <param name="after">As in <see cref="ReviewItem.Version"/>.</param>
    /// <exception cref="BadInputException">There is no such hypothesis, or the author or comment cannot be kept.</exception>
    /// <exception cref="EditConflictException">There is a review that the author had not seen.</exception>
    public StoredReview Add(string sweep, string hypothesis, ReviewVerdict verdict, string author, string comment, long after)
    {
        var item = Find(sweep, hypothesis);
        CheckAuthor(author);
        CheckComment(comment);
        if (!Enum.IsDefined(verdict))
            throw new BadInputException($"There is no verdict '{verdict}'.");
        var review = new StoredReview
        {
            Sweep = sweep,
            Hypothesis = hypothesis,
            SpecHash = item.Hypothesis.SpecHash,
            Verdict = verdict,
            Author = author.Trim(),
            Comment = comment.Trim(),
            At = Timestamp.Of(workspace.Clock.GetUtcNow()),
            QueuedBecause = [.. item.QueuedBecause],
            VerdictSeen = item.Hypothesis.Verdict,
            KappaSeen = item.Hypothesis.Kappa,
        };
        return workspace.Store.Reviews.TryAdd(review, after)
            ? review
            : throw new EditConflictException("Somebody has reviewed this hypothesis since you opened it.");
    }

    /// <summary>
    /// Stores a label as a person would give it; a second number is made from it, the first one stays. The label that was measured, given
    /// again, confirms it.
    /// </summary>
    /// <param name="text">A reference or sample of the hypothesis's site.</param>
    /// <param name="label">Null: the feature is undefined on this text. Kept as the spec spells it.</param>
    /// <param name="isNew">Whether it may be a label that nothing has yet, where only a language model or embeddings can say what is the same.</param>
    /// <exception cref="BadInputException">There is no such hypothesis or text, or the label, author or comment cannot be kept.</exception>
    public StoredCorrection Correct(string sweep, string hypothesis, string text, string? label, string author, string comment, bool isNew = false)
    {
        var item = Find(sweep, hypothesis);
        CheckAuthor(author);
        CheckComment(comment);
        var given = label is null ? null : LabelAs(item, label, isNew);
        if (!IsShown(item, text))
            throw new BadInputException($"The text is neither a reference nor a sample of {item.Site.Site}.", "Give one as the samples show it, to the last space.");
        var correction = new StoredCorrection
        {
            Sweep = sweep,
            SpecHash = item.Hypothesis.SpecHash,
            Text = text,
            Label = given,
            Author = author.Trim(),
            Comment = comment.Trim(),
            At = Timestamp.Of(workspace.Clock.GetUtcNow()),
        };
        workspace.Store.Reviews.Add(correction);
        return correction;
    }

    /// <summary>Labels that people gave for a hypothesis's spec in its sweep, oldest first; of several for one text the last one counts.</summary>
    /// <exception cref="BadInputException">There is no such sweep or hypothesis.</exception>
    public IReadOnlyList<StoredCorrection> Corrections(string sweep, string hypothesis) =>
        workspace.Store.Reviews.Corrections(sweep, Find(sweep, hypothesis).Hypothesis.SpecHash);

    /// <summary>What a hypothesis measures with the labels that people gave, beside its first numbers; null if nobody gave any.</summary>
    /// <exception cref="BadInputException">There is no such sweep or hypothesis, or the file of its samples is damaged.</exception>
    public CorrectedRecord? SecondNumbers(string sweep, string hypothesis)
    {
        var item = Find(sweep, hypothesis);
        var corrections = workspace.Store.Reviews.Corrections(sweep, item.Hypothesis.SpecHash);
        return corrections.Count == 0 ? null : CorrectedNumbers.Of(reports.Samples(sweep, item.Site.Site), item.Hypothesis, corrections);
    }

    /// <summary>The report of a sweep with what people said of it by now; null if it has written none yet.</summary>
    /// <exception cref="BadInputException">There is no such sweep, or its report cannot be read.</exception>
    public ReportDocument? Reviewed(string sweep) =>
        reports.Find(sweep) is { } report ? ReportReviews.Apply(report.Document, workspace.Store.Reviews, workspace.Home) : null;

    /// <summary>Everything that people said of a sweep.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public ReviewExport Export(string sweep) => ReviewExport.Of(workspace.Store.Sweep(sweep).Id, workspace.Store.Reviews);

    private static void CheckAuthor(string author)
    {
        if (string.IsNullOrWhiteSpace(author) || author.Length > LongestAuthor || author.Any(char.IsControl))
            throw new BadInputException($"A review needs a name of at most {LongestAuthor} characters on one line.");
    }

    private static void CheckComment(string comment)
    {
        if (comment.Length > LongestComment)
            throw new BadInputException($"A comment has at most {LongestComment} characters; this one has {comment.Length}.");
    }

    // A person who means a label that there is must not make a new one by a slip.
    private string LabelAs(ReviewItem item, string given, bool isNew)
    {
        if (given.Length > LongestLabel)
            throw new BadInputException($"A label has at most {LongestLabel} characters; this one has {given.Length}.");
        var hypothesis = item.Hypothesis;
        var known = CorrectedNumbers.LabelsOf(reports.Samples(item.Sweep, item.Site.Site), hypothesis);
        var label = GivenLabels.AsKnown(hypothesis, known, given);
        if (hypothesis.Spec?["llm"]?["labels"] is JsonArray { Count: > 0 } allowed && allowed.Select(l => l!.ToString()).ToArray() is var names && !names.Contains(label))
            throw new BadInputException($"The spec has no label '{given}'.{NearestName.Hint(given, names)}", $"Its labels: {string.Join(", ", names)}.");
        if (GivenLabels.AreJudged(hypothesis) && !isNew && !known.Contains(label))
        {
            throw new BadInputException(
                $"No text of {item.Site.Site} has the label '{given}', and what it is the same as is not for its spelling to say.{NearestName.Hint(given, known)}",
                $"Give one of: {string.Join(", ", known.Take(MostNamed))}{(known.Count > MostNamed ? ", …" : "")}; or say that it is a new one (new_label).");
        }

        return label;
    }

    private bool IsShown(ReviewItem item, string text) => reports.Samples(item.Sweep, item.Site.Site) is { } kept
        ? kept.IdOf(text) is not null
        : item.Hypothesis.Samples.Any(e => e.Reference == text || e.Samples.Any(s => s.Text == text));

    private IEnumerable<Entry> Entries(string sweep, IEnumerable<StoredReview> history)
    {
        var said = history.ToLookup(r => r.Hypothesis, StringComparer.Ordinal);
        return reports.Lines(sweep).Select(line => new Entry(sweep, line, [.. said[line.Id]]));
    }

    // One damaged report must not hide the hypotheses of all other sweeps.
    private IEnumerable<Entry> ReadableEntries(string sweep, IEnumerable<StoredReview> history)
    {
        try
        {
            return [.. Entries(sweep, history)];
        }
        catch (BadInputException)
        {
            return [];
        }
    }

    private ReviewItem? ItemOf(Entry entry) => reports.Find(entry.Sweep)?.Find(entry.Line.Id) is var (site, hypothesis)
        ? new ReviewItem(entry.Sweep, site, hypothesis, [.. entry.Line.QueuedBecause, .. entry.Changes], entry.History)
        : null;

    // Verdicts of a sweep that runs are not final: at its end it corrects for all its hypotheses at once.
    private static IEnumerable<string> ChangesSince(IReadOnlyList<StoredReview> history, HypothesisVerdict verdict, double? kappa)
    {
        if (history is [.., { VerdictSeen: { } seen } last] && seen != verdict)
            yield return $"Its verdict has changed since it was reviewed: was {Told(seen, last.KappaSeen)}, is {Told(verdict, kappa)}.";
    }

    private static string Told(HypothesisVerdict verdict, double? kappa) => string.Create(
        CultureInfo.InvariantCulture, $"{verdict.ToString().ToLowerInvariant()}{(kappa is { } k ? $" at κ {k:0.000}" : "")}");

    private sealed record Entry(string Sweep, ReportLine Line, StoredReview[] History)
    {
        public IReadOnlyList<string> Changes { get; } = [.. ChangesSince(History, Line.Verdict, Line.Kappa)];

        public ReviewState State => Changes.Count > 0 ? ReviewState.Waiting
            : History.Length > 0 ? ReviewState.Reviewed
            : Line.QueuedBecause.Count > 0 ? ReviewState.Waiting
            : ReviewState.Unreviewed;
    }
}
