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
    private readonly BpeTokenizer _tokenizer;
    private readonly int? _begin;

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

        _begin = config.AddsBegin
            ? config.Begin is { } begin && ids.TryGetValue(begin, out var id)
                ? id
                : throw new BadInputException(
                    $"{TokenizerConfig.FileName} asks for a begin token (add_bos_token) that the vocabulary lacks.")
            : null;
        Vocabulary = ids.Values.DefaultIfEmpty(-1).Max() + 1;
    }

    public int Vocabulary { get; }

    public TokenizedText Encode(string text)
    {
        var tokens = _tokenizer.EncodeToTokens(text, out _);
        var shift = _begin is null ? 0 : 1;
        var ids = new int[tokens.Count + shift];
        var starts = new int[ids.Length];
        var ends = new int[ids.Length];
        if (_begin is { } begin)
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
