using System.Globalization;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>What is gathered while a spec is read: errors, and where each part stands.</summary>
/// <param name="folder">Folder of the spec, for lexicon files beside it; null if it has none.</param>
internal sealed class SpecReading(string? folder)
{
    private readonly List<string> _path = [];

    public List<SpecError> Errors { get; } = [];

    /// <summary>Folder of the spec, for lexicon files beside it; null if it has none.</summary>
    public string? Folder { get; } = folder;

    public SourceMap Source { get; } = new();

    private string Path => string.Concat(_path).TrimStart('.');

    public void Error(Mark mark, string what, string? fix) =>
        Errors.Add(SpecError.At(mark, Path, what, fix));

    public void Unexpected(SpecNode node, string expected, string? hint = null) =>
        Error(node.Mark, $"found {node.Describe()}, expected {expected}.", hint);

    public Scope Within(string key)
    {
        _path.Add("." + QuotedText.Shown(key, 60));
        return new Scope(_path);
    }

    public Scope Within(int index)
    {
        _path.Add($"[{index.ToString(CultureInfo.InvariantCulture)}]");
        return new Scope(_path);
    }

    /// <summary>Remembers where a part of the spec stands.</summary>
    public void Locate(object part, Mark mark) => Source.Add(part, Path, mark);

    /// <summary>Leaves a key or item at its end.</summary>
    public readonly struct Scope(List<string> path) : IDisposable
    {
        public void Dispose() => path.RemoveAt(path.Count - 1);
    }
}

/// <summary>Where the parts of a parsed spec stand in its file; by identity, since equal steps occur at many places.</summary>
public sealed class SourceMap
{
    private readonly Dictionary<object, (string Path, Mark Mark)> _places = new(ReferenceEqualityComparer.Instance);

    internal void Add(object part, string path, Mark mark) => _places[part] = (path, mark);

    internal (string Path, Mark Mark) Find(object part) => _places.GetValueOrDefault(part, ("", default));
}
