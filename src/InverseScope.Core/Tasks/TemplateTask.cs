using System.Collections.Frozen;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Tasks;

/// <summary>
/// Texts made from templates with slots: one line of templates is drawn, then one of the line's options, then a word for
/// each slot, all uniformly. Slots of the same lexicon get different words.
/// </summary>
public sealed class TemplateTask : IAnsweredTask
{
    /// <summary>Priors with at most this many fills are enumerable.</summary>
    private const int EnumerableFills = 250_000;

    private readonly IReadOnlyList<TextTemplate> _templates;
    private readonly double[] _cumulativeShares;
    private readonly double[] _fills;
    private readonly SlotWords[] _slots;
    private readonly FrozenDictionary<string, SlotOccurrence> _positions;
    private readonly int? _answer;
    private readonly int? _rival;
    private readonly Lazy<string[]>? _texts;

    internal TemplateTask(TemplateTaskParts parts)
    {
        Name = parts.Name;
        Description = parts.Description;
        Fingerprint = parts.Fingerprint;
        Lexicons = parts.Lexicons;
        (_templates, _slots, _answer, _rival) = (parts.Templates, parts.Slots, parts.Answer, parts.Rival);
        _positions = parts.Positions.ToFrozenDictionary(StringComparer.Ordinal);
        PositionNames = [.. parts.Positions.Keys, End];
        _cumulativeShares = new double[_templates.Count];
        var sum = 0.0;
        for (var i = 0; i < _templates.Count; i++)
            _cumulativeShares[i] = sum += _templates[i].Share;
        _fills = [.. _templates.Select(Fills)];
        if (_fills.Sum() <= EnumerableFills)
            _texts = new Lazy<string[]>(EnumerateTexts);
    }

    /// <summary>Name of the position of the last character, which every template task has.</summary>
    internal const string End = "end";

    public string Name { get; }

    public string Description { get; }

    public string Fingerprint { get; }

    public long? Count => _texts?.Value.Length;

    public IReadOnlyList<string> PositionNames { get; }

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lexicons { get; }

    public string TextAt(long index) => _texts is null
        ? throw new NotSupportedException($"The texts of '{Name}' are too many to enumerate: draw from it.")
        : _texts.Value[index];

    public string Draw(RandomStream random)
    {
        var at = Array.BinarySearch(_cumulativeShares, random.NextDouble());
        // A share's upper end belongs to the next template; rounding may leave the last sum just below 1.
        var template = _templates[Math.Min(at < 0 ? ~at : at + 1, _templates.Count - 1)];
        var words = new string?[_slots.Length];
        foreach (var slot in template.Slots)
        {
            do
                words[slot] = random.Pick(_slots[slot].Words);
            while (RepeatsAnother(template, words, slot));
        }

        return template.Fill(words);
    }

    /// <summary>Sum over the ways to make the text: ln Σ p(template) Π 1/(number of words left for the slot).</summary>
    public double? LogProbability(string text)
    {
        var probability = 0.0;
        foreach (var (template, _) in Readings(text))
            probability += _templates[template].Share / _fills[template];
        return Math.Log(probability);
    }

    public string? WhyInvalid(string text)
    {
        if (FirstReading(text) is not null)
            return null;
        foreach (var template in _templates)
        {
            if (template.LooseReading(text) is not { } words)
                continue;
            foreach (var (slot, word) in words)
            {
                if (_slots[slot].Find(word) is null)
                {
                    var hint = NearestName.Hint(word, _slots[slot].Words);
                    return $"'{word}' is not among the {_slots[slot].Lexicon} of task '{Name}'.{hint}";
                }
            }

            var changed = words.GroupBy(w => w.Slot).FirstOrDefault(g => g.Distinct().Count() > 1);
            return changed is not null
                ? $"'{string.Join("' and '", changed.Select(w => w.Word).Distinct())}' stand where one word must be repeated."
                : $"'{text}' has the same word in two places that must differ.";
        }

        return $"'{text}' is not made from a template of task '{Name}'.";
    }

    public int? CharacterAt(string positionName, string text)
    {
        if (positionName != End && !_positions.ContainsKey(positionName) || FirstReading(text) is not { } reading)
            return null;
        if (positionName == End)
            return text.Length - 1;
        var position = _positions[positionName];
        return _templates[reading.Template].Start(position.Slot, position.Occurrence, reading.Words);
    }

    public Question? QuestionOf(string text)
    {
        if (_answer is not { } slot || FirstReading(text) is not { } reading || reading.Words[slot] is not { } answer)
            return null;
        var space = char.IsWhiteSpace(text[^1]) ? "" : " ";
        var rival = _rival is { } other ? reading.Words[other] : null;
        return new Question(text, space + answer, rival is null ? null : space + rival);
    }

    private (int Template, string?[] Words)? FirstReading(string text)
    {
        foreach (var reading in Readings(text))
            return reading;
        return null;
    }

    private IEnumerable<(int Template, string?[] Words)> Readings(string text)
    {
        for (var i = 0; i < _templates.Count; i++)
        {
            var template = _templates[i];
            foreach (var words in template.Readings(text, _slots))
            {
                if (!template.Slots.Any(slot => RepeatsAnother(template, words, slot)))
                    yield return (i, words);
            }
        }
    }

    // Whether an earlier slot of the same lexicon has the slot's word.
    private bool RepeatsAnother(TextTemplate template, string?[] words, int slot)
    {
        foreach (var earlier in template.Slots)
        {
            if (earlier >= slot)
                break;
            if (_slots[earlier].Lexicon == _slots[slot].Lexicon && words[earlier] == words[slot])
                return true;
        }

        return false;
    }

    /// <summary>Ways to fill a template's slots.</summary>
    private double Fills(TextTemplate template)
    {
        var fills = 1.0;
        foreach (var group in template.Slots.GroupBy(s => _slots[s].Lexicon))
        {
            var left = _slots[group.First()].Words.Count;
            foreach (var _ in group)
                fills *= left--;
        }

        return fills;
    }

    private string[] EnumerateTexts()
    {
        var texts = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var words = new string?[_slots.Length];
        foreach (var template in _templates)
            FillFrom(template, 0);
        return [.. texts];

        void FillFrom(TextTemplate template, int next)
        {
            if (next == template.Slots.Count)
            {
                var text = template.Fill(words);
                if (seen.Add(text))
                    texts.Add(text);
                return;
            }

            var slot = template.Slots[next];
            foreach (var word in _slots[slot].Words)
            {
                words[slot] = word;
                if (!RepeatsAnother(template, words, slot))
                    FillFrom(template, next + 1);
            }
        }
    }
}

/// <summary>The n-th occurrence of a slot, n from 1.</summary>
internal readonly record struct SlotOccurrence(int Slot, int Occurrence);

/// <summary>What a template task is made of, checked by its file's reader.</summary>
internal sealed record TemplateTaskParts(
    string Name,
    string Description,
    string Fingerprint,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Lexicons,
    SlotWords[] Slots,
    IReadOnlyList<TextTemplate> Templates,
    IReadOnlyDictionary<string, SlotOccurrence> Positions,
    int? Answer,
    int? Rival);
