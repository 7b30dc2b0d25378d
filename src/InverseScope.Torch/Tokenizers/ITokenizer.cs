using InverseScope.Core.Sites;

namespace InverseScope.Torch.Tokenizers;

/// <summary>Turns texts into the target's token ids, and ids into texts. Thread-safe.</summary>
public interface ITokenizer
{
    /// <summary>One more than the largest id it gives out.</summary>
    int Vocabulary { get; }

    /// <summary>
    /// The token that begins a sequence, also where the target does without it and <see cref="Encode"/> leaves it out;
    /// null if none is known.
    /// </summary>
    int? BeginId { get; }

    /// <summary>The token that ends a text; null if none is known. <see cref="Encode"/> never writes it.</summary>
    int? EndId { get; }

    /// <summary>
    /// Id of every token that controls the target, begin, end and padding among them, by its text.
    /// <see cref="Encode"/> writes none of them for a text that spells one.
    /// </summary>
    IReadOnlyDictionary<string, int> SpecialTokens { get; }

    /// <summary>Ids with the begin token where the target has one, and which characters each token covers.</summary>
    /// <exception cref="Core.BadInputException">The vocabulary cannot hold the text; names the character or word.</exception>
    TokenizedText Encode(string text);

    /// <summary>
    /// The text of any ids, in their order, without special tokens: what <see cref="Encode"/> cut, put together again. A tokenizer whose tokens leave something of a text out says so.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">No token has one of the ids.</exception>
    string Decode(ReadOnlySpan<int> ids);
}
