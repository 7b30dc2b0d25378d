using System.Collections.Frozen;
using System.Globalization;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Tasks;

/// <summary>
/// Word translation in context: a line for each shot, as <c>house → maison</c>, then a line that stops where the
/// translation of the queried word comes next. The direction is drawn uniformly, then different pairs of its list for
/// the shots and the query, all orders alike.
/// </summary>
public sealed class TranslationTask : IAnsweredTask, IVariableTask, IOperations
{
    /// <summary>Priors with at most this many ways to make a text are enumerable.</summary>
    private const int EnumerableTexts = 250_000;

    private const string Direction = "direction";
    private const string SourceLanguage = "source_language";
    private const string TargetLanguage = "target_language";
    private const string Input = "input";
    private const string Answer = "answer";
    private const string Query = "query";
    private const string Arrow = "arrow";

    private readonly IReadOnlyList<TranslationDirection> _directions;
    private readonly FrozenDictionary<string, string>[] _targets;
    private readonly double[] _logShares;
    private readonly OrderedDictionary<string, (int Shot, Func<Shot, int> End)> _shotPositions = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, int> _shotVariables = new(StringComparer.Ordinal);
    private readonly Lazy<string[]>? _texts;

    /// <param name="format">How a shot is written.</param>
    /// <param name="shots">Shots before the query, at least 1.</param>
    /// <param name="directions">At least one; each with more pairs than shots, no source twice in one.</param>
    internal TranslationTask(
        string name, string description, ShotFormat format, int shots, IReadOnlyList<TranslationDirection> directions)
    {
        (Name, Description, Format, Shots, _directions) = (name, description, format, shots, directions);
        _targets = [.. directions.Select(d => d.Pairs.ToFrozenDictionary(p => p.Source, p => p.Target, StringComparer.Ordinal))];
        _logShares = [.. directions.Select(d => -Math.Log(directions.Count) - LogArrangements(d.Pairs.Count))];
        if (_logShares.Sum(share => Math.Exp(-share) / directions.Count) <= EnumerableTexts)
            _texts = new Lazy<string[]>(EnumerateTexts);
        Fingerprint = ContentHash.Of(
            [
                TranslationTaskFile.Schema, format.Pattern, shots.ToString(CultureInfo.InvariantCulture),
                .. directions.Select(d => ContentHash.Of([d.Name, .. d.Pairs.SelectMany(p => new[] { p.Source, p.Target })])),
            ]);
        Lexicons = directions
            .SelectMany(d => d.Pairs.SelectMany(p => new (string Language, string Word)[] { (d.Source, p.Source), (d.Target, p.Target) }))
            .GroupBy(w => w.Language, w => w.Word, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g.Distinct(StringComparer.Ordinal)], StringComparer.Ordinal);
        for (var i = 0; i < shots; i++)
        {
            var number = (i + 1).ToString(CultureInfo.InvariantCulture);
            _shotPositions.Add("source" + number, (i, static shot => shot.SourceEnd));
            _shotPositions.Add("arrow" + number, (i, static shot => shot.ArrowEnd));
            _shotPositions.Add("target" + number, (i, static shot => shot.TargetEnd));
            _shotVariables.Add("shot" + number, i);
        }

        PositionNames = [Query, Arrow, .. _shotPositions.Keys];
        Operations = [.. directions.Select(d => d.Name)];
        Variables = [Direction, SourceLanguage, TargetLanguage, Input, Answer, .. _shotVariables.Keys];
    }

    public string Name { get; }

    public string Description { get; }

    public string Fingerprint { get; }

    public long? Count => _texts?.Value.Length;

    /// <summary>
    /// <c>query</c>, the word to translate; <c>arrow</c>, after which its translation comes; and of each shot n
    /// <c>sourcen</c>, <c>arrown</c> and <c>targetn</c>. Each is the last character: the token that has read all of it.
    /// </summary>
    public IReadOnlyList<string> PositionNames { get; }

    /// <summary>The words of each language, by the language's name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lexicons { get; }

    /// <summary>
    /// <c>direction</c> (<c>en-fr</c>), <c>source_language</c>, <c>target_language</c>, <c>input</c> (the queried word),
    /// <c>answer</c> (its translation), and the shots from <c>shot1</c> on, as they are written.
    /// </summary>
    public IReadOnlyList<string> Variables { get; }

    /// <summary>The directions, e.g. <c>en-fr</c>; their query is the word to translate.</summary>
    public IReadOnlyList<string> Operations { get; }

    internal ShotFormat Format { get; }

    internal int Shots { get; }

    internal IReadOnlyList<TranslationDirection> Directions => _directions;

    public string TextAt(long index) => _texts is null
        ? throw new NotSupportedException($"The texts of '{Name}' are too many to enumerate: draw from it.")
        : _texts.Value[index];

    public string Draw(RandomStream random)
    {
        var pairs = random.Pick(_directions).Pairs;
        var drawn = new int[Shots + 1];
        for (var i = 0; i < drawn.Length; i++)
        {
            do
                drawn[i] = random.NextInt(pairs.Count);
            while (drawn.AsSpan(0, i).Contains(drawn[i]));
        }

        return Write(pairs, drawn);
    }

    /// <summary>ln Σ 1 / (D · n (n−1) … (n−k)) over the directions of D that can say the text, k shots, n pairs.</summary>
    public double? LogProbability(string text)
    {
        var probability = 0.0;
        if (Format.Read(text, Shots) is { } lines)
        {
            foreach (var direction in Readings(lines))
                probability += Math.Exp(_logShares[direction]);
        }

        return Math.Log(probability);
    }

    public string? WhyInvalid(string text)
    {
        if (Format.Read(text, Shots) is not { } lines)
        {
            return $"'{text}' is not {Shots} lines such as '{Format.Write("dog", "chien")}' and a last line that stops "
                + "before the translation.";
        }

        if (Readings(lines).Any())
            return null;
        var known = _targets.Any(t => t.ContainsKey(lines.Query));
        return known
            ? $"The shots of '{text}' are no {Shots} different pairs of one direction of task '{Name}' that has '{lines.Query}' too."
            : $"'{lines.Query}' is not among the words of task '{Name}'.";
    }

    public int? CharacterAt(string positionName, string text)
    {
        if (Format.Read(text, Shots) is not { } lines || !Readings(lines).Any())
            return null;
        switch (positionName)
        {
            case Query:
                return lines.QueryEnd - 1;
            case Arrow:
                return text.Length - 1;
        }

        return _shotPositions.TryGetValue(positionName, out var place) ? place.End(lines.Shots[place.Shot]) - 1 : null;
    }

    public string? ValueOf(string variable, string text)
    {
        if (!Variables.Contains(variable) || Format.Read(text, Shots) is not { } lines)
            return null;
        string? value = null;
        foreach (var direction in Readings(lines))
        {
            var here = variable switch
            {
                Direction => _directions[direction].Name,
                SourceLanguage => _directions[direction].Source,
                TargetLanguage => _directions[direction].Target,
                Input => lines.Query,
                Answer => _targets[direction][lines.Query],
                _ => text.Split('\n')[_shotVariables[variable]],
            };
            if (value is not null && value != here)
                return null;
            value = here;
        }

        return value;
    }

    public Question? QuestionOf(string text) =>
        ValueOf(Answer, text) is { } answer ? new Question(text, Format.BeforeAnswer + answer, null) : null;

    public AskedOperation? AskedBy(string text) =>
        ValueOf(Direction, text) is { } direction && ValueOf(Input, text) is { } word ? new AskedOperation(direction, word) : null;

    public string? AnswerTo(string operation, string query)
    {
        for (var i = 0; i < _targets.Length; i++)
        {
            if (_directions[i].Name == operation)
                return _targets[i].GetValueOrDefault(query);
        }

        return null;
    }

    // Directions that can say the lines; one, unless languages share all the words that occur.
    private IEnumerable<int> Readings(ShotLines lines)
    {
        var sources = new HashSet<string>(StringComparer.Ordinal) { lines.Query };
        if (lines.Shots.Any(shot => !sources.Add(shot.Source)))
            yield break;
        for (var i = 0; i < _targets.Length; i++)
        {
            var targets = _targets[i];
            if (targets.ContainsKey(lines.Query)
                && lines.Shots.All(s => targets.TryGetValue(s.Source, out var target) && target == s.Target))
            {
                yield return i;
            }
        }
    }

    private string Write(IReadOnlyList<WordPair> pairs, ReadOnlySpan<int> drawn)
    {
        var lines = new string[drawn.Length];
        for (var i = 0; i < Shots; i++)
            lines[i] = Format.Write(pairs[drawn[i]].Source, pairs[drawn[i]].Target);
        lines[Shots] = Format.WriteQuery(pairs[drawn[Shots]].Source);
        return string.Join('\n', lines);
    }

    // ln n (n−1) … (n−k), k shots and a query.
    private double LogArrangements(int pairs)
    {
        var sum = 0.0;
        for (var i = 0; i <= Shots; i++)
            sum += Math.Log(pairs - i);
        return sum;
    }

    private string[] EnumerateTexts()
    {
        var texts = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var drawn = new int[Shots + 1];
        foreach (var direction in _directions)
            DrawFrom(direction.Pairs, 0);
        return [.. texts];

        void DrawFrom(IReadOnlyList<WordPair> pairs, int next)
        {
            if (next == drawn.Length)
            {
                var text = Write(pairs, drawn);
                if (seen.Add(text))
                    texts.Add(text);
                return;
            }

            for (var pair = 0; pair < pairs.Count; pair++)
            {
                if (drawn.AsSpan(0, next).Contains(pair))
                    continue;
                drawn[next] = pair;
                DrawFrom(pairs, next + 1);
            }
        }
    }
}

/// <summary>A word and its translation.</summary>
internal readonly record struct WordPair(string Source, string Target);

/// <summary>What is translated into what, and the words.</summary>
/// <param name="Source">Language of the words to translate, e.g. <c>en</c>.</param>
/// <param name="Target">Language of their translations.</param>
internal sealed record TranslationDirection(string Source, string Target, IReadOnlyList<WordPair> Pairs)
{
    public string Name => $"{Source}-{Target}";
}
