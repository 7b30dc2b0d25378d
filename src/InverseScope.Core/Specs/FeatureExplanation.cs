using InverseScope.Core.Specs.Compilation;

namespace InverseScope.Core.Specs;

/// <summary>Says in English what a spec computes, for people who check what a hypothesis really claims.</summary>
public static class FeatureExplanation
{
    /// <returns>One sentence, ending with a full stop.</returns>
    public static string Of(FeatureSpec spec)
    {
        var condition = spec.Applies is null ? "" : $"Only on texts for which this is true ({English.Pipeline(spec.Applies)}): ";
        var sentence = spec switch
        {
            { Rule: { } rule } => $"from the text, {English.Pipeline(rule)}",
            { Script: { } script } => $"run a script of {Lines(script.Source.TrimEnd().Split('\n').Length)} on the text",
            { Llm: { } question } => $"ask {question.Model ?? "a language model"}{Votes(question)} {English.Quote(question.Instruction)}, "
                + Answers(question),
            _ => "nothing",
        };
        sentence = condition + sentence;
        return $"{char.ToUpperInvariant(sentence[0])}{sentence[1..]}.";
    }

    private static string Lines(int count) => count == 1 ? "one line" : $"{count} lines";

    private static string Votes(LlmQuestion question) => question.Votes == 1 ? "" : $" {question.Votes} times";

    private static string Answers(LlmQuestion question) => question.Equivalence switch
    {
        null => $"and take one of {English.And(question.Labels.Select(English.Quote))}",
        LabelEquivalence.Exact => "and take its answer as it is",
        LabelEquivalence.Normalised => "and take its answer without regard to case, punctuation, articles and spaces",
        LabelEquivalence.Embedding embedding =>
            $"and take answers as one whose embeddings are at least {English.Number(embedding.Threshold)} similar",
        LabelEquivalence.Judged => "and take answers as one that a language model judges to be the same",
        _ => throw new ArgumentOutOfRangeException(nameof(question)),
    };
}
