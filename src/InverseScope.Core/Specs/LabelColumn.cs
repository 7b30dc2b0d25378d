using InverseScope.Core.Sampling;
using InverseScope.Core.Specs.Running;

namespace InverseScope.Core.Specs;

/// <summary>
/// Labels of one feature over a <see cref="TextPool"/>, as small codes, computed once for each distinct text at its
/// first use. Any number of threads may ask; new texts are labelled by one at a time.
/// </summary>
public sealed class LabelColumn(IFeature feature, TextPool texts)
{
    /// <summary>The code of texts on which the feature is undefined.</summary>
    public const int Undefined = -1;

    private const int NotYet = -2;

    private readonly LabelCodes _labels = new();
    private readonly FeatureFunction? _function = feature as FeatureFunction;
    private readonly Lock _writing = new();
    private int[] _codes = [];

    public IFeature Feature { get; } = feature;

    /// <summary>Distinct labels so far; a label's index is its code. Do not read while others ask for new texts.</summary>
    public IReadOnlyList<string> Labels => _labels.Labels;

    /// <summary>The label's code, or <see cref="Undefined"/>.</summary>
    /// <param name="textId">An id of the pool.</param>
    public int this[int textId]
    {
        get
        {
            var codes = Volatile.Read(ref _codes);
            return textId < codes.Length && Volatile.Read(ref codes[textId]) is var code and not NotYet ? code : Add(textId);
        }
    }

    /// <summary>The label itself, or null where the feature is undefined.</summary>
    public string? Label(int textId) => this[textId] is var code and not Undefined ? Labels[code] : null;

    /// <summary>Asks a labeller that answers in batches once for all of these texts; other features label at first use.</summary>
    /// <param name="textIds">Evaluated only if there is something to ask.</param>
    public void Prepare(Func<IEnumerable<int>> textIds, CancellationToken cancel)
    {
        if (Feature is IBatchFeature batch)
            AddAll(batch, [.. textIds()], cancel);
    }

    /// <summary>Codes of many texts.</summary>
    /// <param name="codes">As long as <paramref name="textIds"/>.</param>
    public void Read(ReadOnlySpan<int> textIds, Span<int> codes, CancellationToken cancel = default)
    {
        if (Feature is IBatchFeature batch)
            AddAll(batch, textIds, cancel);
        for (var i = 0; i < textIds.Length; i++)
            codes[i] = this[textIds[i]];
    }

    /// <summary>Codes of the texts 0 .. <paramref name="count"/> − 1.</summary>
    public ReadOnlySpan<int> ReadFirst(int count, CancellationToken cancel = default)
    {
        if (Feature is IBatchFeature batch)
            AddAll(batch, [.. Enumerable.Range(0, count)], cancel);
        for (var id = 0; id < count; id++)
            _ = this[id];
        return Volatile.Read(ref _codes).AsSpan(0, count);
    }

    private int Add(int textId)
    {
        lock (_writing)
        {
            MakeRoom(textId);
            ref var code = ref _codes[textId];
            if (code == NotYet)
            {
                var text = texts[textId];
                Volatile.Write(
                    ref code, _function is null ? _labels.CodeOf(Feature.Label(text)) : _function.Code(text, _labels));
            }

            return code;
        }
    }

    private void AddAll(IBatchFeature batch, ReadOnlySpan<int> textIds, CancellationToken cancel)
    {
        lock (_writing)
        {
            var missing = new List<int>();
            foreach (var id in textIds)
            {
                MakeRoom(id);
                if (_codes[id] == NotYet)
                    missing.Add(id);
            }

            missing = [.. missing.Distinct()];
            if (missing.Count == 0)
                return;
            var labels = batch.LabelAll([.. missing.Select(id => texts[id])], cancel);
            for (var i = 0; i < missing.Count; i++)
                Volatile.Write(ref _codes[missing[i]], _labels.CodeOf(labels[i]));
        }
    }

    private void MakeRoom(int textId)
    {
        if (textId < _codes.Length)
            return;
        var larger = new int[Math.Max(Math.Max(textId + 1, texts.Count), 2 * _codes.Length)];
        _codes.CopyTo(larger, 0);
        larger.AsSpan(_codes.Length).Fill(NotYet);
        Volatile.Write(ref _codes, larger);
    }
}
