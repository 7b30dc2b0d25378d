using System.Text;
using System.Text.RegularExpressions;
using InverseScope.Core;
using InverseScope.Core.Sites;

namespace InverseScope.Torch.Tokenizers;

/// <summary>Where a text is cut before its pieces are looked up.</summary>
public enum TokenUnit
{
    /// <summary>Every Unicode character is a token.</summary>
    Character,

    /// <summary>
    /// Words (letters and digits, with apostrophes and hyphens inside) and every other character that is not white
    /// space; white space separates and has no token.
    /// </summary>
    Word,
}

/// <summary>Looks the characters or words of a text up in a fixed list, as small models trained from scratch do.</summary>
public sealed partial class VocabularyTokenizer : ITokenizer
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly HashSet<int> _special;
    private readonly TokenUnit _unit;
    private readonly int? _begin;

    /// <param name="ids">Id of every token, special ones included.</param>
    /// <exception cref="BadInputException">A special token is not in the vocabulary.</exception>
    public VocabularyTokenizer(IReadOnlyDictionary<string, int> ids, TokenUnit unit, TokenizerConfig config)
    {
        _ids = new Dictionary<string, int>(ids, StringComparer.Ordinal);
        _lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _unit = unit;
        _special = [.. config.Special.Select(Id)];
        _begin = config.AddsBegin
            ? Id(config.Begin ?? throw new BadInputException(
                $"{TokenizerConfig.FileName} asks for a begin token (add_bos_token) without naming it (bos_token)."))
            : null;
        Vocabulary = _ids.Values.DefaultIfEmpty(-1).Max() + 1;
    }

    public int Vocabulary { get; }

    /// <summary>The pieces that <see cref="Encode"/> looks up: what a vocabulary for these texts must hold.</summary>
    public static IEnumerable<Range> Split(string text, TokenUnit unit)
    {
        if (unit == TokenUnit.Character)
        {
            for (int i = 0, length; i < text.Length; i += length)
            {
                length = char.IsSurrogatePair(text, i) ? 2 : 1;
                yield return i..(i + length);
            }

            yield break;
        }

        foreach (Match match in WordPiece().Matches(text))
            yield return match.Index..(match.Index + match.Length);
    }

    public TokenizedText Encode(string text)
    {
        var ids = new List<int>(text.Length + 1);
        var starts = new List<int>(text.Length + 1);
        var ends = new List<int>(text.Length + 1);
        void Add(int id, int start, int end)
        {
            ids.Add(id);
            starts.Add(start);
            ends.Add(end);
        }

        if (_begin is { } begin)
            Add(begin, -1, -1);
        foreach (var piece in Split(text, _unit))
        {
            var (start, end) = (piece.Start.Value, piece.End.Value);
            if (!_lookup.TryGetValue(text.AsSpan(start, end - start), out var id))
                throw Unknown(text, start, end, "is not in the target's vocabulary");
            if (_special.Contains(id))
                throw Unknown(text, start, end, "is one of the target's special tokens, which texts cannot hold");
            Add(id, start, end);
        }

        return new TokenizedText(text, [.. ids], [.. starts], [.. ends]);
    }

    private int Id(string token) =>
        _ids.TryGetValue(token, out var id)
            ? id
            : throw new BadInputException($"The special token '{token}' of {TokenizerConfig.FileName} is not in the vocabulary.");

    private BadInputException Unknown(string text, int start, int end, string why)
    {
        var piece = text[start..end];
        var what = _unit == TokenUnit.Character ? "character" : "word";
        var shown = text.Length <= 80 ? text : $"{text[..80]}…";
        var code = _unit == TokenUnit.Character && Rune.TryGetRuneAt(text, start, out var rune) ? $" (U+{rune.Value:X4})" : "";
        return new BadInputException(
            $"The {what} '{piece}'{code} at {start} of the text \"{shown}\" {why}.",
            _unit == TokenUnit.Word ? NearestName.Hint(piece, _ids.Keys).TrimStart() : null);
    }

    [GeneratedRegex(@"[\p{L}\p{M}\p{N}]+(?:['’\-][\p{L}\p{M}\p{N}]+)*|\S", RegexOptions.CultureInvariant)]
    private static partial Regex WordPiece();
}
