using InverseScope.Core.Specs;

namespace InverseScope.Agent.Labels;

/// <summary>Makes one answer of several about the same text.</summary>
internal static class LabelVotes
{
    /// <summary>
    /// The label of more than half of all votes. Where there is none, a vote that is missing and could have made the difference
    /// is the answer: a refusal or failure is never counted as disagreement.
    /// </summary>
    public static LabelAnswer Count(IReadOnlyList<LabelAnswer> votes)
    {
        if (votes.Count == 1)
            return votes[0];
        var most = votes.Where(v => v.Kind == AnswerKind.Labelled).CountBy(v => v.Label!).OrderByDescending(l => l.Value).FirstOrDefault();
        if (2 * most.Value > votes.Count)
            return LabelAnswer.Of(most.Key);
        var missing = votes.Where(v => v.Kind != AnswerKind.Labelled).ToList();
        return 2 * (most.Value + missing.Count) > votes.Count
            ? new LabelAnswer(missing.CountBy(v => v.Kind).OrderByDescending(k => k.Value).ThenBy(k => k.Key).First().Key, null)
            : new LabelAnswer(AnswerKind.NoMajority, null);
    }
}
