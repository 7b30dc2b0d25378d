using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;

namespace InverseScope.Torch.Banks;

/// <summary>
/// The samplers of a population's sites. What those used last have worked out stays in memory, up to a bound; the others are made
/// again when they are needed. Activations stay mapped from their files, which takes addresses and no memory, until this is
/// disposed: only then nobody can be looking at them. Thread-safe.
/// </summary>
internal sealed class SiteSamplers(ActivationBank bank, Population population, MeasurementOptions options) : IDisposable
{
    private const long BytesKept = 512L << 20;

    private readonly LinkedList<(Site Site, SiteSampler Sampler)> _latestFirst = [];
    private readonly Dictionary<Site, BankRows> _rows = [];
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

                if (!_rows.TryGetValue(site, out var rows))
                    _rows.Add(site, rows = bank.Read(site));
                var sampler = new SiteSampler(rows, population, options);
                _latestFirst.AddFirst((site, sampler));
                while (_latestFirst.Count > 1 && _latestFirst.Sum(kept => kept.Sampler.Bytes) > BytesKept)
                    _latestFirst.RemoveLast();
                return sampler;
            }
        }
    }

    public void Dispose()
    {
        foreach (IDisposable rows in _rows.Values)
            rows.Dispose();
    }
}

/// <summary>A population's activations at one site, and draws from it.</summary>
internal sealed class SiteSampler
{
    private readonly BankRows _rows;
    private readonly NeighbourSampler _sampler;

    public SiteSampler(BankRows rows, Population population, MeasurementOptions options)
    {
        _rows = rows;
        _sampler = new NeighbourSampler(rows.Memory, rows.Width, [.. Enumerable.Range(0, population.Rows)], population.Weights, options, rows.Present);
        double with = 0, all = 0;
        for (var row = 0; row < rows.Present.Length; row++)
        {
            var weight = population.Weights?[row] ?? 1;
            all += weight;
            if (rows.Present[row] == 0)
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

    /// <summary>Memory held beside the mapped file, about: a norm and a text for each row.</summary>
    public long Bytes => 8L * _rows.Present.Length;

    /// <summary>The activation of a row, (K); empty if its text lacks the position.</summary>
    public ReadOnlyMemory<float> Activation(int row) =>
        _rows.Present[row] == 0 ? ReadOnlyMemory<float>.Empty : _rows.Memory.Slice(row * _rows.Width, _rows.Width);

    /// <inheritdoc cref="NeighbourSampler.Near"/>
    public IReadOnlyList<(int Row, double Distance)> Near(ReadOnlySpan<float> target, int referenceText) =>
        _sampler.Near(target, referenceText);

    /// <inheritdoc cref="NeighbourSampler.Draw"/>
    public SampleSet Draw(ReadOnlySpan<float> target, int referenceText, RandomStream random) =>
        _sampler.Draw(target, referenceText, random);
}
