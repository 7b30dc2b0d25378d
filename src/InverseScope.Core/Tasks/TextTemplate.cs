using System.Text;

namespace InverseScope.Core.Tasks;

/// <summary>
/// Literal text with slots, e.g. <c>When [A] and [B] went to the [PLACE], [B] gave a [OBJECT] to</c>. A slot that occurs
/// again repeats its word.
/// </summary>
internal sealed class TextTemplate
{
    private readonly Piece[] _pieces;
    private readonly string _longestLiteral;

    private TextTemplate(Piece[] pieces, double share)
    {
        (_pieces, Share) = (pieces, share);
        _longestLiteral = pieces.Select(p => p.Literal ?? "").MaxBy(l => l.Length) ?? "";
        Slots = [.. pieces.Where(p => p.Literal is null).Select(p => p.Slot).Distinct().Order()];
        Pattern = string.Concat(pieces.Select(p => p.Literal?.Replace("[", "\\[") ?? $"[{p.Slot}]"));
    }

    /// <summary>Probability of this template among those of its task.</summary>
    public double Share { get; }

    /// <summary>Slots that occur, ascending.</summary>
    public IReadOnlyList<int> Slots { get; }

    /// <summary>The template with slot numbers in brackets; equal for templates that make the same texts.</summary>
    public string Pattern { get; }

    /// <summary>
    /// Every template that a line stands for: one for each combination of the options in <c>{a|b}</c>, all alike.
    /// </summary>
    /// <param name="line">Slots in <c>[…]</c>, options in <c>{…|…}</c>; a backslash takes the next character as it is.</param>
    /// <param name="share">Probability of the line.</param>
    /// <param name="slotOf">Number of a slot by its name, or null.</param>
    /// <exception cref="FormatException">Unbalanced brackets or an unknown slot; the message says where.</exception>
    public static IReadOnlyList<TextTemplate> Expand(string line, double share, Func<string, int?> slotOf)
    {
        List<(List<Piece> Pieces, double Share)> made = [([], share)];
        var at = 0;
        while (at < line.Length)
        {
            if (line[at] != '{')
            {
                var pieces = ReadPieces(line, ref at, "{", slotOf);
                foreach (var one in made)
                    one.Pieces.AddRange(pieces);
                continue;
            }

            var start = at++;
            var options = new List<List<Piece>>();
            do
                options.Add(ReadPieces(line, ref at, "|}{", slotOf));
            while (at < line.Length && line[at++] == '|');
            if (line[at - 1] != '}' || options.Count < 2)
                throw new FormatException($"the options that start with '{{' at character {start + 1} must read {{a|b}}, not nested");
            made = [.. made.SelectMany(m => options.Select(o => (new List<Piece>([.. m.Pieces, .. o]), m.Share / options.Count)))];
            if (made.Count > MaxTemplates)
                throw new FormatException($"it stands for more than {MaxTemplates:N0} templates");
        }

        return [.. made.Select(m => new TextTemplate(Joined(m.Pieces), m.Share))];
    }

    /// <summary>Most templates that the lines of one task may stand for.</summary>
    public const int MaxTemplates = 4_096;

    /// <param name="words">Word of each slot of the task; those of other templates are not read.</param>
    public string Fill(ReadOnlySpan<string?> words)
    {
        var text = new StringBuilder();
        foreach (var piece in _pieces)
            text.Append(piece.Literal ?? words[piece.Slot]);
        return text.ToString();
    }

    /// <summary>How often a slot occurs.</summary>
    public int Places(int slot) => _pieces.Count(p => p.Literal is null && p.Slot == slot);

    /// <summary>Character at which the n-th occurrence of a slot begins (n from 1), or null.</summary>
    public int? Start(int slot, int occurrence, ReadOnlySpan<string?> words)
    {
        var at = 0;
        foreach (var piece in _pieces)
        {
            if (piece.Literal is null && piece.Slot == slot && --occurrence == 0)
                return at;
            at += (piece.Literal ?? words[piece.Slot])!.Length;
        }

        return null;
    }

    /// <summary>All ways to read a text as this template; each gives the word of every slot (null where unused).</summary>
    /// <param name="vocabularies">Words that each slot of the task can take.</param>
    public IReadOnlyList<string?[]> Readings(string text, IReadOnlyList<SlotWords> vocabularies)
    {
        // Nearly every template is refused by one of these two, without trying words.
        if (_pieces[^1].Literal is { } end && !text.EndsWith(end, StringComparison.Ordinal)
            || !text.Contains(_longestLiteral, StringComparison.Ordinal))
        {
            return [];
        }

        var found = new List<string?[]>();
        Read(text, 0, 0, new string?[vocabularies.Count], vocabularies, found);
        return found;
    }

    /// <summary>A text's words at the slots, whether or not they are words of the task; null if the literals differ.</summary>
    public IReadOnlyList<(int Slot, string Word)>? LooseReading(string text)
    {
        var words = new List<(int, string)>();
        var at = 0;
        for (var i = 0; i < _pieces.Length; i++)
        {
            if (_pieces[i].Literal is { } literal)
            {
                if (string.CompareOrdinal(text, at, literal, 0, literal.Length) != 0)
                    return null;
                at += literal.Length;
                continue;
            }

            var end = i + 1 == _pieces.Length ? text.Length
                : _pieces[i + 1].Literal is { } next ? text.IndexOf(next, at, StringComparison.Ordinal) : -1;
            if (end <= at)
                return null;
            words.Add((_pieces[i].Slot, text[at..end]));
            at = end;
        }

        return at == text.Length ? words : null;
    }

    private void Read(
        string text, int at, int index, string?[] words, IReadOnlyList<SlotWords> vocabularies, List<string?[]> found)
    {
        for (; index < _pieces.Length; index++)
        {
            var piece = _pieces[index];
            if ((piece.Literal ?? words[piece.Slot]) is { } known)
            {
                if (string.CompareOrdinal(text, at, known, 0, known.Length) != 0)
                    return;
                at += known.Length;
                continue;
            }

            foreach (var length in vocabularies[piece.Slot].Lengths)
            {
                if (at + length > text.Length || vocabularies[piece.Slot].Find(text.AsSpan(at, length)) is not { } word)
                    continue;
                words[piece.Slot] = word;
                Read(text, at + length, index + 1, words, vocabularies, found);
                words[piece.Slot] = null;
            }

            return;
        }

        if (at == text.Length)
            found.Add([.. words]);
    }

    private static List<Piece> ReadPieces(string line, ref int at, string stops, Func<string, int?> slotOf)
    {
        var pieces = new List<Piece>();
        for (; at < line.Length && !stops.Contains(line[at], StringComparison.Ordinal); at++)
        {
            if (line[at] == '[')
            {
                var close = line.IndexOf(']', at);
                if (close < 0)
                    throw new FormatException($"']' is missing after the '[' at character {at + 1}");
                var name = line[(at + 1)..close];
                var slot = slotOf(name) ?? throw new FormatException($"'[{name}]' at character {at + 1} is not a slot");
                pieces.Add(new Piece(null, slot));
                at = close;
                continue;
            }

            if (line[at] == '\\' && at + 1 < line.Length)
                at++;
            else if (line[at] is ']' or '}')
                throw new FormatException($"'{line[at]}' at character {at + 1} closes nothing; write \\{line[at]} for the character");
            pieces.Add(new Piece(line[at].ToString(), 0));
        }

        return pieces;
    }

    private static Piece[] Joined(List<Piece> pieces)
    {
        var joined = new List<Piece>();
        var literal = new StringBuilder();
        foreach (var piece in pieces)
        {
            if (piece.Literal is not null)
            {
                literal.Append(piece.Literal);
                continue;
            }

            if (literal.Length > 0)
                joined.Add(new Piece(literal.ToString(), 0));
            literal.Clear();
            joined.Add(piece);
        }

        if (literal.Length > 0)
            joined.Add(new Piece(literal.ToString(), 0));
        return [.. joined];
    }

    /// <summary>Either literal text, or a slot where that is null.</summary>
    private readonly record struct Piece(string? Literal, int Slot);
}

/// <summary>The words that a slot can take.</summary>
internal sealed class SlotWords
{
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    /// <param name="lexicon">Name of the word list.</param>
    /// <param name="words">Distinct, none of them empty.</param>
    public SlotWords(string lexicon, IReadOnlyList<string> words)
    {
        (Lexicon, Words) = (lexicon, words);
        Lengths = [.. words.Select(w => w.Length).Distinct().Order()];
        _lookup = words.ToHashSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public string Lexicon { get; }

    public IReadOnlyList<string> Words { get; }

    /// <summary>Lengths that occur among the words, ascending.</summary>
    public IReadOnlyList<int> Lengths { get; }

    /// <summary>The word of these characters, or null.</summary>
    public string? Find(ReadOnlySpan<char> characters) => _lookup.TryGetValue(characters, out var word) ? word : null;
}
