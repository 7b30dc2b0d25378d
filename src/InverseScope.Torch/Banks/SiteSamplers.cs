using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;

namespace InverseScope.Torch.Banks;

/// <summary>
/// The samplers of a population's sites. Those used last stay in memory, up to a bound; the others are read again when
/// they are needed. Thread-safe.
/// </summary>
internal sealed class SiteSamplers(ActivationBank bank, Population population, MeasurementOptions options)
{
    private const long BytesKept = 512L << 20;

    private readonly LinkedList<(Site Site, SiteSampler Sampler)> _latestFirst = [];
    private readonly Lock _lock = new();

    /// <summary>The sampler of a site that was collected.</summary>
    public SiteSampler this[Site site]
    {
        get
        {
            lock (_lock)
            {
                for (var node = _latestFirst.First; node is not null; node = node.Next)
                {
                    if (node.Value.Site != site)
                        continue;
                    _latestFirst.Remove(node);
                    _latestFirst.AddFirst(node);
                    return node.Value.Sampler;
                }

                var sampler = new SiteSampler(bank.Read(site), population, options);
                _latestFirst.AddFirst((site, sampler));
                while (_latestFirst.Count > 1 && _latestFirst.Sum(kept => kept.Sampler.Bytes) > BytesKept)
                    _latestFirst.RemoveLast();
                return sampler;
            }
        }
    }
}

/// <summary>A population's activations at one site, and draws from it.</summary>
internal sealed class SiteSampler
{
    private readonly float[] _values;
    private readonly byte[] _present;
    private readonly int _width;
    private readonly NeighbourSampler _sampler;

    public SiteSampler((float[] Values, int Width, byte[] Present) activations, Population population, MeasurementOptions options)
    {
        (_values, _width, _present) = activations;
        _sampler = new NeighbourSampler(_values, _width, [.. Enumerable.Range(0, population.Rows)], population.Weights, options);
        double with = 0, all = 0;
        for (var row = 0; row < _present.Length; row++)
        {
            var weight = population.Weights?[row] ?? 1;
            all += weight;
            if (_present[row] == 0)
                continue;
            with += weight;
            RowsWithPosition++;
        }

        ShareWithPosition = with / all;
    }

    /// <summary>Share of the prior that has the site's position.</summary>
    public double ShareWithPosition { get; }

    /// <summary>Number of rows that have it.</summary>
    public long RowsWithPosition { get; }

    /// <summary>Memory held, about.</summary>
    public long Bytes => 4L * _values.Length + 5L * _present.Length;

    /// <summary>The activation of a row, (K); empty if its text lacks the position.</summary>
    public ReadOnlyMemory<float> Activation(int row) =>
        _present[row] == 0 ? ReadOnlyMemory<float>.Empty : _values.AsMemory(row * _width, _width);

    /// <inheritdoc cref="NeighbourSampler.Near"/>
    public IReadOnlyList<(int Row, double Distance)> Near(ReadOnlySpan<float> target, int referenceText) =>
        _sampler.Near(target, referenceText);

    /// <inheritdoc cref="NeighbourSampler.Draw"/>
    public SampleSet Draw(ReadOnlySpan<float> target, int referenceText, RandomStream random) =>
        _sampler.Draw(target, referenceText, random);
}
