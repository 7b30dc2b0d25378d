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
/// what moved. The unit is the pair: each is one source, one target and one trial.
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
        var moved = Answers(patched, written.Take(patched.Length), p => p.SourceAnswer);
        var same = Answers(controls, written.Skip(patched.Length), p => p.SameTaskAnswer);
        return TaskVectorSiteRecord.Of(site, SiteStatus.Done) with
        {
            Success = Rate(moved, Given.Moved),
            SourceAnswer = Rate(moved, Given.Donors),
            Kept = Rate(moved, Given.Own),
            Other = Rate(moved, Given.None),
            SameTaskSuccess = Rate(same, Given.Moved),
            SameTaskAnswer = Rate(same, Given.Donors),
            SameTaskKept = Rate(same, Given.Own),
        };
    }

    /// <summary>Wilson's interval; the pairs are drawn independently.</summary>
    /// <returns>Null if there was no trial.</returns>
    public static RateRecord? Rate(int count, int of) => of == 0
        ? null
        : new RateRecord { Rate = (double)count / of, Ci = ReportInterval.Of(Proportion.Wilson(count, of, Confidence))!.Value, Count = count, Of = of };

    private static RateRecord? Rate(IReadOnlyCollection<Given> answers, Given wanted) => Rate(answers.Count(a => a == wanted), answers.Count);

    // What was not measured is no trial.
    private static Given[] Answers(TaskVectorPair[] of, IEnumerable<string?> written, Func<TaskVectorPair, string> donors) =>
    [
        .. of.Zip(written).Where(p => p.Second is not null).Select(p => AnswerMatch.Of(p.Second!, p.First.OwnAnswer, p.First.MovedAnswer, donors(p.First)) switch
        {
            0 => Given.Own,
            1 => Given.Moved,
            2 => Given.Donors,
            _ => Given.None,
        }),
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
