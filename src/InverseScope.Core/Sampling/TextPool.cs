namespace InverseScope.Core.Sampling;

/// <summary>
/// Distinct texts under small integer ids, so that samples are index lists and a label is computed once for each text.
/// Thread-safe.
/// </summary>
public sealed class TextPool
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _texts = [];
    private readonly Lock _lock = new();

    /// <summary>Number of distinct texts; ids are 0 .. Count − 1.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _texts.Count;
        }
    }

    /// <summary>The text of an id.</summary>
    public string this[int id]
    {
        get
        {
            lock (_lock)
                return _texts[id];
        }
    }

    /// <summary>The id of a text, given out at its first use.</summary>
    public int Add(string text)
    {
        lock (_lock)
        {
            if (_ids.TryGetValue(text, out var id))
                return id;
            _ids.Add(text, id = _texts.Count);
            _texts.Add(text);
            return id;
        }
    }
}
