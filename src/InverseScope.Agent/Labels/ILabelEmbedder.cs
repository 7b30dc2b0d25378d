namespace InverseScope.Agent.Labels;

/// <summary>Gives labels a place in a space where those that mean the same are near. Thread-safe.</summary>
public interface ILabelEmbedder
{
    /// <summary>Which embeddings they are, for caches.</summary>
    string Identity { get; }

    /// <summary>One vector for each label, in order, all of one length and not all zero.</summary>
    /// <exception cref="Core.BadInputException">Its model is not there, or cannot embed.</exception>
    /// <exception cref="Core.OutsideServiceException">It failed, time and again.</exception>
    Task<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> labels, CancellationToken cancel);
}
