using InverseScope.Core.Seeds;

namespace InverseScope.Core.Sampling;

/// <summary>Texts near one reference with their weights, on the way to its samples.</summary>
internal sealed class WeightedTexts(int capacity)
{
    private readonly List<int> _texts = new(capacity);
    private readonly List<float> _distances = new(capacity);
    private readonly List<double> _weights = new(capacity);
    private double _squares;

    public int Count => _texts.Count;

    public double Sum { get; private set; }

    public double WeightOf(int index) => _weights[index];

    /// <param name="weight">At least 0, any scale.</param>
    public void Add(int text, double distance, double weight)
    {
        _texts.Add(text);
        _distances.Add((float)distance);
        _weights.Add(weight);
        Sum += weight;
        _squares += weight * weight;
    }

    /// <summary>Every text with its share of the weight, or so many samples if there are more texts than that.</summary>
    /// <param name="samples">0 keeps every text.</param>
    /// <param name="random">Used only if there are more texts than samples asked for.</param>
    public SampleSet ToSet(int reference, double? bits, int samples, RandomStream random)
    {
        if (!(Sum > 0))
            return SampleSet.Empty(reference) with { Bits = bits };
        var ess = Sum * Sum / _squares;
        if (samples == 0 || Count <= samples)
            return new SampleSet(reference, [.. _texts], [.. _weights.Select(w => (float)(w / Sum))], [.. _distances], ess, Count, bits);
        var rows = SystematicSample.Of(_weights, samples, random.NextDouble());
        var equal = new float[samples];
        Array.Fill(equal, 1f / samples);
        return new SampleSet(reference, Array.ConvertAll(rows, row => _texts[row]), equal, Array.ConvertAll(rows, row => _distances[row]), ess, Count, bits);
    }
}
