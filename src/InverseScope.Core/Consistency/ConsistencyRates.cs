namespace InverseScope.Core.Consistency;

/// <summary>
/// FCR and chance of any multiset of clusters, laid out so that thousands of replicates cost milliseconds.
/// </summary>
internal sealed class ConsistencyRates
{
    private readonly double[] _observations;
    private readonly double[] _matched;
    private readonly int[] _label;

    // Label shares of all clusters one after the other; those of cluster c are _start[c] .. _start[c + 1].
    private readonly int[] _start;
    private readonly int[] _sampleLabel;
    private readonly double[] _sampleShare;

    // q by label if it is given; else null.
    private readonly double[]? _prior;
    private readonly double[] _referenceMass;
    private readonly double[] _sampleMass;

    /// <param name="clusters">Measured references.</param>
    /// <param name="priorShares">q by label code; null takes it from the samples of each multiset.</param>
    public ConsistencyRates(IReadOnlyList<ReferenceCluster> clusters, double[]? priorShares)
    {
        int[] codes = [.. clusters.Select(c => c.Label).Distinct().Order()];
        _observations = [.. clusters.Select(c => (double)c.Observations)];
        _matched = [.. clusters.Select(c => c.Observations * c.Matched)];
        _label = [.. clusters.Select(c => Array.BinarySearch(codes, c.Label))];
        _prior = priorShares is null ? null : [.. codes.Select(c => c < priorShares.Length ? priorShares[c] : 0)];
        _referenceMass = new double[codes.Length];
        _sampleMass = new double[codes.Length];
        _start = new int[clusters.Count + 1];
        var sampleLabels = new List<int>();
        var sampleShares = new List<double>();
        for (var c = 0; c < clusters.Count && _prior is null; c++)
        {
            for (var i = 0; i < clusters[c].Labels.Length; i++)
            {
                var label = Array.BinarySearch(codes, clusters[c].Labels[i]);
                if (label < 0)
                    continue;
                sampleLabels.Add(label);
                sampleShares.Add(clusters[c].Observations * clusters[c].Shares[i]);
            }

            _start[c + 1] = sampleLabels.Count;
        }

        (_sampleLabel, _sampleShare) = ([.. sampleLabels], [.. sampleShares]);
    }

    public int Clusters => _label.Length;

    /// <summary>Number of distinct labels of references.</summary>
    public int Labels => _referenceMass.Length;

    /// <param name="drawn">How often each cluster is in the multiset; not all 0.</param>
    public (double Fcr, double Chance) Of(ReadOnlySpan<int> drawn)
    {
        Array.Clear(_referenceMass);
        Array.Clear(_sampleMass);
        var (observations, matched) = (0.0, 0.0);
        for (var c = 0; c < drawn.Length; c++)
        {
            if (drawn[c] == 0)
                continue;
            double times = drawn[c];
            observations += times * _observations[c];
            matched += times * _matched[c];
            _referenceMass[_label[c]] += times * _observations[c];
            for (var i = _start[c]; i < _start[c + 1]; i++)
                _sampleMass[_sampleLabel[i]] += times * _sampleShare[i];
        }

        var chance = 0.0;
        for (var v = 0; v < _referenceMass.Length; v++)
            chance += _referenceMass[v] * (_prior is null ? _sampleMass[v] / observations : _prior[v]);
        return (Math.Min(1, matched / observations), Math.Min(1, chance / observations));
    }
}
