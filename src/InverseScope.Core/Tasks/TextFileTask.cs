using System.Globalization;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Tasks;

/// <summary>
/// A user's own texts as a prior: each distinct text with the share of the file's weight that it has. A text that
/// stands in the file twice weighs twice.
/// </summary>
public sealed class TextFileTask : IVariableTask
{
    private const string Reply = "reply";

    private readonly List<string> _texts = [];
    private readonly Dictionary<string, int> _rows = new(StringComparer.Ordinal);
    private readonly double[] _cumulative;
    private readonly double[] _logProbabilities;
    private readonly Dictionary<string, string>?[] _variables;

    /// <param name="name">Name on the command line.</param>
    /// <param name="source">Where the texts come from, for messages.</param>
    /// <param name="texts">At least one; weights finite and above 0, any scale.</param>
    /// <param name="format">How models read the texts if they are instructions; null if they are not.</param>
    public TextFileTask(string name, string source, IEnumerable<WeightedText> texts, InstructionFormat? format = null)
    {
        (Name, Format) = (name, format);
        var weights = new List<double>();
        var variables = new List<Dictionary<string, string>?>();
        foreach (var text in texts)
        {
            if (_rows.TryAdd(text.Text, _texts.Count))
            {
                _texts.Add(text.Text);
                weights.Add(text.Weight);
                variables.Add(text.Variables is null ? null : new Dictionary<string, string>(text.Variables, StringComparer.Ordinal));
            }
            else
            {
                var row = _rows[text.Text];
                weights[row] += text.Weight;
                variables[row] = Agreeing(variables[row], text.Variables);
            }
        }

        ArgumentOutOfRangeException.ThrowIfZero(_texts.Count, nameof(texts));
        _variables = [.. variables];
        Variables = [.. variables.SelectMany(v => v?.Keys ?? Enumerable.Empty<string>()).Distinct(StringComparer.Ordinal)];
        _cumulative = new double[_texts.Count];
        var total = 0.0;
        for (var i = 0; i < _texts.Count; i++)
            _cumulative[i] = total += weights[i];
        _logProbabilities = [.. weights.Select(weight => Math.Log(weight / total))];
        Fingerprint = MakeFingerprint(weights);
        Description = string.Create(CultureInfo.InvariantCulture, $"{_texts.Count:N0} texts of {source}.");
    }

    public string Name { get; }

    public string Description { get; }

    public string Fingerprint { get; }

    public long? Count => _texts.Count;

    /// <summary>How models read the texts if they are instructions; null if they are not.</summary>
    public InstructionFormat? Format { get; }

    /// <summary>
    /// <c>reply</c>, if the texts are instructions: the last character that the model reads before its reply, of the
    /// rendered prompt where there is a chat template.
    /// </summary>
    public IReadOnlyList<string> PositionNames => Format is null ? [] : [Reply];

    /// <summary>The fields of JSON lines. Where a text stands in the file twice, only those that agree.</summary>
    public IReadOnlyList<string> Variables { get; }

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lexicons { get; } =
        new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Distinct texts in the order of their first line.</summary>
    public string TextAt(long index) => _texts[checked((int)index)];

    public string Draw(RandomStream random)
    {
        var at = Array.BinarySearch(_cumulative, random.NextDouble() * _cumulative[^1]);
        return _texts[Math.Min(at < 0 ? ~at : at + 1, _texts.Count - 1)];
    }

    public double? LogProbability(string text) =>
        _rows.TryGetValue(text, out var row) ? _logProbabilities[row] : double.NegativeInfinity;

    public string? WhyInvalid(string text) => _rows.ContainsKey(text)
        ? null
        : $"'{text}' is not one of the {_texts.Count.ToString("N0", CultureInfo.InvariantCulture)} texts of task '{Name}'.";

    public int? CharacterAt(string positionName, string text)
    {
        if (Format is null || positionName != Reply)
            return null;
        // A template ends in white space that is a token; a text alone may end in some that no token covers.
        var end = Format.Template is null ? text.AsSpan().TrimEnd().Length : text.Length;
        return end > 0 ? end - 1 : null;
    }

    public string? ValueOf(string variable, string text) =>
        _rows.TryGetValue(text, out var row) ? _variables[row]?.GetValueOrDefault(variable) : null;

    private static Dictionary<string, string>? Agreeing(
        Dictionary<string, string>? values, IReadOnlyDictionary<string, string>? others)
    {
        if (values is null || others is null)
            return null;
        foreach (var (variable, value) in values)
        {
            if (others.GetValueOrDefault(variable) != value)
                values.Remove(variable);
        }

        return values;
    }

    private string MakeFingerprint(List<double> weights)
    {
        var parts = new List<string>(2 * _texts.Count);
        for (var i = 0; i < _texts.Count; i++)
        {
            parts.Add(_texts[i]);
            parts.Add(weights[i].ToString("R", CultureInfo.InvariantCulture));
        }

        var texts = ContentHash.Of([.. parts]);
        if (Format is null && Variables.Count == 0)
            return texts;
        return ContentHash.Of(
            [
                texts, Format?.ToString() ?? "", .. Variables,
                .. _variables.SelectMany(v => Variables.Select(name => v?.GetValueOrDefault(name) ?? "")),
            ]);
    }
}

/// <summary>A text, how much it counts, and what is known of it by name.</summary>
public readonly record struct WeightedText(string Text, double Weight, IReadOnlyDictionary<string, string>? Variables = null);
