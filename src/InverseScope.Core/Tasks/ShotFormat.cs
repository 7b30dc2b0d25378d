namespace InverseScope.Core.Tasks;

/// <summary>How a shot is written on its line: <c>{source}</c> and <c>{target}</c> with text around them.</summary>
internal sealed record ShotFormat
{
    private const string Source = "{source}";
    private const string Target = "{target}";
    private readonly string _before;
    private readonly string _between;
    private readonly string _after;
    private readonly string _asked;

    private ShotFormat(string pattern, string before, string between, string after)
    {
        (Pattern, _before, _between, _after) = (pattern, before, between, after);
        _asked = between.TrimEnd();
    }

    /// <summary>As it is written in task files, e.g. <c>{source} → {target}</c>.</summary>
    public string Pattern { get; }

    /// <summary>White space between the end of a query and the answer.</summary>
    public string BeforeAnswer => _between[_asked.Length..];

    /// <summary>The format, or null if the pattern is none: both places in this order, with more than space between them, on one line.</summary>
    public static ShotFormat? Parse(string pattern)
    {
        var source = pattern.IndexOf(Source, StringComparison.Ordinal);
        var target = pattern.IndexOf(Target, StringComparison.Ordinal);
        if (source < 0 || target < source + Source.Length || pattern.AsSpan().ContainsAny('\n', '\r'))
            return null;
        var between = pattern[(source + Source.Length)..target];
        return string.IsNullOrWhiteSpace(between)
            ? null
            : new ShotFormat(pattern, pattern[..source], between, pattern[(target + Target.Length)..]);
    }

    /// <summary>Whether a word can be told from the text around it: not empty, on one line, without what stands between the words.</summary>
    public bool CanHold(string word) =>
        word.Length > 0 && word.Trim() == word && !word.AsSpan().ContainsAny('\n', '\r')
        && !word.Contains(_between.Trim(), StringComparison.Ordinal);

    public string Write(string source, string target) => _before + source + _between + target + _after;

    /// <summary>A shot up to where its target comes next, without white space at the end.</summary>
    public string WriteQuery(string source) => _before + source + _asked;

    /// <summary>Shots and query of a text; null if its lines are not that.</summary>
    public ShotLines? Read(string text, int shots)
    {
        var read = new Shot[shots];
        var start = 0;
        for (var i = 0; i < shots; i++)
        {
            var length = text.AsSpan(start).IndexOf('\n');
            if (length < 0 || ReadShot(text, start, start + length) is not { } shot)
                return null;
            read[i] = shot;
            start += length + 1;
        }

        var line = text.AsSpan(start);
        if (line.Length <= _before.Length + _asked.Length || line.Contains('\n')
            || !line.StartsWith(_before, StringComparison.Ordinal) || !line.EndsWith(_asked, StringComparison.Ordinal))
        {
            return null;
        }

        var end = text.Length - _asked.Length;
        return new ShotLines(read, text[(start + _before.Length)..end], end);
    }

    private Shot? ReadShot(string text, int start, int end)
    {
        var line = text.AsSpan(start, end - start);
        if (line.Length < _before.Length + _between.Length + _after.Length
            || !line.StartsWith(_before, StringComparison.Ordinal) || !line.EndsWith(_after, StringComparison.Ordinal))
        {
            return null;
        }

        var words = line[_before.Length..(line.Length - _after.Length)];
        var between = words.IndexOf(_between, StringComparison.Ordinal);
        if (between <= 0 || between + _between.Length == words.Length)
            return null;
        var sourceEnd = start + _before.Length + between;
        return new Shot(
            words[..between].ToString(), words[(between + _between.Length)..].ToString(), sourceEnd,
            sourceEnd + _asked.Length, end - _after.Length);
    }
}

/// <summary>A shot in a text, and the characters after its source, the arrow and its target.</summary>
internal readonly record struct Shot(string Source, string Target, int SourceEnd, int ArrowEnd, int TargetEnd);

/// <summary>What the lines of a text say.</summary>
/// <param name="Query">The word to translate.</param>
/// <param name="QueryEnd">The character after it.</param>
internal sealed record ShotLines(IReadOnlyList<Shot> Shots, string Query, int QueryEnd);
