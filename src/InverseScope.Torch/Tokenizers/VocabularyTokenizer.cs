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
    /// space; white space separates and has no token, so that texts come back with single spaces between all tokens.
    /// </summary>
    Word,

    /// <summary>
    /// As <see cref="Word"/>, but each token keeps the white space before it, so that texts can be put together again
    /// exactly. White space at the end of a text is a token of its own. A surrogate pair is never cut.
    /// </summary>
    SpacedWord,
}

/// <summary>Looks the characters or words of a text up in a fixed list, as small models trained from scratch do.</summary>
public sealed partial class VocabularyTokenizer : ITokenizer
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly Dictionary<int, string> _tokens;
    private readonly HashSet<int> _special;
    private readonly TokenUnit _unit;
    private readonly bool _addsBegin;

    /// <param name="ids">Id of every token, special ones included; no two share one.</param>
    /// <exception cref="BadInputException">A special token is not in the vocabulary.</exception>
    public VocabularyTokenizer(IReadOnlyDictionary<string, int> ids, TokenUnit unit, TokenizerConfig config)
    {
        _ids = new Dictionary<string, int>(ids, StringComparer.Ordinal);
        _lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _tokens = _ids.ToDictionary(i => i.Value, i => i.Key);
        _unit = unit;
        SpecialTokens = config.Special.Distinct().ToDictionary(token => token, Id, StringComparer.Ordinal);
        _special = [.. SpecialTokens.Values];
        _addsBegin = config.AddsBegin ?? false;
        if (_addsBegin && config.Begin is null)
        {
            throw new BadInputException(
                $"{TokenizerConfig.FileName} asks for a begin token (add_bos_token) without naming it (bos_token).");
        }

        BeginId = config.Begin is { } begin ? Id(begin) : null;
        EndId = config.End is { } end ? Id(end) : null;
        Vocabulary = _ids.Values.DefaultIfEmpty(-1).Max() + 1;
    }

    public int Vocabulary { get; }

    public int? BeginId { get; }

    public int? EndId { get; }

    public IReadOnlyDictionary<string, int> SpecialTokens { get; }

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

        var pieces = unit == TokenUnit.SpacedWord ? SpacedWordPiece() : WordPiece();
        foreach (Match match in pieces.Matches(text))
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

        if (_addsBegin && BeginId is { } begin)
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

    /// <summary>
    /// Exact for <see cref="TokenUnit.Character"/> and <see cref="TokenUnit.SpacedWord"/>. Not for
    /// <see cref="TokenUnit.Word"/>, whose ids do not tell where white space was: single spaces join its tokens, before
    /// punctuation too.
    /// </summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var text = new StringBuilder();
        foreach (var id in ids)
        {
            if (!_tokens.TryGetValue(id, out var token))
                throw new ArgumentOutOfRangeException(nameof(ids), id, "The vocabulary has no token of this id.");
            if (_special.Contains(id))
                continue;
            if (_unit == TokenUnit.Word && text.Length > 0)
                text.Append(' ');
            text.Append(token);
        }

        return text.ToString();
    }

    private int Id(string token) =>
        _ids.TryGetValue(token, out var id)
            ? id
            : throw new BadInputException($"The special token '{token}' of {TokenizerConfig.FileName} is not in the vocabulary.");

    private BadInputException Unknown(string text, int start, int end, string why)
    {
        var piece = text[start..end];
        var isWord = _unit != TokenUnit.Character && !string.IsNullOrWhiteSpace(piece);
        var what = _unit == TokenUnit.Character ? "character" : isWord ? "word" : "white space";
        var shown = text.Length <= 80 ? text : $"{text[..80]}…";
        var code = _unit == TokenUnit.Character && Rune.TryGetRuneAt(text, start, out var rune) ? $" (U+{rune.Value:X4})" : "";
        return new BadInputException(
            $"The {what} '{piece}'{code} at {start} of the text \"{shown}\" {why}.",
            isWord ? NearestName.Hint(piece, _ids.Keys).TrimStart() : null);
    }

    [GeneratedRegex(@"[\p{L}\p{M}\p{N}]+(?:['’\-][\p{L}\p{M}\p{N}]+)*|\S", RegexOptions.CultureInvariant)]
    private static partial Regex WordPiece();

    [GeneratedRegex(
        @"(?>\s*)(?:[\p{L}\p{M}\p{N}]+(?:['’\-][\p{L}\p{M}\p{N}]+)*|[\uD800-\uDBFF][\uDC00-\uDFFF]|\S)|\s+",
        RegexOptions.CultureInvariant)]
    private static partial Regex SpacedWordPiece();
}
