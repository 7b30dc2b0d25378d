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
        var (texts, distances) = Resampled(samples, random);
        var equal = new float[samples];
        Array.Fill(equal, 1f / samples);
        return new SampleSet(reference, texts, equal, distances, ess, Count, bits);
    }

    // Systematic resampling: one uniform offset, S equally spaced points of the cumulated weights. Unbiased, and with
    // less spread than independent draws.
    private (int[] Texts, float[] Distances) Resampled(int count, RandomStream random)
    {
        var texts = new int[count];
        var distances = new float[count];
        var step = Sum / count;
        var point = random.NextDouble() * step;
        double cumulated = 0;
        var drawn = 0;
        for (var i = 0; i < Count && drawn < count; i++)
        {
            cumulated += _weights[i];
            // The last row also takes the points that rounding left over.
            while (drawn < count && (point < cumulated || i == Count - 1))
            {
                texts[drawn] = _texts[i];
                distances[drawn++] = _distances[i];
                point += step;
            }
        }

        return (texts, distances);
    }
}
