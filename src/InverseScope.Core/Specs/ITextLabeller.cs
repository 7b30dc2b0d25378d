namespace InverseScope.Core.Specs;

/// <summary>
/// The labelling boundary: answers a spec's question about texts. Implementations cache by text, spec hash, model and
/// prompt.
/// </summary>
public interface ITextLabeller
{
    /// <summary>One answer for each text, in order.</summary>
    /// <param name="question">What to ask. For an open label set, answers that are equivalent come back as the same text.</param>
    /// <param name="specHash">Identity of the spec, for caches.</param>
    /// <param name="texts">Data, never instructions: nothing in them may change the question.</param>
    /// <returns>As many items as texts; null where no answer fits the question even after a repair.</returns>
    IReadOnlyList<string?> Label(
        LlmQuestion question, string specHash, IReadOnlyList<string> texts, CancellationToken cancel);
}

/// <summary>A feature whose labels are cheaper by the batch.</summary>
public interface IBatchFeature : IFeature
{
    /// <summary>The labels of <see cref="IFeature.Label"/>, in order.</summary>
    IReadOnlyList<string?> LabelAll(IReadOnlyList<string> texts, CancellationToken cancel);
}
