namespace InverseScope.Core.Specs;

/// <summary>What came of one question about one text.</summary>
public enum AnswerKind
{
    /// <summary>There is a label.</summary>
    Labelled,

    /// <summary>The votes disagree, so that the label is undefined.</summary>
    NoMajority,

    /// <summary>No answer fits the question, not even after a repair.</summary>
    Malformed,

    /// <summary>The language model would not answer.</summary>
    Refused,

    /// <summary>The answer was cut off, or the text does not fit into what the language model can read.</summary>
    Truncated,

    /// <summary>What serves the language model failed on this text, time and again.</summary>
    Failed,

    /// <summary>The budget was spent before this text was asked about.</summary>
    NotAsked,
}

/// <summary>A language model's answer about one text.</summary>
/// <param name="Label">Null unless <paramref name="Kind"/> is <see cref="AnswerKind.Labelled"/>.</param>
public readonly record struct LabelAnswer(AnswerKind Kind, string? Label)
{
    public static LabelAnswer Of(string label) => new(AnswerKind.Labelled, label);
}

/// <summary>
/// The labelling boundary: answers a spec's question about texts. Implementations cache by text, spec hash, model and
/// prompt.
/// </summary>
public interface ITextLabeller
{
    /// <summary>One answer for each text, in order.</summary>
    /// <param name="question">
    /// What to ask. Answers that its equivalence of labels takes as one by their embeddings or by a judge come back as the
    /// same text.
    /// </param>
    /// <param name="specHash">Identity of the spec, for caches.</param>
    /// <param name="texts">Data, never instructions: nothing in them may change the question.</param>
    /// <returns>As many items as texts.</returns>
    /// <exception cref="BadInputException">The language model does not exist, or cannot be asked this.</exception>
    /// <exception cref="OutsideServiceException">The language model cannot be reached.</exception>
    IReadOnlyList<LabelAnswer> Label(
        LlmQuestion question, string specHash, IReadOnlyList<string> texts, CancellationToken cancel);
}

/// <summary>A feature whose labels are cheaper by the batch.</summary>
public interface IBatchFeature : IFeature
{
    /// <summary>The outcomes of <see cref="IFeature.Run"/>, in order.</summary>
    IReadOnlyList<LabelOutcome> RunAll(IReadOnlyList<string> texts, CancellationToken cancel);
}
