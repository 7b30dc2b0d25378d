using System.Globalization;
using System.Runtime.InteropServices;
using InverseScope.Core.Sampling;

namespace InverseScope.Sweeps.Reports;

/// <summary>
/// Condenses labelled samples, however many, into what a report shows of them: the label table, the histogram of match
/// rates and a few examples. Not thread-safe.
/// </summary>
/// <param name="texts">The pool that the sample sets' ids belong to.</param>
/// <param name="labelOf">Label of a text id; null where the feature is undefined.</param>
public sealed class EvidenceCollector(TextPool texts, Func<int, string?> labelOf)
{
    /// <summary>Bins of <see cref="EvidenceRecord.MatchHistogram"/>.</summary>
    public const int HistogramBins = 10;

    /// <summary>Labels with a row and a column of their own.</summary>
    public const int MaximumLabels = 12;

    /// <summary>References shown with their samples.</summary>
    public const int MaximumExamples = 4;

    /// <summary>Samples shown for each of them.</summary>
    public const int SamplesPerExample = 8;

    /// <summary>Points kept of a confidence sequence.</summary>
    public const int MaximumSequencePoints = 60;

    // Of the samples shown, so many are kept free for matches, which show what a mismatch is to be compared with.
    private const int MatchesPerExample = 3;

    private readonly List<CollectedReference> _references = [];

    /// <summary>Takes in one reference with all its samples.</summary>
    /// <param name="label">The feature's label of the reference.</param>
    /// <param name="set">Its samples, weights summing to 1; a reference without any is left out.</param>
    public void Add(string label, SampleSet set)
    {
        if (set.Texts.Length == 0)
            return;
        var shares = new Dictionary<string, double>(StringComparer.Ordinal);
        var undefined = 0.0;
        for (var i = 0; i < set.Texts.Length; i++)
        {
            if (labelOf(set.Texts[i]) is { } found)
                CollectionsMarshal.GetValueRefOrAddDefault(shares, found, out _) += set.Weights[i];
            else
                undefined += set.Weights[i];
        }

        _references.Add(new CollectedReference(set, label, shares, undefined));
    }

    /// <summary>Counts of references in equal bins of their match rate; null if nothing was taken in.</summary>
    public IReadOnlyList<int>? MatchHistogram()
    {
        if (_references.Count == 0)
            return null;
        var counts = new int[HistogramBins];
        foreach (var reference in _references)
            counts[Math.Clamp((int)(reference.MatchRate * HistogramBins), 0, HistogramBins - 1)]++;
        return counts;
    }

    /// <summary>The label table; null if nothing was taken in.</summary>
    public LabelTable? LabelTable()
    {
        if (_references.Count == 0)
            return null;
        var groups = _references.GroupBy(r => r.Label, StringComparer.Ordinal).ToList();
        var top = groups.OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal)
            .Take(MaximumLabels).Select(g => g.Key);
        var labels = InReadingOrder(top);
        var rows = labels.Select(l => Row(l, [.. groups.First(g => g.Key == l)], labels)).ToList();
        var others = groups.Where(g => !labels.Contains(g.Key)).SelectMany(g => g).ToList();
        if (others.Count > 0)
            rows.Add(Row(null, others, labels));
        return new LabelTable { Labels = labels, Rows = rows };
    }

    /// <summary>The two references that match least, the one in the middle and the one that matches best.</summary>
    public IReadOnlyList<ExampleRecord> Examples()
    {
        var ordered = _references.OrderBy(r => r.MatchRate).ThenBy(r => r.Set.Reference).ToList();
        if (ordered.Count > MaximumExamples)
            ordered = [ordered[0], ordered[1], ordered[ordered.Count / 2], ordered[^1]];
        return [.. ordered.Select(r => new ExampleRecord
        {
            Reference = texts[r.Set.Reference],
            Label = r.Label,
            MatchRate = r.MatchRate,
            Ess = r.Set.Ess,
            SampleCount = r.Samples,
            Samples = [.. Shown(r).Select(s => new SampleRecord
            {
                Text = texts[s.Text],
                Label = s.Label,
                Distance = double.IsFinite(s.Distance) ? s.Distance : null,
                Weight = s.Weight,
                Match = s.Label == r.Label,
            })],
        })];
    }

    /// <summary>At most <see cref="MaximumSequencePoints"/> of the points, evenly spread, the last one always kept.</summary>
    public static IReadOnlyList<SequencePoint> Thin(IReadOnlyList<SequencePoint> points)
    {
        if (points.Count <= MaximumSequencePoints)
            return points;
        return [.. Enumerable.Range(0, MaximumSequencePoints)
            .Select(i => points[(int)((long)i * (points.Count - 1) / (MaximumSequencePoints - 1))])];
    }

    private static LabelRow Row(string? label, List<CollectedReference> references, IReadOnlyList<string> labels)
    {
        var shares = labels.Select(l => references.Average(r => r.Shares.GetValueOrDefault(l))).ToList();
        var undefined = references.Average(r => r.Undefined);
        return new LabelRow
        {
            Label = label,
            References = references.Count,
            Samples = references.Sum(r => (long)r.Samples),
            Shares = shares,
            Undefined = undefined,
            Other = Math.Max(0, 1 - undefined - shares.Sum()),
            Matched = references.Average(r => r.MatchRate),
        };
    }

    private static List<string> InReadingOrder(IEnumerable<string> labels)
    {
        var all = labels.ToList();
        return all.TrueForAll(l => double.TryParse(l, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            ? [.. all.OrderBy(l => double.Parse(l, NumberStyles.Float, CultureInfo.InvariantCulture))]
            : [.. all.Order(StringComparer.Ordinal)];
    }

    // Of a few references alone: an enumerated prior has tens of thousands of samples for each.
    private List<CollectedSample> Shown(CollectedReference reference)
    {
        var set = reference.Set;
        var byText = new Dictionary<int, CollectedSample>();
        for (var i = 0; i < set.Texts.Length; i++)
        {
            var weight = set.Weights[i] + byText.GetValueOrDefault(set.Texts[i]).Weight;
            byText[set.Texts[i]] = new CollectedSample(set.Texts[i], labelOf(set.Texts[i]), set.Distances[i], weight);
        }

        var ranked = byText.Values.OrderByDescending(s => s.Weight).ThenBy(s => s.Distance).ThenBy(s => s.Text).ToList();
        var matches = ranked.Where(s => s.Label == reference.Label).Take(SamplesPerExample).ToList();
        var mismatches = ranked.Where(s => s.Label != reference.Label)
            .Take(SamplesPerExample - Math.Min(MatchesPerExample, matches.Count));
        return [.. mismatches.Concat(matches).Take(SamplesPerExample)];
    }

    private sealed record CollectedReference(
        SampleSet Set, string Label, Dictionary<string, double> Shares, double Undefined)
    {
        public int Samples => Set.Texts.Length;

        public double MatchRate => Shares.GetValueOrDefault(Label);
    }

    private readonly record struct CollectedSample(int Text, string? Label, double Distance, double Weight);
}
