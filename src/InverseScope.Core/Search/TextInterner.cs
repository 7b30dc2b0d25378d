namespace InverseScope.Core.Search;

/// <summary>Small integers for words and other pieces of text; the same piece has the same number in every atom.</summary>
internal sealed class TextInterner
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly List<string> _texts = [];

    public TextInterner() => _bySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();

    public int Count => _texts.Count;

    public string this[int id] => _texts[id];

    public int Id(ReadOnlySpan<char> piece)
    {
        if (_bySpan.TryGetValue(piece, out var id))
            return id;
        var text = piece.ToString();
        _ids.Add(text, id = _texts.Count);
        _texts.Add(text);
        return id;
    }
}
