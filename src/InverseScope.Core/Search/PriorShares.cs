using System.Runtime.InteropServices;

namespace InverseScope.Core.Search;

/// <summary>How usual labels are among prior texts, overall and given known features. Not thread-safe.</summary>
internal sealed class PriorShares(SiteTable table)
{
    /// <summary>The label of rows on which a column is undefined.</summary>
    public const int Undefined = 0;

    private const int WidestTable = 1 << 16;
    private const int JointTable = 1 << 20;
    private const int TuningRows = 240;
    private const double NearlyAll = 0.99;
    private static readonly double[] Strengths = [0.25, 1, 4, 16, 64];

    private readonly int[] _labels = new int[table.Rows];
    private readonly int[] _counts = new int[Math.Max(WidestTable, table.Rows) + 2];
    private readonly long[] _joint = new long[JointTable];
    private int[] _distinctOf = [];
    private int _width;
    private int _distinct;
    private long _time;

    /// <summary>Labels of all rows: codes moved up by one, so that undefined is a label like any other.</summary>
    public ReadOnlySpan<int> Labels => _labels;

    /// <summary>Of the label over the prior, in bits.</summary>
    public double Entropy { get; private set; }

    /// <summary>Share of the label among all prior texts.</summary>
    public double Share(int label) => (double)_counts[label] / table.PriorRows;

    /// <summary>Takes up a column.</summary>
    /// <returns>False if nothing can be learnt of it: the labels are constant where there are any, or different for nearly every text.</returns>
    public bool Count(Column column)
    {
        Relabel(column);
        var counts = _counts.AsSpan(0, _width);
        counts.Clear();
        foreach (var label in _labels.AsSpan(0, table.PriorRows))
            counts[label]++;
        var (most, undefined) = (0, counts[Undefined]);
        (_distinct, Entropy) = (0, 0);
        for (var label = 0; label < counts.Length; label++)
        {
            var n = counts[label];
            if (n == 0)
                continue;
            _distinct++;
            if (label != Undefined)
                most = Math.Max(most, n);
            var share = (double)n / table.PriorRows;
            Entropy -= share * Math.Log2(share);
        }

        return most <= NearlyAll * (table.PriorRows - undefined) && undefined <= NearlyAll * table.PriorRows && _distinct <= table.PriorRows / 3;
    }

    /// <summary>Fills the share of each reference's label among prior texts that are like it in the known features.</summary>
    /// <param name="fromPrior">Each label is that of a prior text, which is then left out of the counts.</param>
    /// <param name="usual">(R); 0 where it is not known.</param>
    public void Usual(ReadOnlySpan<int> references, Explained known, bool fromPrior, double[] usual)
    {
        var left = fromPrior ? 1 : 0;
        var total = table.PriorRows + 0.5 * (_distinct + 1);
        Span<double> overall = stackalloc double[references.Length];
        for (var r = 0; r < references.Length; r++)
            usual[r] = overall[r] = (_counts[references[r]] - left + 0.5) / (total - left);
        foreach (var grouping in known.Groupings)
        {
            if (grouping.Groups == 1)
                continue;
            var (counts, strength) = CountGroups(references, grouping, total);
            for (var r = 0; r < references.Length; r++)
            {
                if (grouping.References[r] is not (>= 0 and var group))
                {
                    usual[r] = 0;
                    continue;
                }

                var smoothing = strength * _distinctOf[group];
                var share = (Math.Max(0, counts[r] - left) + smoothing * overall[r]) / (grouping.Size[group] - left + smoothing);
                // Groupings are taken to be independent given the label, so that each multiplies its odds in.
                usual[r] = Math.Min(1, usual[r] * share / overall[r]);
            }
        }
    }

    private void Relabel(Column column)
    {
        var codes = column.Codes.AsSpan(0, table.Rows);
        if (column.Count < WidestTable)
        {
            for (var i = 0; i < codes.Length; i++)
                _labels[i] = codes[i] + 1;
            _width = column.Count + 1;
            return;
        }

        var seen = new Dictionary<int, int> { [Column.Undefined] = Undefined };
        for (var i = 0; i < codes.Length; i++)
        {
            ref var label = ref CollectionsMarshal.GetValueRefOrAddDefault(seen, codes[i], out var exists);
            if (!exists)
                label = seen.Count - 1;
            _labels[i] = label;
        }

        _width = seen.Count;
    }

    /// <summary>
    /// For each reference the number of prior texts of its group with its label; and how far a group's own shares are to
    /// be trusted: less, the more labels it has (Witten and Bell 1991), by the factor that predicts prior texts best from
    /// the others.
    /// </summary>
    private (int[] Counts, double Strength) CountGroups(ReadOnlySpan<int> references, Grouping grouping, double total)
    {
        var step = Math.Max(1, table.PriorRows / TuningRows);
        var tuning = (table.PriorRows + step - 1) / step;
        var keys = new long[references.Length + tuning];
        for (var r = 0; r < references.Length; r++)
            keys[r] = Key(Math.Max(0, grouping.References[r]), references[r]);
        for (var t = 0; t < tuning; t++)
            keys[references.Length + t] = Key(grouping.Prior[t * step], _labels[t * step]);
        var counts = CountJoint(keys, grouping);

        var (best, strength) = (double.MinValue, 0.0);
        foreach (var s in Strengths)
        {
            double sum = 0;
            for (var t = 0; t < tuning; t++)
            {
                var group = grouping.Prior[t * step];
                var overall = (_counts[_labels[t * step]] - 0.5) / total;
                var smoothing = s * _distinctOf[group];
                sum += Math.Log(
                    (counts[references.Length + t] - 1 + smoothing * overall) / (grouping.Size[group] - 1 + smoothing));
            }

            if (sum > best)
                (best, strength) = (sum, s);
        }

        return (counts, strength);
    }

    private int[] CountJoint(long[] keys, Grouping grouping)
    {
        if (_distinctOf.Length < grouping.Groups)
            _distinctOf = new int[grouping.Groups];
        Array.Clear(_distinctOf);
        var labels = _labels.AsSpan(0, table.PriorRows);
        var counts = new int[keys.Length];
        if ((long)grouping.Groups * _width <= JointTable)
        {
            // A cell counts from the table's present time on, so that the table need not be cleared each time.
            _time += 1L << 32;
            for (var i = 0; i < labels.Length; i++)
            {
                ref var cell = ref _joint[Key(grouping.Prior[i], labels[i])];
                if (cell < _time)
                {
                    cell = _time;
                    _distinctOf[grouping.Prior[i]]++;
                }

                cell++;
            }

            for (var i = 0; i < keys.Length; i++)
                counts[i] = (int)Math.Max(0, _joint[keys[i]] - _time);
            return counts;
        }

        var joint = new Dictionary<long, int>();
        for (var i = 0; i < labels.Length; i++)
        {
            if (++CollectionsMarshal.GetValueRefOrAddDefault(joint, Key(grouping.Prior[i], labels[i]), out _) == 1)
                _distinctOf[grouping.Prior[i]]++;
        }

        for (var i = 0; i < keys.Length; i++)
            counts[i] = joint.GetValueOrDefault(keys[i]);
        return counts;
    }

    private long Key(int group, int label) => (long)group * _width + label;
}
