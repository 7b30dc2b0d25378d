using System.Collections;
using InverseScope.Core.Statistics;

namespace InverseScope.Core.Consistency;

/// <summary>
/// Partitions references into clusters. This is the only place that decides what is independent of what: all samples
/// of one reference text are one cluster, however many entries they came in.
/// </summary>
public sealed class ReferenceClusters
{
    private ReferenceClusters(
        IReadOnlyList<ReferenceCluster> clusters, ConsistencyCounts counts, double? meanEss, Interval? matchBounds)
    {
        (Clusters, Counts) = (clusters, counts);
        (MeanEss, MatchBounds) = (meanEss, matchBounds);
    }

    /// <summary>The measured references, in the order of their first entry.</summary>
    public IReadOnlyList<ReferenceCluster> Clusters { get; }

    public ConsistencyCounts Counts { get; }

    /// <summary>Mean effective sample size of the measured references; null without any.</summary>
    public double? MeanEss { get; }

    /// <summary>
    /// Mean share of matches if every missing label were a mismatch, and if every one were a match (Manski bounds);
    /// null if there is nothing to take a mean of.
    /// </summary>
    public Interval? MatchBounds { get; }

    /// <param name="references">One entry for each reference drawn.</param>
    /// <param name="minimumEss">A reference below this effective sample size is not measured.</param>
    /// <exception cref="ArgumentException">
    /// Arrays of different lengths, a negative weight, or two labels for one text.
    /// </exception>
    public static ReferenceClusters Of(IReadOnlyList<LabelledReference> references, double minimumEss)
    {
        var labels = ReferenceLabels(references);
        var tally = new Tally(labels.Length, references);
        var drafts = new Dictionary<int, Draft>();
        var order = new List<Draft>();
        var (undefined, missing, notMeasured, measured, bounded) = (0, 0, 0, 0, 0);
        var (ess, low, high) = (0.0, 0.0, 0.0);
        foreach (var reference in references)
        {
            CheckShape(reference);
            if (LabelCode.IsMissing(reference.Label))
            {
                missing++;
                bounded++;
                high++;
            }
            else if (reference.Label < 0)
            {
                undefined++;
            }
            else if (!(reference.Ess >= minimumEss) || reference.Weights.Length == 0)
            {
                notMeasured++;
            }
            else if (tally.Add(reference, labels) is not { } shares)
            {
                notMeasured++;
            }
            else
            {
                bounded++;
                low += shares.Matched * shares.Known;
                high += shares.Matched * shares.Known + (1 - shares.Known);
                if (shares.Known == 0)
                {
                    notMeasured++;
                    continue;
                }

                measured++;
                ess += reference.Ess;
                if (!drafts.TryGetValue(reference.Reference, out var draft))
                {
                    drafts.Add(reference.Reference, draft = new Draft(reference.Reference, reference.Label));
                    order.Add(draft);
                }

                draft.Add(reference, shares, tally);
            }
        }

        var counts = new ConsistencyCounts(
            references.Count, undefined, missing, notMeasured, measured, tally.Samples, tally.CountDistinct(),
            tally.Matched, tally.Mismatched, tally.Undefined, tally.Failed, tally.Truncated);
        return new ReferenceClusters(
            [.. order.Select(d => d.ToCluster())],
            counts,
            measured == 0 ? null : ess / measured,
            bounded == 0 ? null : new Interval(low / bounded, high / bounded));
    }

    // Whether a label occurs among the references, by code: all other labels count as mismatches without a name.
    private static bool[] ReferenceLabels(IReadOnlyList<LabelledReference> references)
    {
        var occurs = new bool[references.Select(r => r.Label).Append(-1).Max() + 1];
        foreach (var reference in references)
        {
            if (reference.Label >= 0)
                occurs[reference.Label] = true;
        }

        return occurs;
    }

    private static void CheckShape(LabelledReference reference)
    {
        if (reference.SampleLabels.Length != reference.Weights.Length
            || reference.SampleTexts.Length != reference.Weights.Length)
        {
            throw new ArgumentException(
                $"Reference {reference.Reference} has {reference.SampleTexts.Length} sample texts, "
                + $"{reference.SampleLabels.Length} labels and {reference.Weights.Length} weights.");
        }
    }

    private readonly record struct EntryShares(
        double Matched, double Defined, double Known, double EffectiveSamples);

    /// <summary>Adds up the samples of one entry at a time, and the counts of all.</summary>
    private sealed class Tally(int labels, IReadOnlyList<LabelledReference> references)
    {
        private readonly double[] _shares = new double[labels];
        private readonly List<int> _touched = [];
        private readonly BitArray _seen = new(
            references.SelectMany(r => r.SampleTexts.Length == 0 ? [] : new[] { r.SampleTexts.Max() })
                .DefaultIfEmpty(-1).Max() + 1);

        public long Samples { get; private set; }

        public long Matched { get; private set; }

        public long Mismatched { get; private set; }

        public long Undefined { get; private set; }

        public long Failed { get; private set; }

        public long Truncated { get; private set; }

        public IReadOnlyList<int> Touched => _touched;

        public double ShareOf(int label) => _shares[label];

        public long CountDistinct()
        {
            var words = new int[(_seen.Length + 31) / 32];
            _seen.CopyTo(words, 0);
            return words.Sum(w => (long)int.PopCount(w));
        }

        /// <returns>Null if the weights are all 0.</returns>
        public EntryShares? Add(LabelledReference reference, bool[] occurs)
        {
            foreach (var label in _touched)
                _shares[label] = 0;
            _touched.Clear();
            var (total, known, squares, defined, matchedWeight) = (0.0, 0.0, 0.0, 0.0, 0.0);
            var (matched, undefined, failed, truncated) = (0L, 0L, 0L, 0L);
            for (var i = 0; i < reference.Weights.Length; i++)
            {
                double weight = reference.Weights[i];
                if (!(weight >= 0))
                    throw new ArgumentException($"Reference {reference.Reference} has a sample of weight {weight}.");
                var label = reference.SampleLabels[i];
                total += weight;
                if (label == LabelCode.Failed)
                {
                    failed++;
                    continue;
                }

                if (label == LabelCode.Truncated)
                {
                    truncated++;
                    continue;
                }

                known += weight;
                squares += weight * weight;
                if (label == LabelCode.Undefined)
                {
                    undefined++;
                    continue;
                }

                defined += weight;
                if (label == reference.Label)
                {
                    matched++;
                    matchedWeight += weight;
                }

                if (label < occurs.Length && occurs[label] && weight > 0)
                {
                    if (_shares[label] == 0)
                        _touched.Add(label);
                    _shares[label] += weight;
                }
            }

            if (total <= 0)
                return null;
            if (known <= 0)
                return new EntryShares(0, 0, 0, 0);
            foreach (var label in _touched)
                _shares[label] /= known;
            var samples = reference.Weights.Length;
            Samples += samples;
            Matched += matched;
            Mismatched += samples - matched - undefined - failed - truncated;
            Undefined += undefined;
            Failed += failed;
            Truncated += truncated;
            foreach (var text in reference.SampleTexts)
                _seen[text] = true;
            var effective = Math.Min(reference.Ess, known * known / squares);
            return new EntryShares(matchedWeight / known, defined / known, known / total, effective);
        }
    }

    /// <summary>A cluster while its entries come in.</summary>
    private sealed class Draft(int reference, int label)
    {
        private readonly List<(int Label, double Share)> _shares = [];
        private int _observations;
        private double _matched;
        private double _defined;
        private double _effective;

        public void Add(LabelledReference entry, EntryShares shares, Tally tally)
        {
            if (entry.Label != label)
                throw new ArgumentException($"Reference {reference} has two labels, {label} and {entry.Label}.");
            _observations++;
            _matched += shares.Matched;
            _defined += shares.Defined;
            _effective += shares.EffectiveSamples;
            foreach (var touched in tally.Touched)
                _shares.Add((touched, tally.ShareOf(touched)));
        }

        public ReferenceCluster ToCluster()
        {
            _shares.Sort();
            var labels = new List<int>(_shares.Count);
            var shares = new List<double>(_shares.Count);
            foreach (var (touched, share) in _shares)
            {
                if (labels.Count > 0 && labels[^1] == touched)
                {
                    shares[^1] += share / _observations;
                    continue;
                }

                labels.Add(touched);
                shares.Add(share / _observations);
            }

            return new ReferenceCluster(
                reference, label, _observations, _matched / _observations, _defined / _observations,
                [.. labels], [.. shares], _effective / _observations);
        }
    }
}
