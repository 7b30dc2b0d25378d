using System.Numerics;
using System.Runtime.InteropServices;

namespace InverseScope.Core.Search;

/// <summary>
/// What is taken as known when further features are scored: the features found so far. Each reference keeps only the samples
/// that agree with it on all of them, and what is usual is told from prior texts with the same labels.
/// </summary>
internal sealed class Explained
{
    private const double EnoughUsable = 0.75;

    private readonly Grouping _joint;

    private Explained(Grouping joint, IReadOnlyList<Grouping> groupings, float[] weights, double[] effective) =>
        (_joint, Groupings, Weights, Effective) = (joint, groupings, weights, effective);

    /// <summary>
    /// By the features jointly, if their joint labels are common enough; else by the largest combinations that are, which
    /// are taken to be independent given a label.
    /// </summary>
    public IReadOnlyList<Grouping> Groupings { get; }

    /// <summary>(R, S); 0 for samples that differ from their reference in a known feature, else summing to 1.</summary>
    public float[] Weights { get; }

    /// <summary>(R), how many samples the kept ones are worth.</summary>
    public double[] Effective { get; }

    /// <summary>Whether the known features leave nothing open about a column, as far as the prior sample shows.</summary>
    public bool Determine(Column column) => _joint.Groups > 1 && _joint.Determines(column);

    public static Explained By(SiteTable table, IReadOnlyList<Column> features)
    {
        if (features.Count == 0)
        {
            var one = Grouping.One(table);
            return new Explained(one, [one], table.Weights, table.Effective);
        }

        var found = new List<(int Mask, Grouping Grouping)>();
        var masks = Enumerable.Range(1, (1 << features.Count) - 1);
        foreach (var mask in masks.OrderByDescending(m => BitOperations.PopCount((uint)m)))
        {
            if (found.Any(f => (f.Mask & mask) == mask))
                continue;
            var grouping = Grouping.Of(table, [.. features.Where((_, i) => (mask >> i & 1) == 1)]);
            // A feature alone counts however rare its labels are: it must not be found again.
            if (grouping.Usable >= EnoughUsable * table.References || int.IsPow2(mask))
                found.Add((mask, grouping));
        }

        var (weights, effective) = Agreeing(table, features);
        return new Explained(
            Grouping.Of(table, features), [.. found.Select(f => f.Grouping)], weights, effective);
    }

    private static (float[] Weights, double[] Effective) Agreeing(SiteTable table, IReadOnlyList<Column> features)
    {
        var weights = table.Weights.ToArray();
        var effective = new double[table.References];
        var first = table.PriorRows + table.References;
        for (var r = 0; r < effective.Length; r++)
        {
            double kept = 0;
            for (var i = r * table.Samples; i < (r + 1) * table.Samples; i++)
            {
                foreach (var feature in features)
                {
                    if (feature.Codes[first + i] != feature.Codes[table.PriorRows + r])
                        weights[i] = 0;
                }

                kept += weights[i];
            }

            for (var i = r * table.Samples; i < (r + 1) * table.Samples && kept > 0; i++)
                weights[i] = (float)(weights[i] / kept);
            effective[r] = table.Effective[r] * kept;
        }

        return (weights, effective);
    }
}

/// <summary>Prior texts and references, grouped by the joint label of some features.</summary>
/// <param name="Groups">Number of groups.</param>
/// <param name="Prior">(P), group of each prior row.</param>
/// <param name="Size">(Groups), number of prior rows.</param>
/// <param name="References">(R), group of each reference; −1 where it is too small to tell what is usual there.</param>
internal sealed record Grouping(int Groups, int[] Prior, int[] Size, int[] References)
{
    private const int SmallestGroup = 8;

    /// <summary>References whose group is large enough.</summary>
    public int Usable => References.Count(g => g >= 0);

    /// <summary>
    /// Whether prior rows of the same group nearly always have the same label, far more often than any two rows. It is
    /// told from pairs of rows, so that groups may be small.
    /// </summary>
    public bool Determines(Column column)
    {
        const double NearlyAlways = 0.95;
        const int Enough = 30;
        var counts = new Dictionary<(int Group, int Code), int>();
        var labels = new Dictionary<int, int>();
        double pairs = 0, alike = 0, chance = 0;
        foreach (var size in Size)
            pairs += size * (size - 1.0) / 2;
        for (var i = 0; i < Prior.Length; i++)
        {
            // The rows before this one that are alike are the pairs that it adds.
            alike += CollectionsMarshal.GetValueRefOrAddDefault(counts, (Prior[i], column.Codes[i]), out _)++;
            chance += CollectionsMarshal.GetValueRefOrAddDefault(labels, column.Codes[i], out _)++;
        }

        chance /= Prior.Length * (Prior.Length - 1.0) / 2;
        return pairs >= Enough && alike / pairs - chance >= NearlyAlways * (1 - chance);
    }

    /// <summary>All in one group.</summary>
    public static Grouping One(SiteTable table) =>
        new(1, new int[table.PriorRows], [table.PriorRows], new int[table.References]);

    public static Grouping Of(SiteTable table, IReadOnlyList<Column> features)
    {
        var rows = table.PriorRows + table.References;
        var wide = new long[rows];
        var codes = new int[rows];
        var groups = 1;
        foreach (var feature in features)
        {
            for (var i = 0; i < rows; i++)
                wide[i] = codes[i] * ((long)feature.Count + 1) + feature.Codes[i] + 1;
            groups = Column.Compress(wide, codes);
        }

        var size = new int[groups];
        foreach (var group in codes.AsSpan(0, table.PriorRows))
            size[group]++;
        var references = codes.AsSpan(table.PriorRows).ToArray();
        for (var r = 0; r < references.Length; r++)
        {
            if (size[references[r]] < SmallestGroup)
                references[r] = -1;
        }

        return new Grouping(groups, codes.AsSpan(0, table.PriorRows).ToArray(), size, references);
    }
}
