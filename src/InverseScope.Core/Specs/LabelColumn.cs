using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Specs.Running;

namespace InverseScope.Core.Specs;

/// <summary>
/// Labels of one feature over a <see cref="TextPool"/>, as small codes, computed once for each distinct text at its
/// first use. Any number of threads may ask; new texts are labelled by one at a time.
/// </summary>
public sealed class LabelColumn(IFeature feature, TextPool texts)
{
    private const int NotYet = int.MinValue;

    private readonly LabelCodes _labels = new();
    private readonly FeatureFunction? _function = feature as FeatureFunction;
    private readonly Lock _writing = new();
    private int[] _codes = [];

    public IFeature Feature { get; } = feature;

    /// <summary>Distinct labels so far; a label's index is its code. Do not read while others ask for new texts.</summary>
    public IReadOnlyList<string> Labels => _labels.Labels;

    /// <summary>
    /// The label's code; <see cref="LabelCode.Undefined"/>, or <see cref="LabelCode.Failed"/> where a limit was broken or a
    /// labeller did not answer: then the label is missing rather than none.
    /// </summary>
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
    public string? Label(int textId) => this[textId] is >= 0 and var code ? Labels[code] : null;

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
                Volatile.Write(ref code, _function is null ? CodeOf(Feature.Run(text)) : _function.Code(text, _labels));
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
            var outcomes = batch.RunAll([.. missing.Select(id => texts[id])], cancel);
            for (var i = 0; i < missing.Count; i++)
                Volatile.Write(ref _codes[missing[i]], CodeOf(outcomes[i]));
        }
    }

    private int CodeOf(LabelOutcome outcome) => outcome.Failure is null ? _labels.CodeOf(outcome.Label) : LabelCode.Failed;

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
