using InverseScope.Core.Sampling;
using InverseScope.Core.Specs;
using InverseScope.Sweeps.Evaluation;

namespace InverseScope.Sweeps.Samples;

/// <summary>Takes from a measured site what is kept of it. Every text of the site is labelled already: nothing is asked or computed anew.</summary>
internal static class KeptSiteCollector
{
    /// <summary>Samples of one site that are kept; with more of them, each reference keeps its heaviest ones.</summary>
    public const int MostSamples = 100_000;

    /// <param name="tested">Labels of the hypotheses that were tested, each once.</param>
    /// <param name="seed">The sweep's.</param>
    public static KeptSite Of(
        MeasuredSite site, IReadOnlyCollection<LabelColumn> tested, double minimumEss, long seed, int most = MostSamples, CancellationToken cancel = default)
    {
        var sets = site.Samples.Sets;
        var each = Math.Max(1, most / Math.Max(1, sets.Count));
        var pool = new LocalTexts();
        foreach (var set in sets)
            pool.Add(set.Reference);
        var references = new KeptReference[sets.Count];
        var left = new int[sets.Count][];
        foreach (var (i, set) in sets.Index())
        {
            int[] order = [.. Enumerable.Range(0, set.Texts.Length)];
            Array.Sort(order, (a, b) => (set.Weights[b], set.Texts[a], a).CompareTo((set.Weights[a], set.Texts[b], b)));
            var kept = order.AsSpan(0, Math.Min(each, order.Length)).ToArray();
            left[i] = order[kept.Length..];
            references[i] = new KeptReference(
                pool.Add(set.Reference), set.Ess, set.Neighbours, set.Texts.Length, Array.ConvertAll(kept, k => pool.Add(set.Texts[k])),
                Array.ConvertAll(kept, k => set.Weights[k]), Array.ConvertAll(kept, k => set.Distances.Length == 0 ? float.NaN : set.Distances[k]), set.Tokens);
        }

        // All texts are in the pool now: samples that are not kept may be of one of them.
        var others = new int[sets.Count][];
        foreach (var (i, set) in sets.Index())
        {
            var weights = new SortedDictionary<int, double>();
            foreach (var sample in left[i])
            {
                if (pool.Find(set.Texts[sample]) is { } place)
                    weights[place] = weights.GetValueOrDefault(place) + set.Weights[sample];
            }

            references[i] = references[i] with { RestTexts = [.. weights.Keys], RestWeights = [.. weights.Values.Select(w => (float)w)] };
            others[i] = [.. left[i].Where(sample => pool.Find(set.Texts[sample]) is null)];
        }

        var labels = new Dictionary<string, KeptLabels>(StringComparer.Ordinal);
        foreach (var column in tested)
        {
            cancel.ThrowIfCancellationRequested();
            labels[column.Feature.Hash] = LabelsOf(site, column, pool.Ids, others, cancel);
        }

        return new KeptSite
        {
            Site = site.Site.ToString(),
            MinimumEss = minimumEss,
            Seed = seed,
            Texts = [.. pool.Ids.Select(id => site.Texts[id])],
            PriorShares = [.. pool.Ids.Select(site.Prior.ShareOf)],
            References = references,
            Labels = labels,
        };
    }

    /// <param name="ids">Texts that are kept.</param>
    /// <param name="others">Samples of each reference whose text is not.</param>
    private static KeptLabels LabelsOf(MeasuredSite site, LabelColumn column, IReadOnlyList<int> ids, int[][] others, CancellationToken cancel)
    {
        var ranked = RankedLabels.Over(site, column, cancel);
        var shares = site.Prior.Shares(ranked);
        var sets = site.Samples.Sets;
        var known = new SortedDictionary<int, int>();
        foreach (var id in ids.Concat(others.SelectMany((samples, i) => samples.Select(sample => sets[i].Texts[sample]))))
        {
            if (ranked[id] >= 0)
                known.TryAdd(ranked[id], id);
        }

        // The ranks in use, without the gaps that labels of other sites leave.
        int[] ranks = [.. known.Keys];
        return new KeptLabels(
            [.. known.Values.Select(id => column.Label(id)!)], [.. ids.Select(CodeOf)],
            Array.ConvertAll(ranks, rank => rank < shares.Length ? shares[rank] : 0), site.Prior.KnownShare(ranked),
            others.All(o => o.Length == 0) ? [] : RestOf(sets, others, CodeOf));

        int CodeOf(int id) => ranked[id] is var rank && rank < 0 ? rank : Array.BinarySearch(ranks, rank);
    }

    private static KeptRest[] RestOf(IReadOnlyList<SampleSet> sets, int[][] others, Func<int, int> codeOf) => [.. sets.Zip(others, (set, samples) =>
    {
        var weights = new SortedDictionary<int, double>();
        foreach (var sample in samples)
        {
            var code = codeOf(set.Texts[sample]);
            weights[code] = weights.GetValueOrDefault(code) + set.Weights[sample];
        }

        return new KeptRest([.. weights.Keys], [.. weights.Values.Select(w => (float)w)]);
    })];

    /// <summary>Texts by the order in which they were first met.</summary>
    private sealed class LocalTexts
    {
        private readonly Dictionary<int, int> _places = [];
        private readonly List<int> _ids = [];

        public IReadOnlyList<int> Ids => _ids;

        /// <summary>Null for one that was not met.</summary>
        public int? Find(int id) => _places.TryGetValue(id, out var place) ? place : null;

        public int Add(int id)
        {
            if (!_places.TryGetValue(id, out var place))
            {
                _places.Add(id, place = _ids.Count);
                _ids.Add(id);
            }

            return place;
        }
    }
}
