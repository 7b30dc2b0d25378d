using System.Numerics;
using System.Runtime.InteropServices;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Search;

/// <summary>Scores columns against the samples of one site. Not thread-safe: it owns scratch arrays.</summary>
internal sealed class Scorer
{
    private static readonly double[] PseudoCounts = [0.25, 1, 4, 16, 64, 256];

    private readonly SiteTable _table;
    private readonly PriorShares _prior;
    private readonly double[] _share;
    private readonly double[] _usual;
    private readonly double[] _agreement;

    public Scorer(SiteTable table)
    {
        _table = table;
        _prior = new PriorShares(table);
        _share = new double[table.References];
        _usual = new double[table.References];
        _agreement = new double[table.References];
    }

    /// <summary>Number of columns scored so far: the size of the search.</summary>
    public long Scored { get; private set; }

    /// <returns>Null if the labels are constant, or different for nearly every text.</returns>
    public Score? Measure(Column column, Explained known) => Measure(column, known, null, null, null);

    /// <param name="excess">(R), receives each reference's match less chance; 0 where undefined.</param>
    public Score? Measure(Column column, Explained known, double[] excess) =>
        Measure(column, known, null, excess, null);

    /// <param name="gains">(R), receives each reference's bits.</param>
    /// <param name="kappas">(R), receives each reference's part in <see cref="Score.KappaLeft"/>, which is their mean.</param>
    public Score? Measure(Column column, Explained known, double[] gains, double[] kappas) =>
        Measure(column, known, gains, null, kappas);

    private Score? Measure(Column column, Explained known, double[]? gains, double[]? excess, double[]? kappas)
    {
        Scored++;
        if (!_prior.Count(column))
            return null;
        var labels = _prior.Labels;
        var references = labels.Slice(_table.PriorRows, _table.References);
        double fcr = 0, chance = 0;
        var defined = 0;
        for (var r = 0; r < references.Length; r++)
        {
            _agreement[r] = Match(labels, r, references[r], _table.Weights);
            if (references[r] == PriorShares.Undefined)
                continue;
            defined++;
            fcr += _agreement[r];
            chance += _prior.Share(references[r]);
        }

        if (defined == 0)
            return null;
        (fcr, chance) = (fcr / defined, chance / defined);
        for (var r = 0; excess is not null && r < references.Length; r++)
            excess[r] = references[r] == PriorShares.Undefined ? 0 : _agreement[r] - _prior.Share(references[r]);

        Compare(references, known, fromPrior: false);
        var (gain, evidence, pseudoCount) = Gain(known);
        for (var r = 0; gains is not null && r < gains.Length; r++)
            gains[r] = Bits(r, known, pseudoCount);
        return new Score(gain, evidence, fcr, chance, KappaLeft(references, known, kappas), _prior.Entropy, defined);
    }

    /// <summary>
    /// The gain that the same column would show if the site told nothing beyond what is known: each reference's label is
    /// replaced by that of a random prior text of its group. Above 0 where rare labels make π too small.
    /// </summary>
    /// <returns>Mean, and standard deviation of one reference's bits.</returns>
    public (double Mean, double Deviation) GainByChance(Column column, Explained known, RandomStream random)
    {
        const int Draws = 8;
        _prior.Count(column);
        var byChance = (Mean: double.MinValue, Deviation: 0.0);
        foreach (var grouping in known.Groupings)
        {
            var members = new List<int>[grouping.Groups];
            for (var i = 0; i < _table.PriorRows; i++)
                (members[grouping.Prior[i]] ??= []).Add(i);
            var drawn = new int[_table.References];
            double sum = 0, squares = 0;
            for (var draw = 0; draw < Draws; draw++)
            {
                for (var r = 0; r < drawn.Length; r++)
                {
                    drawn[r] = grouping.References[r] is >= 0 and var group
                        ? _prior.Labels[random.Pick(members[group])]
                        : PriorShares.Undefined;
                }

                Compare(drawn, known, fromPrior: true);
                var pseudoCount = Gain(known).PseudoCount;
                for (var r = 0; r < drawn.Length; r++)
                {
                    var bits = Bits(r, known, pseudoCount);
                    (sum, squares) = (sum + bits, squares + bits * bits);
                }
            }

            var n = Draws * drawn.Length;
            if (sum / n > byChance.Mean)
                byChance = (sum / n, Math.Sqrt(Math.Max(0, squares / n - sum / n * (sum / n))));
        }

        return byChance;
    }

    /// <summary>Fills, for each reference, its label's share among its samples and among prior texts like it.</summary>
    private void Compare(ReadOnlySpan<int> references, Explained known, bool fromPrior)
    {
        // Before anything is known, what agrees with the reference has just been summed.
        if (!fromPrior && known.Weights == _table.Weights)
            _agreement.CopyTo(_share, 0);
        else
        {
            for (var r = 0; r < references.Length; r++)
                _share[r] = Match(_prior.Labels, r, references[r], known.Weights);
        }

        _prior.Usual(references, known, fromPrior, _usual);
    }

    private double KappaLeft(ReadOnlySpan<int> references, Explained known, double[]? kappas)
    {
        // With fewer samples left a reference says nothing about further features.
        const double Few = 2;
        double beyond = 0, room = 0;
        for (var r = 0; r < references.Length; r++)
        {
            var counts = references[r] != PriorShares.Undefined && _usual[r] > 0 && known.Effective[r] >= Few;
            var excess = counts ? _share[r] - _usual[r] : 0;
            beyond += excess;
            room += counts ? 1 - _usual[r] : 0;
            if (kappas is not null)
                kappas[r] = excess;
        }

        for (var r = 0; kappas is not null && r < references.Length; r++)
            kappas[r] *= room > 0 ? references.Length / room : 0;
        return room > 0 ? beyond / room : 0;
    }

    private (double Mean, double Evidence, double PseudoCount) Gain(Explained known)
    {
        var (best, pseudoCount) = (double.MinValue, 0.0);
        Span<double> totals = stackalloc double[PseudoCounts.Length];
        for (var a = 0; a < totals.Length; a++)
        {
            double total = 0;
            for (var r = 0; r < _share.Length; r++)
                total += Bits(r, known, PseudoCounts[a]);
            totals[a] = total;
            if (total > best)
                (best, pseudoCount) = (total, PseudoCounts[a]);
        }

        double mixture = 0;
        foreach (var total in totals)
            mixture += Math.Pow(2, total - best);
        return (best / _share.Length, best + Math.Log2(mixture / totals.Length), pseudoCount);
    }

    private double Bits(int r, Explained known, double pseudoCount)
    {
        var n = known.Effective[r];
        return _usual[r] <= 0 || n <= 0
            ? 0
            : Math.Log2((n * _share[r] / _usual[r] + pseudoCount) / (n + pseudoCount));
    }

    /// <summary>Weight of the reference's samples that have the label.</summary>
    private double Match(ReadOnlySpan<int> labels, int reference, int label, float[] weights)
    {
        var samples = labels.Slice(
            _table.PriorRows + _table.References + reference * _table.Samples, _table.Samples);
        var w = weights.AsSpan(reference * _table.Samples, _table.Samples);
        var sum = 0f;
        var i = 0;
        if (Vector.IsHardwareAccelerated && samples.Length >= Vector<int>.Count)
        {
            var wanted = new Vector<int>(label);
            var partial = Vector<float>.Zero;
            ref var s = ref MemoryMarshal.GetReference(samples);
            ref var v = ref MemoryMarshal.GetReference(w);
            for (; i <= samples.Length - Vector<int>.Count; i += Vector<int>.Count)
            {
                var equal = Vector.Equals(Vector.LoadUnsafe(ref s, (nuint)i), wanted);
                partial += Vector.BitwiseAnd(Vector.AsVectorSingle(equal), Vector.LoadUnsafe(ref v, (nuint)i));
            }

            sum = Vector.Sum(partial);
        }

        for (; i < samples.Length; i++)
            sum += samples[i] == label ? w[i] : 0;
        return sum;
    }
}
