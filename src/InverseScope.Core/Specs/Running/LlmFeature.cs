namespace InverseScope.Core.Specs.Running;

/// <summary>A question to a language model as a feature.</summary>
internal sealed class LlmFeature(
    FeatureSpec spec, LlmQuestion question, CompiledPipeline? applies, ITextLabeller labeller, EvaluationPool evaluations)
    : CompiledFeature(spec, applies, evaluations), IBatchFeature
{
    public override string? Label(string text) => LabelAll([text], CancellationToken.None)[0];

    public IReadOnlyList<string?> LabelAll(IReadOnlyList<string> texts, CancellationToken cancel)
    {
        var asked = Enumerable.Range(0, texts.Count).Where(i => AppliesTo(texts[i])).ToArray();
        var labels = new string?[texts.Count];
        if (asked.Length == 0)
            return labels;
        var answers = labeller.Label(question, Hash, [.. asked.Select(i => texts[i])], cancel);
        for (var i = 0; i < asked.Length; i++)
        {
            var fits = answers[i] is { } answer && (question.Labels.Count == 0 || question.Labels.Contains(answer));
            if (fits)
                labels[asked[i]] = answers[i];
            else
                CountLimitBreak();
        }

        return labels;
    }
}
