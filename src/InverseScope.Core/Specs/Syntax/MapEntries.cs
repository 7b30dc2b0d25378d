namespace InverseScope.Core.Specs.Syntax;

/// <summary>Entries of a mapping while it is read: a key that is there already is an error.</summary>
internal sealed class MapEntries(SpecReading reading)
{
    private readonly Dictionary<string, Mark> _places = new(StringComparer.Ordinal);
    private readonly List<(SpecNode.Text Key, SpecNode Value)> _entries = [];

    public IReadOnlyList<(SpecNode.Text Key, SpecNode Value)> Entries => _entries;

    public void Add(SpecNode.Text key, SpecNode value)
    {
        if (_places.TryAdd(key.Value, key.Mark))
            _entries.Add((key, value));
        else
            reading.Error(
                key.Mark, $"the key {SpecNode.Quote(key.Value)} is there already, at line {_places[key.Value].Line}.",
                "Keep one of them; in a list of steps, begin each step with '-'.");
    }
}
