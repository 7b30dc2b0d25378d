using InverseScope.Core;

namespace InverseScope.Agent.Labels;

/// <summary>Stands for the model whose embeddings labels were compared by, where all comparisons are kept and it is not there.</summary>
/// <param name="identity">Of that model.</param>
public sealed class ReplayEmbedder(string identity) : ILabelEmbedder
{
    public string Identity { get; } = identity;

    /// <exception cref="BadInputException">Always: something is to be compared that was not.</exception>
    public Task<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> labels, CancellationToken cancel) => throw new BadInputException(
        $"The label '{labels[0]}' was not compared in the sweep that is replayed, and its model of embeddings is not asked.", "Run the sweep's plan anew.");
}
