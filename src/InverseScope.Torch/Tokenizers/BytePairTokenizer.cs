using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using InverseScope.Core;
using InverseScope.Core.Sites;
using Microsoft.ML.Tokenizers;

namespace InverseScope.Torch.Tokenizers;

/// <summary>
/// GPT-2's byte-level byte-pair encoding (Radford et al. 2019). Special tokens written in a text are text: an input
/// that spells <c>&lt;|endoftext|&gt;</c> must not end it.
/// </summary>
public sealed partial class BytePairTokenizer : ITokenizer
{
    private const string EndOfText = "<|endoftext|>";
    private static readonly Dictionary<char, byte> ByteOfCharacter = MakeAlphabet();
    private readonly BpeTokenizer _tokenizer;
    private readonly Dictionary<int, string> _tokens;
    private readonly HashSet<int> _special;
    private readonly bool _addsBegin;

    /// <param name="vocabulary">Path of vocab.json or encoder.json.</param>
    /// <param name="merges">Path of merges.txt or vocab.bpe.</param>
    /// <exception cref="BadInputException">A file is malformed, or a special token is not in the vocabulary.</exception>
    public BytePairTokenizer(string vocabulary, string merges, TokenizerConfig config)
    {
        var ids = VocabularyFile.Read(vocabulary);
        var pairs = File.ReadLines(merges).Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)).ToArray();
        try
        {
            _tokenizer = BpeTokenizer.Create(new BpeOptions(ids)
            {
                Merges = pairs,
                ByteLevel = true,
                PreTokenizer = new RegexPreTokenizer(Piece(), null),
            });
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException)
        {
            throw new BadInputException($"{merges} does not fit {vocabulary}: {e.Message}", inner: e);
        }

        int? Id(string token) => ids.TryGetValue(token, out var id) ? id : null;
        if (config.AddsBegin && (config.Begin is not { } begin || Id(begin) is null))
        {
            throw new BadInputException(
                $"{TokenizerConfig.FileName} asks for a begin token (add_bos_token) that the vocabulary lacks.");
        }

        _addsBegin = config.AddsBegin;
        BeginId = Id(config.Begin ?? EndOfText);
        EndId = Id(config.End ?? EndOfText);
        _tokens = ids.ToDictionary(i => i.Value, i => i.Key);
        _special = [.. config.Special.Append(EndOfText).Select(Id).OfType<int>()];
        Vocabulary = ids.Values.DefaultIfEmpty(-1).Max() + 1;
    }

    public int Vocabulary { get; }

    /// <summary>The token that the config names, else <c>&lt;|endoftext|&gt;</c>; null if the vocabulary lacks it.</summary>
    public int? BeginId { get; }

    /// <inheritdoc cref="BeginId"/>
    public int? EndId { get; }

    public TokenizedText Encode(string text)
    {
        var tokens = _tokenizer.EncodeToTokens(text, out _);
        var shift = _addsBegin ? 1 : 0;
        var ids = new int[tokens.Count + shift];
        var starts = new int[ids.Length];
        var ends = new int[ids.Length];
        if (_addsBegin && BeginId is { } begin)
            (ids[0], starts[0], ends[0]) = (begin, -1, -1);
        var characterOf = CharacterOfByte(text);
        var at = 0;
        for (var i = 0; i < tokens.Count; i++)
        {
            // A byte-level token has one character for each byte, and a character may be cut across tokens.
            var bytes = tokens[i].Value.Length;
            ids[i + shift] = tokens[i].Id;
            starts[i + shift] = characterOf[at];
            ends[i + shift] = CharacterEnd(text, characterOf[at + bytes - 1]);
            at += bytes;
        }

        return new TokenizedText(text, ids, starts, ends);
    }

    /// <summary>
    /// Joins the bytes of all tokens before it reads them as UTF-8, since a character may be cut across tokens; bytes
    /// that are no UTF-8, as ids in any order can give, become U+FFFD.
    /// </summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new List<byte>(4 * ids.Length);
        foreach (var id in ids)
        {
            if (!_tokens.TryGetValue(id, out var token))
                throw new ArgumentOutOfRangeException(nameof(ids), id, "The vocabulary has no token of this id.");
            if (_special.Contains(id))
                continue;

            // A token added by hand may be written as itself, with characters that stand for no byte.
            if (token.All(ByteOfCharacter.ContainsKey))
                bytes.AddRange(token.Select(c => ByteOfCharacter[c]));
            else
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
        }

        return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes));
    }

    /// <summary>
    /// The bytes for which the characters of a vocabulary file stand: visible ones of Latin-1 for themselves, the
    /// characters from U+0100 on for the other bytes in their order.
    /// </summary>
    private static Dictionary<char, byte> MakeAlphabet()
    {
        var bytes = new Dictionary<char, byte>();
        var others = 0;
        for (var b = 0; b <= byte.MaxValue; b++)
        {
            var isVisible = b is (>= '!' and <= '~') or (>= '¡' and <= '¬') or (>= '®' and <= 'ÿ');
            bytes.Add((char)(isVisible ? b : 0x100 + others++), (byte)b);
        }

        return bytes;
    }

    /// <summary>For each byte of the text in UTF-8, the index of the character that it belongs to.</summary>
    private static int[] CharacterOfByte(string text)
    {
        var characters = new int[Encoding.UTF8.GetByteCount(text)];
        var at = 0;
        for (var i = 0; i < text.Length; i = CharacterEnd(text, i))
        {
            if (!Rune.TryGetRuneAt(text, i, out var rune))
            {
                throw new BadInputException(
                    $"The text \"{text}\" is not valid Unicode: half of a surrogate pair stands alone at {i}.");
            }

            characters.AsSpan(at, rune.Utf8SequenceLength).Fill(i);
            at += rune.Utf8SequenceLength;
        }

        return characters;
    }

    private static int CharacterEnd(string text, int start) => start + (char.IsSurrogatePair(text, start) ? 2 : 1);

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Piece();
}
