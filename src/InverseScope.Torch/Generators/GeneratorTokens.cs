using InverseScope.Core;
using InverseScope.Torch.Models;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Generators;

/// <summary>A generator's texts as its backbone reads and writes them: begin token, text, end token.</summary>
internal sealed class GeneratorTokens
{
    private readonly ITokenizer _tokenizer;
    private readonly int _context;

    /// <param name="backbone">The model that reads and writes them.</param>
    /// <param name="folder">For messages.</param>
    /// <exception cref="BadInputException">The tokenizer has no token that ends a text, or is of another model.</exception>
    public GeneratorTokens(ITokenizer tokenizer, TransformerConfig backbone, string folder)
    {
        (_tokenizer, _context) = (tokenizer, backbone.Context);
        if (tokenizer.Vocabulary > backbone.Vocabulary)
        {
            throw new BadInputException(
                $"The tokenizer of {folder} gives ids up to {tokenizer.Vocabulary - 1}, but the model knows {backbone.Vocabulary} tokens.",
                "Its tokenizer files are of another model; take those that belong to it.");
        }

        End = tokenizer.EndId ?? throw new BadInputException(
            $"The tokenizer of {folder} has no end token, so that a generator could not end a text.",
            $"Name one as eos_token in {TokenizerConfig.FileName}.");
        Begin = tokenizer.BeginId ?? End;
    }

    public int Begin { get; }

    public int End { get; }

    /// <summary>How texts are drawn token by token: never by a begin token that does not end them too.</summary>
    public TokenChoice Choice(DrawOptions options) => new(options.Temperature, options.TopP, Begin == End ? null : Begin);

    /// <summary>Ids with begin and end token.</summary>
    /// <exception cref="BadInputException">The vocabulary cannot hold the text, or it is longer than the context.</exception>
    public int[] Encode(string text)
    {
        var ids = _tokenizer.Encode(text).Ids;
        int[] all = ids.Length > 0 && ids[0] == Begin ? [.. ids, End] : [Begin, .. ids, End];
        // Nothing comes after the end, which therefore needs no place.
        return all.Length <= _context + 1
            ? all
            : throw new BadInputException($"The text \"{text}\" has {all.Length - 1} tokens; the generator's texts have at most {_context}.");
    }

    /// <summary>What each id of <see cref="Encode"/> but begin and end covers of the text, and where that begins.</summary>
    public IReadOnlyList<(string Piece, int Start)> Pieces(string text)
    {
        var tokens = _tokenizer.Encode(text);
        return
        [
            .. Enumerable.Range(0, tokens.Ids.Length).Where(i => tokens.Starts[i] >= 0)
                .Select(i => (tokens.Piece(i).ToString(), tokens.Starts[i])),
        ];
    }

    /// <summary>The text of ids without begin and end; null if it would be cut into other tokens.</summary>
    public string? Decode(ReadOnlySpan<int> ids)
    {
        var text = _tokenizer.Decode(ids);
        try
        {
            return Encode(text).AsSpan()[1..^1].SequenceEqual(ids) ? text : null;
        }
        catch (BadInputException)
        {
            return null;
        }
    }
}
