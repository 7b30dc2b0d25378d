using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Statistics;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>What the target answers without a patch. Null where its scores are not finite.</summary>
/// <param name="Target">Whether it is right on the target text.</param>
/// <param name="Source">On the source.</param>
/// <param name="SameTask">On the control's donor.</param>
public sealed record UnpatchedAnswers(bool? Target, bool? Source, bool? SameTask)
{
    /// <summary>Whether the pair is patched: of answers that were wrong before, a patch tells nothing.</summary>
    public bool AreUsed => Target == true && Source == true;
}

/// <summary>
/// Whether a site carries which operation a text asks for (Hendel, Geva and Globerson 2023; InverseScope, section 4.2): its
/// activation in the run of a target text is replaced by that of a source text, the model goes on greedily, and the answer tells
/// what moved. A pair is one trial. No two have one target; where two have one donor, intervals do not take them for independent.
/// </summary>
internal sealed class TaskVectorExperiment(IInversionBackend backend, IReadOnlyList<TaskVectorPair> pairs)
{
    private const double Confidence = 0.95;

    /// <param name="site">Any: nothing is patched.</param>
    /// <returns>One for each pair.</returns>
    public IReadOnlyList<UnpatchedAnswers> Unpatched(Site site, CancellationToken cancel)
    {
        (string Text, string Answer)[] asked =
        [
            .. pairs.SelectMany(p => new[] { (p.Target, p.OwnAnswer), (p.Source, p.SourceAnswer), (p.SameTask, p.SameTaskAnswer) }).Distinct(),
        ];
        var written = backend.Continue(site, [.. asked.Select(a => new ContinuationRequest(a.Text, null, AnswerMatch.CharactersFor(a.Answer)))], cancel);
        var right = asked.Zip(written).ToDictionary(a => a.First, a => a.Second is null ? (bool?)null : AnswerMatch.Of(a.Second, a.First.Answer) is not null);
        return [.. pairs.Select(p => new UnpatchedAnswers(right[(p.Target, p.OwnAnswer)], right[(p.Source, p.SourceAnswer)], right[(p.SameTask, p.SameTaskAnswer)]))];
    }

    /// <param name="unpatched">As <see cref="Unpatched"/> gave it.</param>
    public TaskVectorSiteRecord Measure(Site site, IReadOnlyList<UnpatchedAnswers> unpatched, CancellationToken cancel)
    {
        var used = pairs.Zip(unpatched).Where(p => p.Second.AreUsed).ToArray();
        TaskVectorPair[] patched = [.. used.Select(p => p.First)];
        TaskVectorPair[] controls = [.. used.Where(p => p.Second.SameTask == true).Select(p => p.First)];
        var written = backend.Continue(
            site,
            [
                .. patched.Select(p => new ContinuationRequest(p.Target, p.Source, Characters(p.OwnAnswer, p.MovedAnswer, p.SourceAnswer))),
                .. controls.Select(p => new ContinuationRequest(p.Target, p.SameTask, Characters(p.OwnAnswer, p.MovedAnswer, p.SameTaskAnswer))),
            ],
            cancel);
        var moved = Answers(patched, written.Take(patched.Length), p => (p.Source, p.SourceAnswer));
        var same = Answers(controls, written.Skip(patched.Length), p => (p.SameTask, p.SameTaskAnswer));
        return TaskVectorSiteRecord.Of(site, SiteStatus.Done) with
        {
            Success = Rate(moved, Given.Moved),
            SourceAnswer = Rate(moved, Given.Donors),
            Kept = Rate(moved, Given.Own),
            Other = Rate(moved, Given.None),
            SameTaskSuccess = Rate(same, Given.Moved),
            SameTaskAnswer = Rate(same, Given.Donors),
            SameTaskKept = Rate(same, Given.Own),
            NotMeasured = patched.Length - moved.Length,
            SameTaskNotMeasured = controls.Length - same.Length,
        };
    }

    /// <summary>A share of trials with Wilson's interval.</summary>
    /// <param name="trials">Whether each was one, and the text that it may share with others.</param>
    /// <returns>Null if there was no trial.</returns>
    public static RateRecord? Rate(IReadOnlyCollection<(bool Is, string Text)> trials)
    {
        if (trials.Count == 0)
            return null;
        // At worst what shares a text is one trial: the interval is that of Kish's effective number with correlation 1.
        var perText = trials.GroupBy(t => t.Text, StringComparer.Ordinal).Sum(g => (double)g.Count() * g.Count()) / trials.Count;
        var count = trials.Count(t => t.Is);
        return new RateRecord
        {
            Rate = (double)count / trials.Count,
            Ci = ReportInterval.Of(Proportion.WilsonClustered(count, trials.Count, perText, 1, Confidence))!.Value,
            Count = count,
            Of = trials.Count,
            Independent = trials.Count / perText,
        };
    }

    private static RateRecord? Rate((string Text, Given Answer)[] trials, Given wanted) => Rate([.. trials.Select(t => (t.Answer == wanted, t.Text))]);

    // What was not measured is no trial.
    private static (string Text, Given Answer)[] Answers(
        TaskVectorPair[] of, IEnumerable<string?> written, Func<TaskVectorPair, (string Text, string Answer)> donor) =>
    [
        .. of.Zip(written).Where(p => p.Second is not null).Select(p => (
            donor(p.First).Text,
            AnswerMatch.Of(p.Second!, p.First.OwnAnswer, p.First.MovedAnswer, donor(p.First).Answer) switch
            {
                0 => Given.Own,
                1 => Given.Moved,
                2 => Given.Donors,
                _ => Given.None,
            })),
    ];

    private static int Characters(params ReadOnlySpan<string> answers)
    {
        var most = 0;
        foreach (var answer in answers)
            most = Math.Max(most, AnswerMatch.CharactersFor(answer));
        return most;
    }

    /// <summary>What a patched run answers.</summary>
    private enum Given
    {
        None,

        /// <summary>The target's own answer.</summary>
        Own,

        /// <summary>The source's operation on the target's query.</summary>
        Moved,

        /// <summary>The answer of the text that gave its activation.</summary>
        Donors,
    }
}
