using InverseScope.Core.Specs.Running;
using InverseScope.Core.Specs.Steps;

namespace InverseScope.Core.Search;

/// <summary>
/// One text as the atoms read it: its views (the whole, and the parts that constant delimiters cut out) and their words,
/// found once for all atoms.
/// </summary>
internal sealed class Reading
{
    private readonly IReadOnlyList<View> _views;
    private readonly TextInterner _interner;
    private readonly (int Start, int Length)[] _ranges;
    private readonly bool[] _rangeKnown;
    private readonly List<int>?[] _words;
    private readonly TextList _split = new();

    public Reading(IReadOnlyList<View> views, TextInterner interner)
    {
        (_views, _interner) = (views, interner);
        _ranges = new (int, int)[views.Count];
        _rangeKnown = new bool[views.Count];
        _words = new List<int>?[views.Count];
        Text = "";
    }

    public string Text { get; private set; }

    public TextInterner Interner => _interner;

    public void Open(string text)
    {
        Text = text;
        Array.Clear(_rangeKnown);
        Array.Clear(_words);
    }

    /// <summary>Whether the view's delimiters are there; a view may be present and empty.</summary>
    public bool TryView(int view, out ReadOnlySpan<char> characters)
    {
        if (!_rangeKnown[view])
        {
            _ranges[view] = _views[view].Locate(Text);
            _rangeKnown[view] = true;
        }

        var (start, length) = _ranges[view];
        characters = start < 0 ? default : Text.AsSpan(start, length);
        return start >= 0;
    }

    /// <summary>Interned words of a view, in order; null if the view is absent.</summary>
    public List<int>? Words(int view)
    {
        if (_words[view] is { } known)
            return known;
        if (!TryView(view, out var characters))
            return null;
        _split.Clear();
        TextSplitter.Words(new TextSlice(Text, _ranges[view].Start, characters.Length), _split);
        var words = new List<int>(_split.Count);
        foreach (ref readonly var word in _split.Items)
            words.Add(_interner.Id(word.Span));
        return _words[view] = words;
    }
}
