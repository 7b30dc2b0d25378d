using System.Runtime.InteropServices;

namespace InverseScope.Core.Search;

/// <summary>
/// Tries all thresholds of a number in one pass over its labels, so that only the best few need be scored in full. Not
/// thread-safe: it owns scratch arrays.
/// </summary>
internal sealed class ThresholdScan(SiteTable table, Explained known)
{
    private readonly Grouping _grouping = known.Groupings[0];
    private const int FewValues = 24;
    private readonly int[] _bins = new int[table.Rows];

    /// <summary>Where a number splits the prior: at every value, or, of many, at even shares and round numbers.</summary>
    public IReadOnlyList<int> Bounds(Column column)
    {
        var counts = new SortedDictionary<int, int>(Histogram(column));
        if (counts.Count <= FewValues)
            return [.. counts.Keys.Skip(1).Select(code => code + column.Offset)];
        var bounds = new SortedSet<int>();
        var total = counts.Values.Sum();
        var (below, next) = (0, 1);
        foreach (var (code, count) in counts)
        {
            if (below * FewValues >= total * next)
            {
                bounds.Add(code + column.Offset);
                next = 1 + below * FewValues / total;
            }

            below += count;
        }

        var (low, high) = (counts.Keys.First() + column.Offset, counts.Keys.Last() + column.Offset);
        long round = 1;
        while (round * FewValues < (long)high - low)
            round *= 10;
        for (var value = (low / round + 1) * round; value < high; value += round)
            bounds.Add((int)value);
        return [.. bounds];
    }

    /// <summary>How many prior texts have each code.</summary>
    public Dictionary<int, int> Histogram(Column column)
    {
        var counts = new Dictionary<int, int>();
        foreach (var code in column.Codes.AsSpan(0, table.PriorRows))
        {
            if (code != Column.Undefined)
                CollectionsMarshal.GetValueRefOrAddDefault(counts, code, out _)++;
        }

        return counts;
    }

    /// <summary>The thresholds that promise most.</summary>
    /// <returns>Bounds with their agreement beyond chance, κ, times how evenly they split (0 to 1).</returns>
    public IEnumerable<(int Bound, double Promise)> Best(Column column, int most)
    {
        var bounds = Bounds(column).ToArray();
        if (bounds.Length == 0)
            return [];
        Fill(column, bounds);
        var cuts = bounds.Length;
        var (match, usual, measured) = (new double[cuts + 1], new double[cuts + 1], 0);
        var groups = GroupShares(cuts);
        var mass = new double[cuts + 2];
        for (var r = 0; r < table.References; r++)
        {
            var (bin, group) = (_bins[table.PriorRows + r], _grouping.References[r]);
            if (bin < 0 || group < 0)
                continue;
            measured++;
            Array.Clear(mass);
            var first = table.PriorRows + table.References + r * table.Samples;
            for (var s = 0; s < table.Samples; s++)
            {
                if (_bins[first + s] is >= 0 and var sample)
                    mass[sample] += known.Weights[r * table.Samples + s];
            }

            for (var b = cuts - 1; b >= 0; b--)
                mass[b] += mass[b + 1];
            var shares = groups.AsSpan(group * (cuts + 2), cuts + 2);
            for (var t = 1; t <= cuts; t++)
            {
                match[t] += bin >= t ? mass[t] : mass[0] - mass[t];
                usual[t] += bin >= t ? shares[t] : shares[0] - shares[t];
            }
        }

        if (measured == 0)
            return [];
        return Enumerable.Range(1, cuts)
            .Where(t => usual[t] < measured)
            .Select(t => (bounds[t - 1], (match[t] - usual[t]) / (measured - usual[t])
                * Math.Min(1, 2 * (measured - usual[t]) / measured)))
            .Where(t => t.Item2 > 0)
            .OrderByDescending(t => t.Item2)
            .Take(most);
    }

    /// <summary>For each row, how many bounds its value has reached.</summary>
    private void Fill(Column column, int[] bounds)
    {
        var codes = column.Codes.AsSpan(0, table.Rows);
        if (column.Count <= table.Rows)
        {
            var binOf = new int[column.Count];
            var reached = 0;
            for (var code = 0; code < binOf.Length; code++)
            {
                while (reached < bounds.Length && code + column.Offset >= bounds[reached])
                    reached++;
                binOf[code] = reached;
            }

            for (var i = 0; i < codes.Length; i++)
                _bins[i] = codes[i] < 0 ? Column.Undefined : binOf[codes[i]];
            return;
        }

        for (var i = 0; i < codes.Length; i++)
        {
            var at = codes[i] < 0 ? 0 : Array.BinarySearch(bounds, codes[i] + column.Offset);
            _bins[i] = codes[i] < 0 ? Column.Undefined : at < 0 ? ~at : at + 1;
        }
    }

    /// <summary>(Groups, cuts + 2): share of the group's prior texts that have reached each bound.</summary>
    private double[] GroupShares(int cuts)
    {
        var shares = new double[_grouping.Groups * (cuts + 2)];
        for (var i = 0; i < table.PriorRows; i++)
        {
            if (_bins[i] >= 0)
                shares[_grouping.Prior[i] * (cuts + 2) + _bins[i]]++;
        }

        for (var g = 0; g < _grouping.Groups; g++)
        {
            for (var b = cuts; b >= 0; b--)
            {
                var at = g * (cuts + 2) + b;
                shares[at] = shares[at] / _grouping.Size[g] + shares[at + 1];
            }
        }

        return shares;
    }
}
