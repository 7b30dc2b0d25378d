using BenchmarkDotNet.Attributes;
using InverseScope.Core.Consistency;
using InverseScope.Core.Information;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;
using InverseScope.Core.Statistics.Multiplicity;
using InverseScope.Core.Statistics.Sequential;

namespace InverseScope.Benchmarks;

/// <summary>
/// What a verdict costs. Ceilings: an update of a confidence sequence 5 µs, a cluster bootstrap 100 ms. Last numbers:
/// results/statistics.md.
/// </summary>
[MemoryDiagnoser]
public class StatisticsBenchmarks
{
    private const int References = 200;
    private const int Samples = 32;
    private const int Updates = 1_000;
    private static readonly RunSeed Seed = new(1);

    private readonly double[] _effects = new double[Updates];
    private readonly double[] _eValues = new double[10_000];
    private readonly int[] _partition = new int[20_000];
    private readonly int[] _otherPartition = new int[20_000];
    private LabelledReference[] _references = [];
    private ReferenceClusters _clusters = ReferenceClusters.Of([], 0);

    /// <summary>Labels that the feature has: a digit, and a word of a long list.</summary>
    [Params(10, 1_000)]
    public int Labels { get; set; }

    [GlobalSetup]
    public void Draw()
    {
        var random = Seed.Stream("benchmark");
        _references = [.. Enumerable.Range(0, References).Select(r =>
        {
            var label = random.NextInt(Labels);
            int[] labels = [.. Enumerable.Range(0, Samples).Select(_ =>
                random.NextDouble() < 0.4 ? label : random.NextInt(Labels))];
            return new LabelledReference(
                r, label, [.. Enumerable.Range(r * Samples, Samples)], labels,
                [.. Enumerable.Repeat(1f / Samples, Samples)], Samples);
        })];
        _clusters = ReferenceClusters.Of(_references, 5);
        for (var i = 0; i < Updates; i++)
            _effects[i] = Math.Clamp(0.3 + 0.4 * random.NextNormal(), -1, 1);
        for (var i = 0; i < _eValues.Length; i++)
            _eValues[i] = Math.Exp(3 * random.NextNormal());
        for (var i = 0; i < _partition.Length; i++)
            (_partition[i], _otherPartition[i]) = (random.NextInt(Labels), random.NextInt(Labels));
    }

    [Benchmark(OperationsPerInvoke = Updates)]
    public Interval BettingUpdate()
    {
        var sequence = new BettingSequence(0.05);
        foreach (var effect in _effects)
            sequence.Observe(0.5 * (effect + 1));
        return sequence.Interval;
    }

    /// <summary>The first updates are the dearest, since no mean is rejected yet.</summary>
    [Benchmark(OperationsPerInvoke = 20)]
    public Interval FirstBettingUpdates()
    {
        var sequence = new BettingSequence(0.05);
        foreach (var effect in _effects.AsSpan(0, 20))
            sequence.Observe(0.5 * (effect + 1));
        return sequence.Interval;
    }

    [Benchmark(OperationsPerInvoke = Updates)]
    public Interval EmpiricalBernsteinUpdate()
    {
        var sequence = new EmpiricalBernsteinSequence(0.05);
        foreach (var effect in _effects)
            sequence.Observe(0.5 * (effect + 1));
        return sequence.Interval;
    }

    [Benchmark(OperationsPerInvoke = Updates)]
    public double SequentialTestUpdate()
    {
        var test = new SequentialTest(new SequentialTestOptions { Evidence = double.MaxValue, MaximumPairs = Updates + 1 });
        foreach (var effect in _effects)
            test.Observe(effect);
        return test.EValue;
    }

    [Benchmark]
    public FeatureConsistency ConsistencyWithClusterBootstrap() =>
        FeatureConsistency.Measure(_references, 5, bootstrap: Seed.Stream("bootstrap"));

    [Benchmark]
    public FeatureConsistency ConsistencyAlone() => FeatureConsistency.Measure(_references, 5);

    [Benchmark]
    public FeatureBits? BitsWithClusterBootstrap() => FeatureBits.Measure(_clusters, Seed.Stream("bits"));

    [Benchmark]
    public double[] PairSwapEffects() => PairSwap.Effects(_clusters, Seed.Stream("pairs"));

    [Benchmark]
    public double PermutationPValue() => PermutationTest.PValue(_clusters, Seed.Stream("permutations"));

    [Benchmark]
    public bool[] EBenjaminiHochbergOfTenThousand() => EBenjaminiHochberg.Reject(_eValues, 0.05);

    [Benchmark]
    public double AdjustedMutualInformationOfTwentyThousand() =>
        AdjustedMutualInformation.Of(_partition, _otherPartition);
}
