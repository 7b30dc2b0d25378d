namespace InverseScope.Service.Desk;

/// <summary>
/// What files say, each parsed once for as long as it stays the same, however many ask at once. Files are replaced whole, by renaming.
/// Those not asked for longest are forgotten. Thread-safe.
/// </summary>
/// <param name="most">Files remembered.</param>
/// <param name="parse">From a path; what it throws is thrown to all who wait for it, and tried again by the next.</param>
internal sealed class ParsedFiles<T>(int most, Func<string, T> parse)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private long _asked;

    /// <returns>What the file says, and a tag that changes whenever the file does; null if there is no file.</returns>
    public (T Content, string Tag)? Find(string path)
    {
        if (TagOf(path) is not { } tag)
            return null;
        Entry? entry;
        lock (_lock)
        {
            if (!_entries.TryGetValue(path, out entry) || entry.Tag != tag)
                _entries[path] = entry = new Entry(tag, new Lazy<T>(() => parse(path)));
            entry.Asked = ++_asked;
            if (_entries.Count > most)
                _entries.Remove(_entries.MinBy(e => e.Value.Asked).Key);
        }

        try
        {
            return (entry.Content.Value, tag);
        }
        catch (Exception e)
        {
            lock (_lock)
            {
                if (_entries.TryGetValue(path, out var now) && now == entry)
                    _entries.Remove(path);
            }

            // Gone since it was looked at.
            if (e is FileNotFoundException or DirectoryNotFoundException)
                return null;
            throw;
        }
    }

    /// <summary>Null if there is no file.</summary>
    public static string? TagOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? FormattableString.Invariant($"{file.LastWriteTimeUtc.Ticks:x}-{file.Length:x}") : null;
    }

    private sealed record Entry(string Tag, Lazy<T> Content)
    {
        public long Asked { get; set; }
    }
}
