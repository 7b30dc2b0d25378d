using System.Globalization;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Tasks;

/// <summary>
/// A user's own texts as a prior: each distinct text with the share of the file's weight that it has. A text that
/// stands in the file twice weighs twice.
/// </summary>
public sealed class TextFileTask : ITask
{
    private readonly List<string> _texts = [];
    private readonly double[] _cumulative;
    private readonly Dictionary<string, double> _logProbabilities = new(StringComparer.Ordinal);

    /// <param name="name">Name on the command line.</param>
    /// <param name="source">Where the texts come from, for messages.</param>
    /// <param name="texts">At least one; weights finite and above 0, any scale.</param>
    public TextFileTask(string name, string source, IEnumerable<WeightedText> texts)
    {
        Name = name;
        var weights = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (text, weight) in texts)
        {
            if (!weights.TryAdd(text, weight))
                weights[text] += weight;
            else
                _texts.Add(text);
        }

        ArgumentOutOfRangeException.ThrowIfZero(_texts.Count, nameof(texts));
        _cumulative = new double[_texts.Count];
        var total = 0.0;
        for (var i = 0; i < _texts.Count; i++)
            _cumulative[i] = total += weights[_texts[i]];
        var parts = new List<string>(2 * _texts.Count);
        foreach (var text in _texts)
        {
            _logProbabilities[text] = Math.Log(weights[text] / total);
            parts.Add(text);
            parts.Add(weights[text].ToString("R", CultureInfo.InvariantCulture));
        }

        Fingerprint = ContentHash.Of([.. parts]);
        Description = string.Create(CultureInfo.InvariantCulture, $"{_texts.Count:N0} texts of {source}.");
    }

    public string Name { get; }

    public string Description { get; }

    public string Fingerprint { get; }

    public long? Count => _texts.Count;

    public IReadOnlyList<string> PositionNames => [];

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lexicons { get; } =
        new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Distinct texts in the order of their first line.</summary>
    public string TextAt(long index) => _texts[checked((int)index)];

    public string Draw(RandomStream random)
    {
        var at = Array.BinarySearch(_cumulative, random.NextDouble() * _cumulative[^1]);
        return _texts[Math.Min(at < 0 ? ~at : at + 1, _texts.Count - 1)];
    }

    public double? LogProbability(string text) => _logProbabilities.GetValueOrDefault(text, double.NegativeInfinity);

    public string? WhyInvalid(string text) => _logProbabilities.ContainsKey(text)
        ? null
        : $"'{text}' is not one of the {_texts.Count.ToString("N0", CultureInfo.InvariantCulture)} texts of task '{Name}'.";

    public int? CharacterAt(string positionName, string text) => null;
}

/// <summary>A text and how much it counts.</summary>
public readonly record struct WeightedText(string Text, double Weight);
