using System.Text;
using InverseScope.Core;
using InverseScope.Core.Sites;

namespace InverseScope.Torch.Tokenizers;

/// <summary>
/// Byte-level byte-pair encoding, as of GPT-2 (Radford et al. 2019) and Llama-3. Special tokens written in a text are
/// text: an input that spells <c>&lt;|endoftext|&gt;</c> must not end it. Every text comes back from its ids exactly.
/// </summary>
public sealed class BytePairTokenizer : ITokenizer
{
    private readonly BytePairMerges _merges;
    private readonly PreTokenizer _preTokenizer;
    private readonly Dictionary<string, int>? _whole;
    private readonly int?[] _idOfByte = new int?[1 + byte.MaxValue];
    private readonly TokenBytes _bytes;
    private readonly LiteralTokens _literals;
    private readonly SpecialTokens _special;

    /// <param name="tokens">The bytes of the learnt tokens by id; special ones may be among them.</param>
    /// <param name="takesWhole">
    /// Whether a piece that is a token as it stands is taken whole, be there merges that lead to it or not: tiktoken's
    /// way, <c>ignore_merges</c> in tokenizer.json.
    /// </param>
    /// <param name="literals">Tokens other than the learnt ones that are found in texts as they are spelled.</param>
    internal BytePairTokenizer(
        IReadOnlyDictionary<int, byte[]> tokens, BytePairMerges merges, PreTokenizer preTokenizer, bool takesWhole,
        IEnumerable<KeyValuePair<string, int>> literals, SpecialTokens special)
    {
        (_merges, _preTokenizer, _special) = (merges, preTokenizer, special);
        _literals = new LiteralTokens(literals);
        var all = new Dictionary<int, byte[]>(tokens);
        foreach (var (text, id) in literals)
            all[id] = Encoding.UTF8.GetBytes(text);
        _bytes = new TokenBytes(all, special);
        _whole = takesWhole ? new Dictionary<string, int>(tokens.Count, StringComparer.Ordinal) : null;
        foreach (var (id, bytes) in tokens)
        {
            if (special.Contains(id))
                continue;
            if (bytes.Length == 1)
                _idOfByte[bytes[0]] = id;
            _whole?.TryAdd(Encoding.Latin1.GetString(bytes), id);
        }

        Vocabulary = all.Keys.Concat(special.Ids.Values).DefaultIfEmpty(-1).Max() + 1;
    }

    public int Vocabulary { get; }

    public int? BeginId => _special.Begin;

    public int? EndId => _special.End;

    public IReadOnlyDictionary<string, int> SpecialTokens => _special.Ids;

    public TokenizedText Encode(string text)
    {
        UnicodeText.Check(text);
        var ids = new List<int>(text.Length / 2);
        if (_special.AddsBegin && BeginId is { } begin)
            ids.Add(begin);
        var shift = ids.Count;
        var characterOf = CharacterOfByte(text);
        foreach (var (range, literal) in _literals.Cut(text))
        {
            if (literal is { } id)
            {
                ids.Add(id);
                continue;
            }

            var stretch = text.AsSpan(range);
            foreach (var piece in _preTokenizer.Split(stretch))
                Add(ids, stretch[piece]);
        }

        var starts = new int[ids.Count];
        var ends = new int[ids.Count];
        starts.AsSpan(0, shift).Fill(-1);
        ends.AsSpan(0, shift).Fill(-1);
        var at = 0;
        for (var i = shift; i < ids.Count; i++)
        {
            // A character may be cut across tokens, each of which covers it.
            starts[i] = characterOf[at];
            at += _bytes.Length(ids[i]);
            ends[i] = characterOf[at - 1] + Rune.GetRuneAt(text, characterOf[at - 1]).Utf16SequenceLength;
        }

        return new TokenizedText(text, [.. ids], starts, ends);
    }

    /// <inheritdoc/>
    /// <remarks>Bytes that are no UTF-8, as ids in any order can give, become U+FFFD.</remarks>
    public string Decode(ReadOnlySpan<int> ids) => _bytes.Decode(ids);

    private void Add(List<int> ids, ReadOnlySpan<char> piece)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(piece)];
        Encoding.UTF8.GetBytes(piece, bytes);
        if (_whole is not null && _whole.TryGetValue(Encoding.Latin1.GetString(bytes), out var whole))
        {
            ids.Add(whole);
            return;
        }

        var symbols = new List<int>(bytes.Length);
        foreach (var b in bytes)
        {
            symbols.Add(_idOfByte[b] ?? throw new BadInputException(
                $"The piece '{piece}' of the text has a byte, 0x{b:X2}, that is not in the target's vocabulary."));
        }

        _merges.Apply(symbols);
        ids.AddRange(symbols);
    }

    /// <summary>For each byte of the text in UTF-8, the index of the character that it belongs to.</summary>
    private static int[] CharacterOfByte(string text)
    {
        var characters = new int[Encoding.UTF8.GetByteCount(text)];
        var at = 0;
        var i = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            characters.AsSpan(at, rune.Utf8SequenceLength).Fill(i);
            at += rune.Utf8SequenceLength;
            i += rune.Utf16SequenceLength;
        }

        return characters;
    }
}
