using System.Numerics;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Sampling;

/// <summary>
/// Draws samples of P(x; ẑ) ∝ p(x) k(d(z(x), ẑ)) from a population whose activations at one site are known: an
/// enumerated prior or a bank of draws. Thread-safe.
/// </summary>
public sealed class NeighbourSampler
{
    private readonly ReadOnlyMemory<float> _rows;
    private readonly int _width;
    private readonly int[] _texts;
    private readonly double[]? _prior;
    private readonly byte[]? _present;
    private readonly MeasurementOptions _options;
    private readonly NeighbourKernel _kernel;
    private readonly float[]? _norms;

    // Sum of the prior weights of rows that can be neighbours, their number where all are alike.
    private readonly double _mass;

    /// <param name="rows">Activations, (M, K) row by row; a row with NaN is never near anything.</param>
    /// <param name="width">K, at least 1.</param>
    /// <param name="texts">Text id of each row, (M); a text drawn twice into a bank has two rows.</param>
    /// <param name="prior">Prior weight of each row, (M), any scale; null if all are alike.</param>
    /// <param name="options">Checked by the caller.</param>
    /// <param name="present">
    /// 0 for each row that stands for no activation, (M): its numbers are never looked at, and it counts for nothing. Null if all do.
    /// </param>
    public NeighbourSampler(
        ReadOnlyMemory<float> rows, int width, int[] texts, double[]? prior, MeasurementOptions options, byte[]? present = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rows.Length, checked(width * texts.Length));
        if (prior is not null)
            ArgumentOutOfRangeException.ThrowIfNotEqual(prior.Length, texts.Length);
        if (present is not null)
            ArgumentOutOfRangeException.ThrowIfNotEqual(present.Length, texts.Length);
        (_rows, _width, _texts, _prior, _present, _options, _kernel) = (rows, width, texts, prior, present, options, new NeighbourKernel(options));
        if (options.Distance == DistanceKind.Cosine)
            _norms = Norms(rows.Span);
        for (var i = 0; i < texts.Length; i++)
        {
            if (IsPresent(i))
                _mass += prior?[i] ?? 1;
        }
    }

    /// <summary>Samples for one reference.</summary>
    /// <param name="target">ẑ, (K).</param>
    /// <param name="referenceText">Text id of x̂, which is left out unless the options include it.</param>
    /// <param name="random">Used only if there are more neighbours than samples asked for.</param>
    /// <exception cref="ArgumentException">ẑ has another width or is not finite.</exception>
    public SampleSet Draw(ReadOnlySpan<float> target, int referenceText, RandomStream random)
    {
        var near = Near(target, referenceText);
        var weighted = new WeightedTexts(near.Count);
        foreach (var (row, distance) in near)
            weighted.Add(_texts[row], distance, _kernel.Of(distance) * Prior(row));
        if (!(weighted.Sum > 0))
            return SampleSet.Empty(referenceText);
        double told = 0;
        for (var i = 0; i < weighted.Count; i++)
        {
            if (weighted.WeightOf(i) > 0)
                told += weighted.WeightOf(i) / weighted.Sum * Math.Log2(weighted.WeightOf(i) / weighted.Sum * _mass / Prior(near[i].Row));
        }

        return weighted.ToSet(referenceText, told, _options.Samples, random);
    }

    /// <summary>Prior weight of a row.</summary>
    public double Prior(int row) => _prior?[row] ?? 1;

    /// <summary>Rows within the kernel's reach of ẑ, in order, with their distances.</summary>
    /// <param name="target">ẑ, (K).</param>
    /// <param name="referenceText">Text id of x̂, which is left out unless the options include it.</param>
    /// <exception cref="ArgumentException">ẑ has another width or is not finite.</exception>
    public IReadOnlyList<(int Row, double Distance)> Near(ReadOnlySpan<float> target, int referenceText)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Length, _width);
        foreach (var value in target)
        {
            if (!float.IsFinite(value))
                throw new ArgumentException("The reference's activation is not finite.", nameof(target));
        }

        var near = new List<(int, double)>();
        var span = _rows.Span;
        var targetNorm = Math.Sqrt(Dot(target, target));
        var reach = _kernel.Reach;
        var band = _options.NormBand * targetNorm;
        if (_options.Distance != DistanceKind.Euclidean && targetNorm == 0)
            return near;
        var unit = _options.Distance == DistanceKind.Relative ? targetNorm : 1;
        var reachSquared = reach * unit * (reach * unit);
        for (var i = 0; i < _texts.Length; i++)
        {
            if (!IsPresent(i))
                continue;
            var row = span.Slice(i * _width, _width);
            double d;
            if (_norms is not null)
            {
                if (!(Math.Abs(_norms[i] - targetNorm) < band))
                    continue;
                d = Math.Max(0, 1 - Dot(row, target) / (_norms[i] * targetNorm));
                if (!(d < reach))
                    continue;
            }
            else
            {
                var squared = SquaredDistance(row, target);
                if (!(squared < reachSquared))
                    continue;
                d = Math.Sqrt(squared) / unit;
            }

            if (_texts[i] == referenceText && !_options.IncludeReference)
                continue;
            near.Add((i, d));
        }

        return near;
    }

    private bool IsPresent(int row) => _present is null || _present[row] != 0;

    private float[] Norms(ReadOnlySpan<float> rows)
    {
        var norms = new float[_texts.Length];
        for (var i = 0; i < norms.Length; i++)
        {
            if (!IsPresent(i))
                continue;
            var row = rows.Slice(i * _width, _width);
            norms[i] = (float)Math.Sqrt(Dot(row, row));
        }

        return norms;
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sums = Vector<float>.Zero;
        var i = 0;
        for (; i <= a.Length - Vector<float>.Count; i += Vector<float>.Count)
            sums += new Vector<float>(a[i..]) * new Vector<float>(b[i..]);
        var sum = Vector.Sum(sums);
        for (; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    private static double SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sums = Vector<float>.Zero;
        var i = 0;
        for (; i <= a.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var difference = new Vector<float>(a[i..]) - new Vector<float>(b[i..]);
            sums += difference * difference;
        }

        var sum = Vector.Sum(sums);
        for (; i < a.Length; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }
}
