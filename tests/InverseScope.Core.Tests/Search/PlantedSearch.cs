using InverseScope.Core.Sampling;
using InverseScope.Core.Search;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics;
using InverseScope.Core.Statistics.Calibration;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Tests.Search;

/// <summary>
/// Searches of sites of which it is known what they encode, over the prior of one task: from activations through the
/// neighbour sampler to proposals, as in a sweep.
/// </summary>
internal sealed class PlantedSearch
{
    private const int Width = 32;
    private const int BankRows = 4_000;
    private readonly RunSeed _seed;
    private readonly TextPool _pool = new();
    private readonly int[] _bank;
    private readonly string[] _references;

    public PlantedSearch(string task, int references = 120, long seed = 5, int priorSample = 2_000)
    {
        _seed = new RunSeed(seed);
        Task = new TaskCatalog().Find(task);
        var random = _seed.Stream("texts", task);
        Prior = [.. Enumerable.Range(0, priorSample).Select(_ => Task.Draw(random))];
        _bank = [.. Enumerable.Range(0, BankRows).Select(_ => _pool.Add(Task.Draw(random)))];
        _references = [.. Enumerable.Range(0, references).Select(_ => Task.Draw(random))];
        Space = SearchSpace.Build(Prior, new CompileContext(Task.Lexicons), CancellationToken.None);
    }

    public ITask Task { get; }

    public string[] Prior { get; }

    public SearchSpace Space { get; }

    /// <summary>Enough to find a feature, and fast.</summary>
    public static SearchOptions Quick { get; } = new() { MaxSamples = 24, MaxProposals = 1 };

    /// <summary>Samples at a site whose activations encode the features, drawn as neighbours.</summary>
    /// <param name="noise">Norm of the noise over that of the signal.</param>
    public SampleSet[] Planted(double noise, params Func<string, string?>[] features)
    {
        var texts = _bank.Select(id => _pool[id]).Concat(_references).ToArray();
        var activations = PlantedSite.Activations(
            [.. features.Select(f => Codes(texts, f))], Width, noise, _seed);
        return Neighbours(activations, Width, kernel: 0.05 + 0.1 * noise);
    }

    /// <summary>Samples at a site whose activations are independent of the texts, drawn as neighbours.</summary>
    public SampleSet[] Null(long seed)
    {
        // So few dimensions that random directions have neighbours.
        const int Narrow = 6;
        return Neighbours(PlantedSite.Null(_bank.Length + _references.Length, Narrow, new RunSeed(seed)), Narrow);
    }

    /// <summary>
    /// Samples that are texts with the reference's label with a probability, and else any text of the prior.
    /// </summary>
    public SampleSet[] Copied(double probability, Func<string, string?> feature, int samples = 32)
    {
        var random = _seed.Stream("copies");
        var byLabel = _bank.ToLookup(id => feature(_pool[id]) ?? "");
        return [.. _references.Select(text =>
        {
            var alike = byLabel[feature(text) ?? ""].ToArray();
            int[] drawn = [.. Enumerable.Range(0, samples).Select(_ =>
                random.Pick(alike.Length > 0 && random.NextDouble() < probability ? alike : _bank))];
            float[] weights = [.. drawn.Select(_ => 1f / samples)];
            return new SampleSet(_pool.Add(text), drawn, weights, [], samples, samples, Math.Log2(samples));
        })];
    }

    public SearchInput Input(
        IReadOnlyList<SampleSet> sets, IReadOnlySet<string>? tested = null, Func<string, int?>? read = null) =>
        new(Space, _pool, sets, read is null ? null : texts => [.. texts.Select(read)], tested);

    public SearchResult Run(IReadOnlyList<SampleSet> sets, SearchOptions? options = null) =>
        SymbolicSearch.Propose(Input(sets), options ?? Quick, _seed.Stream("search"), CancellationToken.None);

    /// <summary>How alike a feature and some proposals, taken jointly, part the prior: 1 for the same partition.</summary>
    public double Agreement(Func<string, string?> feature, params IEnumerable<Proposal> proposals)
    {
        var features = proposals.Select(p => p.Feature).ToArray();
        return AdjustedMutualInformation.Of(
            Codes(Prior, feature),
            Codes(Prior, text => string.Join('|', features.Select(f => f.Label(text)))));
    }

    /// <summary>The highest agreement of any one proposal with a feature; 0 if there is none.</summary>
    public double BestAgreement(Func<string, string?> feature, SearchResult result) =>
        result.Proposals.Select(p => Agreement(feature, p)).DefaultIfEmpty(0).Max();

    private SampleSet[] Neighbours(float[] activations, int width, double kernel = 0.05)
    {
        var options = new MeasurementOptions { Samples = 32, Epsilon = kernel, NormBand = Math.Max(0.1, 3 * kernel) };
        var sampler = new NeighbourSampler(
            activations.AsMemory(0, _bank.Length * width), width, _bank, null, options);
        var sets = _references.Select((text, i) => sampler.Draw(
            activations.AsSpan((_bank.Length + i) * width, width), _pool.Add(text), _seed.Stream("samples", text)));
        return [.. sets.Where(s => s.Ess >= options.MinimumEss)];
    }

    private static int[] Codes(IEnumerable<string> texts, Func<string, string?> feature)
    {
        var codes = new Dictionary<string, int>(StringComparer.Ordinal);
        return [.. texts.Select(text =>
        {
            var label = feature(text) ?? "";
            codes.TryAdd(label, codes.Count);
            return codes[label];
        })];
    }
}
