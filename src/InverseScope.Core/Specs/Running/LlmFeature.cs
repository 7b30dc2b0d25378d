namespace InverseScope.Core.Specs.Running;

/// <summary>A question to a language model as a feature.</summary>
internal sealed class LlmFeature(
    FeatureSpec spec, LlmQuestion question, CompiledPipeline? applies, ITextLabeller labeller, EvaluationPool evaluations)
    : CompiledFeature(spec, applies, evaluations), IBatchFeature
{
    public override LabelOutcome Run(string text) => RunAll([text], CancellationToken.None)[0];

    public override IReadOnlyList<LabelOutcome> RunAll(IReadOnlyList<string> texts, CancellationToken cancel)
    {
        var outcomes = new LabelOutcome[texts.Count];
        var asked = new List<int>();
        for (var i = 0; i < texts.Count; i++)
        {
            if (AppliesTo(texts[i], out var failure))
                asked.Add(i);
            else
                outcomes[i] = new LabelOutcome(null, failure);
        }

        if (asked.Count == 0)
            return outcomes;
        var answers = labeller.Label(question, Hash, [.. asked.Select(i => texts[i])], cancel);
        if (answers.Count != asked.Count)
            throw new InvalidOperationException($"The labeller gave {answers.Count} answers for {asked.Count} texts.");
        foreach (var (i, answer) in asked.Zip(answers))
        {
            outcomes[i] = Judge(answer);
            if (outcomes[i].Failure is not null)
                CountLimitBreak();
        }

        return outcomes;
    }

    private LabelOutcome Judge(LabelAnswer answer) => answer switch
    {
        { Kind: AnswerKind.NoMajority } => default,
        { Kind: AnswerKind.Refused } => new LabelOutcome(null, "the language model would not answer"),
        { Kind: AnswerKind.Truncated } => new LabelOutcome(null, "the answer of the language model was cut off"),
        { Kind: AnswerKind.Failed } => new LabelOutcome(null, "what serves the language model failed"),
        { Kind: AnswerKind.NotAsked } => new LabelOutcome(null, "the budget was spent before the language model was asked"),
        { Kind: AnswerKind.Labelled, Label: { } label } when Fit(label) is { } fitting => new LabelOutcome(fitting, null),
        _ => new LabelOutcome(null, "the language model gave no answer that fits the question"),
    };

    // A closed set holds whatever the labeller says; null where the answer is none of its labels.
    private string? Fit(string label) => question.Equivalence switch
    {
        null => question.Labels.Contains(label) ? label : null,
        LabelEquivalence.Normalised => LabelEquivalence.Normalised.Of(label),
        _ => label.Length > 0 ? label : null,
    };
}
