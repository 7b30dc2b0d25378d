using InverseScope.Core.Sites;

namespace InverseScope.Torch.Tokenizers;

/// <summary>Turns texts into the target's token ids. Thread-safe.</summary>
public interface ITokenizer
{
    /// <summary>One more than the largest id it gives out.</summary>
    int Vocabulary { get; }

    /// <summary>Ids with the begin token where the target has one, and which characters each token covers.</summary>
    /// <exception cref="Core.BadInputException">The vocabulary cannot hold the text; names the character or word.</exception>
    TokenizedText Encode(string text);
}
