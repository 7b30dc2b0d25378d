using System.Numerics;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Sampling;

/// <summary>
/// Draws samples of P(x; ẑ) ∝ p(x) k(d(z(x), ẑ)) from a population whose activations at one site are known: an
/// enumerated prior or a bank of draws. Thread-safe.
/// </summary>
public sealed class NeighbourSampler
{
    // A Gaussian weight below 1e-9 of the largest possible cannot move any rate that is reported.
    private static readonly double NegligibleKernelDistance = Math.Sqrt(2 * Math.Log(1e9));

    private readonly ReadOnlyMemory<float> _rows;
    private readonly int _width;
    private readonly int[] _texts;
    private readonly double[]? _prior;
    private readonly MeasurementOptions _options;
    private readonly float[]? _norms;

    // Sum of the prior weights of rows that can be neighbours, their number where all are alike.
    private readonly double _mass;

    /// <param name="rows">Activations, (M, K) row by row; a row with NaN is never a neighbour.</param>
    /// <param name="width">K, at least 1.</param>
    /// <param name="texts">Text id of each row, (M); a text drawn twice into a bank has two rows.</param>
    /// <param name="prior">Prior weight of each row, (M), any scale; null if all are alike.</param>
    /// <param name="options">Checked by the caller.</param>
    public NeighbourSampler(
        ReadOnlyMemory<float> rows, int width, int[] texts, double[]? prior, MeasurementOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rows.Length, checked(width * texts.Length));
        if (prior is not null)
            ArgumentOutOfRangeException.ThrowIfNotEqual(prior.Length, texts.Length);
        (_rows, _width, _texts, _prior, _options) = (rows, width, texts, prior, options);
        if (options.Distance == DistanceKind.Cosine)
            _norms = Norms(rows.Span, width);
        for (var i = 0; i < texts.Length; i++)
        {
            if (!float.IsNaN(rows.Span[i * width]))
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
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Length, _width);
        foreach (var value in target)
        {
            if (!float.IsFinite(value))
                throw new ArgumentException("The reference's activation is not finite.", nameof(target));
        }

        var (rows, distances, weights) = Neighbours(target, referenceText);
        double sum = 0, squares = 0;
        foreach (var w in weights)
        {
            sum += w;
            squares += w * w;
        }

        if (!(sum > 0))
            return new SampleSet(referenceText, [], [], [], 0, 0, 0);
        double told = 0;
        for (var i = 0; i < weights.Count; i++)
        {
            if (weights[i] > 0)
                told += weights[i] / sum * Math.Log2(weights[i] / sum * _mass / (_prior?[rows[i]] ?? 1));
        }

        var ess = sum * sum / squares;
        return _options.Samples == 0 || rows.Count <= _options.Samples
            ? All(referenceText, rows, distances, weights, sum, ess, told)
            : Resampled(referenceText, rows, distances, weights, sum, ess, told, random);
    }

    private (List<int> Rows, List<float> Distances, List<double> Weights) Neighbours(
        ReadOnlySpan<float> target, int referenceText)
    {
        var rows = new List<int>();
        var distances = new List<float>();
        var weights = new List<double>();
        var span = _rows.Span;
        var targetNorm = Math.Sqrt(Dot(target, target));
        var gaussian = _options is { Kernel: KernelKind.Gaussian, Weighting: not Weighting.Accept };
        var reach = _options.Epsilon * (gaussian ? NegligibleKernelDistance : 1);
        var band = _options.NormBand * targetNorm;
        if (_options.Distance != DistanceKind.Euclidean && targetNorm == 0)
            return (rows, distances, weights);
        var unit = _options.Distance == DistanceKind.Relative ? targetNorm : 1;
        var reachSquared = reach * unit * (reach * unit);
        for (var i = 0; i < _texts.Length; i++)
        {
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
            rows.Add(i);
            distances.Add((float)d);
            var kernel = gaussian ? Math.Exp(-d * d / (2 * _options.Epsilon * _options.Epsilon)) : 1;
            weights.Add(_prior is null ? kernel : kernel * _prior[i]);
        }

        return (rows, distances, weights);
    }

    private SampleSet All(
        int reference, List<int> rows, List<float> distances, List<double> weights, double sum, double ess, double told)
    {
        var texts = new int[rows.Count];
        var normalised = new float[rows.Count];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = _texts[rows[i]];
            normalised[i] = (float)(weights[i] / sum);
        }

        return new SampleSet(reference, texts, normalised, [.. distances], ess, rows.Count, told);
    }

    // Systematic resampling: one uniform offset, S equally spaced points of the cumulated weights. Unbiased, and with
    // less spread than independent draws.
    private SampleSet Resampled(
        int reference, List<int> rows, List<float> distances, List<double> weights, double sum, double ess,
        double told, RandomStream random)
    {
        var count = _options.Samples;
        var texts = new int[count];
        var drawnDistances = new float[count];
        var step = sum / count;
        var point = random.NextDouble() * step;
        double cumulated = 0;
        var drawn = 0;
        for (var i = 0; i < rows.Count && drawn < count; i++)
        {
            cumulated += weights[i];
            // The last row also takes the points that rounding left over.
            while (drawn < count && (point < cumulated || i == rows.Count - 1))
            {
                texts[drawn] = _texts[rows[i]];
                drawnDistances[drawn++] = distances[i];
                point += step;
            }
        }

        var equal = new float[count];
        Array.Fill(equal, 1f / count);
        return new SampleSet(reference, texts, equal, drawnDistances, ess, rows.Count, told);
    }

    private static float[] Norms(ReadOnlySpan<float> rows, int width)
    {
        var norms = new float[rows.Length / width];
        for (var i = 0; i < norms.Length; i++)
        {
            var row = rows.Slice(i * width, width);
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
