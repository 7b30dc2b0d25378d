using InverseScope.Core.Consistency;
using InverseScope.Core.Information;
using InverseScope.Core.Proposals;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics;
using InverseScope.Core.Tasks;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>The explore half of one site, as proposers see it.</summary>
public sealed class ExploreBoard : IExploreBoard
{
    private const double Confidence = 0.95;
    private const int WordsShown = 12;
    private const int LabelsShown = 8;
    private const int MismatchesShown = 4;

    // Of ten draws one at least is shown, unless a prior is hardly more than what is withheld.
    private const int DrawsPerText = 10;

    private const int LintedTexts = 1_000;

    private readonly MeasuredSite _site;
    private readonly SampleSet[] _sets;
    private readonly SpecLibrary _library;
    private readonly double _minimumEss;
    private readonly Func<string, bool> _isWithheld;
    private readonly RunSeed _seed;
    private readonly Lazy<SpecLint> _lint;
    private readonly Dictionary<string, Tried> _tried = new(StringComparer.Ordinal);

    /// <param name="site">Explore references with their samples, and the prior.</param>
    /// <param name="minimumEss">References below it are neither shown nor measured.</param>
    /// <param name="isWithheld">Texts that are never shown: those that may confirm what is proposed.</param>
    public ExploreBoard(MeasuredSite site, ITask task, SpecLibrary library, double minimumEss, Func<string, bool> isWithheld, RunSeed seed)
    {
        (_site, _library, _minimumEss, _isWithheld, _seed) = (site, library, minimumEss, isWithheld, seed);
        _sets = [.. site.Samples.Sets.Where(s => s.Ess >= minimumEss && s.Texts.Length > 0)];
        Task = BriefOf(task);
        _lint = new Lazy<SpecLint>(() => new SpecLint(TextsToShow(), TimeProvider.System));
    }

    /// <summary>What a proposer is told of a task.</summary>
    public static TaskBrief BriefOf(ITask task) => new(
        task.Name,
        task.Description,
        [.. task.Lexicons.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => new LexiconBrief(l.Key, l.Value.Count, [.. l.Value.Take(WordsShown)]))],
        task is IVariableTask variables ? variables.Variables : []);

    public string Site => _site.Site.ToString();

    public TaskBrief Task { get; }

    public double? SiteBits => _sets.Average(s => s.Bits);

    public IReadOnlyList<ShownReference> Show(int references, int samples, int from = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(samples);
        return [.. _sets.Skip(from).Take(references).Select(set =>
        {
            var random = _seed.Stream("shown", Site, _site.Texts[set.Reference]);
            var near = set.Only(t => !_isWithheld(_site.Texts[t])).Thinned(samples, random);
            var far = Enumerable.Range(0, samples * DrawsPerText).Select(_ => _site.Texts[_site.Prior.Draw(random)]).Where(t => !_isWithheld(t)).Take(samples);
            return new ShownReference(_site.Texts[set.Reference], [.. near.Texts.Select(t => _site.Texts[t])], [.. far], set.Tokens);
        })];
    }

    public SpecTrial Try(string spec, CancellationToken cancel)
    {
        var (draft, errors) = _library.TryDraft(spec);
        if (draft is null)
            return new SpecTrial(null, null, null, errors, null);
        var hash = draft.Feature.Hash;
        if (!_tried.TryGetValue(hash, out var tried))
            _tried.Add(hash, tried = Score(draft, cancel));
        return new SpecTrial(hash, draft.Title, SpecLibrary.Write(draft.Spec), [], tried.Score);
    }

    public SpecInspection Lint(string spec, CancellationToken cancel)
    {
        var (draft, errors) = _library.TryDraft(spec);
        return draft is null
            ? new SpecInspection(null, errors, null)
            : new SpecInspection(draft.Title, [], _lint.Value.Check([new CompiledSpec(draft.Spec, draft.Feature)], cancel)[0]);
    }

    public double? JointBits(IReadOnlyCollection<string> hashes, CancellationToken cancel)
    {
        RankedLabels[] labels = [.. hashes.Where(_tried.ContainsKey).Select(h => _tried[h].Labels)];
        return labels.Length == 0
            ? null
            : FeatureBits.Joint(
                [.. labels.Select(l => LabelledSamples.Of(_sets, l))], _minimumEss, null, Confidence,
                _site.Prior.IsExact ? [.. labels.Select(_site.Prior.Labels)] : null, _site.Prior.Weights)?.Bits;
    }

    private Tried Score(HypothesisDraft draft, CancellationToken cancel)
    {
        var hash = draft.Feature.Hash;
        var column = new LabelColumn(draft.Feature, _site.Texts);
        var labels = RankedLabels.Over(_site, column, cancel);
        var references = ReferenceClusters.Of(LabelledSamples.Of(_sets, labels), _minimumEss);
        var shares = _site.Prior.Shares(labels);
        var measured = FeatureConsistency.Measure(references, shares, _seed.Stream("explore bootstrap", Site, hash), Confidence);
        var partition = _site.Prior.Partition(column, cancel);
        var same = _tried.Values.FirstOrDefault(t => AdjustedMutualInformation.Of(t.Partition, partition) >= SpecLint.DuplicateInformation);
        return new Tried(labels, partition, draft.Title, new ExploreScore(
            references.Clusters.Count,
            measured.Fcr,
            measured.Chance,
            measured.Kappa,
            measured.KappaInterval,
            FeatureBits.Measure(references, null, Confidence, _site.Prior.IsExact ? shares : null)?.Bits,
            VerdictRule.WhyDegenerate(measured, sameAs: null),
            same?.Title,
            [.. _sets.Select(s => column.Label(s.Reference)).OfType<string>().CountBy(l => l)
                .OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(LabelsShown).Select(c => new LabelCount(c.Key, c.Value))],
            [.. Mismatches(column).Take(MismatchesShown)]));
    }

    // Labels and failures tell of the texts that they are of.
    private IEnumerable<string> TextsToShow()
    {
        var random = _seed.Stream("lint", Site);
        return Enumerable.Range(0, LintedTexts).Select(_ => _site.Texts[_site.Prior.Draw(random)]).Where(t => !_isWithheld(t))
            .Concat(_site.Samples.Sets.Select(s => _site.Texts[s.Reference]));
    }

    // One of each reference, so that they show different things.
    private IEnumerable<Mismatch> Mismatches(LabelColumn column)
    {
        foreach (var set in _sets)
        {
            if (column.Label(set.Reference) is not { } label)
                continue;
            var other = Array.FindIndex(set.Texts, t => column.Label(t) != label && !_isWithheld(_site.Texts[t]));
            if (other >= 0)
                yield return new Mismatch(_site.Texts[set.Reference], label, _site.Texts[set.Texts[other]], column.Label(set.Texts[other]));
        }
    }

    private sealed record Tried(RankedLabels Labels, int[] Partition, string Title, ExploreScore Score);
}
