using System.Globalization;
using System.Text;
using InverseScope.Core;
using InverseScope.Core.Sites;

namespace InverseScope.Torch.Tokenizers;

/// <summary>
/// SentencePiece's byte-pair encoding (Kudo and Richardson 2018), with bytes for characters outside the vocabulary.
/// Control tokens written in a text are text, and so are those of chats, which Gemma's own tokenizer recognises.
/// </summary>
public sealed class SentencePieceTokenizer : ITokenizer
{
    private const char Space = '\u2581';

    // User-defined in Gemma's file, where nothing tells them from the ones that are text, such as runs of line ends.
    private static readonly string[] ChatTokens = ["<start_of_turn>", "<end_of_turn>"];

    private readonly bool _addsSpaceBefore;
    private readonly Dictionary<string, int> _symbols = new(StringComparer.Ordinal);
    private readonly int?[] _idOfByte = new int?[1 + byte.MaxValue];
    private readonly Dictionary<int, int> _lengths = [];
    private readonly BytePairMerges _merges;
    private readonly LiteralTokens _literals;
    private readonly TokenBytes _bytes;
    private readonly SpecialTokens _special;

    /// <param name="path">Of tokenizer.model.</param>
    /// <exception cref="BadInputException">The file is malformed, or asks for what is not supported.</exception>
    public SentencePieceTokenizer(string path, TokenizerConfig config)
    {
        var model = SentencePieceModel.Read(path);
        _addsSpaceBefore = model.AddsSpaceBefore;
        var ids = model.Pieces.Index().ToDictionary(p => p.Item.Text, p => p.Index, StringComparer.Ordinal);
        int? Find(string token) => ids.TryGetValue(token, out var id) ? id : null;
        var control = model.Pieces.Where(p => p.Kind == PieceKind.Control || ChatTokens.Contains(p.Text))
            .Select(p => KeyValuePair.Create(p.Text, ids[p.Text]));
        _special = new SpecialTokens(control, config, Find, (model.Begin, model.End, AddsBegin: Find(model.Begin) is not null));

        var bytes = new Dictionary<int, byte[]>();
        var texts = new List<SentencePiece>();
        foreach (var (id, piece) in model.Pieces.Index())
        {
            bytes[id] = Encoding.UTF8.GetBytes(piece.Text.Replace(Space, ' '));
            switch (piece.Kind)
            {
                case PieceKind.Byte:
                    var value = ByteOf(piece.Text, path);
                    _idOfByte[value] = id;
                    bytes[id] = [value];
                    break;
                case PieceKind.Unknown:
                    bytes[id] = Encoding.UTF8.GetBytes(model.UnknownText);
                    break;
                case PieceKind.Normal or PieceKind.UserDefined when !_special.Contains(id):
                    _symbols.Add(piece.Text, id);
                    _lengths.Add(id, piece.Text.Length);
                    texts.Add(piece);
                    break;
            }
        }

        if (_idOfByte.Any(id => id is null) && _idOfByte.Any(id => id is not null))
            throw new BadInputException($"{path} is malformed: it has pieces for some bytes, but not for all.");
        // A character that is no piece may still be part of one.
        foreach (var rune in texts.SelectMany(p => p.Text.EnumerateRunes()))
            _symbols.TryAdd(rune.ToString(), Unknown(rune));
        var ranks = texts.Select(p => p.Score).Distinct().OrderDescending().Index().ToDictionary(s => s.Item, s => s.Index);
        _merges = BytePairMerges.OfTokens(_symbols, texts.Select(p => (p.Text, ranks[p.Score])));

        var literals = texts.Where(p => p.Kind == PieceKind.UserDefined).Select(p => KeyValuePair.Create(p.Text, ids[p.Text]))
            .Union(_special.Literals.Where(token => Find(token.Key) is null)).ToList();
        _literals = new LiteralTokens(literals);
        foreach (var (text, id) in literals)
            bytes[id] = Encoding.UTF8.GetBytes(text.Replace(Space, ' '));
        _bytes = new TokenBytes(bytes, _special);
        Vocabulary = bytes.Keys.Concat(_special.Ids.Values).Max() + 1;
    }

    public int Vocabulary { get; }

    public int? BeginId => _special.Begin;

    public int? EndId => _special.End;

    public IReadOnlyDictionary<string, int> SpecialTokens => _special.Ids;

    /// <inheritdoc/>
    /// <remarks>
    /// A model may put a space before every text. It is part of no text: a token of nothing else covers no character, at
    /// the text's start.
    /// </remarks>
    public TokenizedText Encode(string text)
    {
        UnicodeText.Check(text);
        var ids = new List<int>(text.Length / 2);
        var starts = new List<int>(text.Length / 2);
        var ends = new List<int>(text.Length / 2);
        void Add(int id, int start, int end)
        {
            ids.Add(id);
            starts.Add(start);
            ends.Add(end);
        }

        if (_special.AddsBegin && BeginId is { } begin)
            Add(begin, -1, -1);
        var before = _addsSpaceBefore && text.Length > 0 ? 1 : 0;
        var escaped = before == 0 ? text.Replace(' ', Space) : Space + text.Replace(' ', Space);
        int Original(int index) => Math.Max(0, index - before);
        foreach (var (range, literal) in _literals.Cut(escaped))
        {
            var (at, end) = (range.Start.Value, range.End.Value);
            if (literal is { } token)
            {
                Add(token, Original(at), Original(end));
                continue;
            }

            foreach (var symbol in Merge(escaped.AsSpan(range)))
            {
                if (symbol >= 0)
                {
                    Add(symbol, Original(at), Original(at + _lengths[symbol]));
                    at += _lengths[symbol];
                    continue;
                }

                var character = new Rune(~symbol);
                foreach (var id in ByteIds(character, text, Original(at)))
                    Add(id, Original(at), Original(at + character.Utf16SequenceLength));
                at += character.Utf16SequenceLength;
            }
        }

        return new TokenizedText(text, [.. ids], [.. starts], [.. ends]);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Exact but for U+2581, which stands for spaces in the vocabulary and comes back as one. Bytes that are no UTF-8,
    /// as ids in any order can give, become U+FFFD.
    /// </remarks>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var text = _bytes.Decode(ids);
        return _addsSpaceBefore && text.StartsWith(' ') ? text[1..] : text;
    }

    private List<int> Merge(ReadOnlySpan<char> stretch)
    {
        var symbols = new List<int>(stretch.Length);
        var lookup = _symbols.GetAlternateLookup<ReadOnlySpan<char>>();
        var at = 0;
        foreach (var rune in stretch.EnumerateRunes())
        {
            symbols.Add(lookup.TryGetValue(stretch.Slice(at, rune.Utf16SequenceLength), out var symbol) ? symbol : Unknown(rune));
            at += rune.Utf16SequenceLength;
        }

        _merges.Apply(symbols);
        return symbols;
    }

    private IEnumerable<int> ByteIds(Rune character, string text, int at)
    {
        var bytes = new byte[character.Utf8SequenceLength];
        character.EncodeToUtf8(bytes);
        return bytes.Select(b => _idOfByte[b] ?? throw new BadInputException(
            $"The character '{character}' (U+{character.Value:X4}) at {at} of the text \"{text}\" is not in the target's vocabulary."));
    }

    private static int Unknown(Rune character) => ~character.Value;

    private static byte ByteOf(string piece, string path) =>
        piece is ['<', '0', 'x', .. { Length: 2 } digits, '>']
            && byte.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new BadInputException($"{path} is malformed: the byte piece '{piece}' names no byte.");
}
