using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Banks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;

namespace InverseScope.Torch;

/// <summary>Samples from activations of a target model that runs in this process.</summary>
public sealed class TorchBackend : IInversionBackend
{
    private readonly TargetModel _target;
    private readonly ITask _task;
    private readonly RunSeed _seed;
    private readonly Population _population;
    private readonly ActivationBank _bank;
    private readonly SiteSamplers _samplers;
    private readonly Generator? _generator;
    private readonly GeneratorSampler? _generated;
    private readonly Dictionary<Site, ReferenceActivations> _references = [];
    private readonly Dictionary<Position, (double Share, long Rows)> _positions = [];
    private readonly Lock _lock = new();

    private TorchBackend(
        TargetModel target, ITask task, MeasurementOptions options, RunSeed seed, string banks, Generator? generator, CollectionOptions? collection)
    {
        (_target, _task, _seed, Options) = (target, task, seed, options);
        _population = Population.Of(task, options, seed);
        target.ExpectedLongest = ExpectedLongest();
        _bank = new ActivationBank(banks, target, task, _population, options.Basis, collection);
        _samplers = new SiteSamplers(_bank, _population, options);
        if (generator is null)
            return;
        (_generator, Generator) = (generator, generator.Describe());
        _generated = new GeneratorSampler(generator, target, task, _population, options);
    }

    // Other texts, of references or of a generator, and those with fewer characters may have more tokens.
    private int ExpectedLongest()
    {
        var longest = Enumerable.Range(0, _population.Rows).Select(row => _population.Pool[row]).MaxBy(text => text.Length)!;
        try
        {
            return 2 * _target.Tokenize(longest).Ids.Length;
        }
        catch (BadInputException)
        {
            // Told where the text is read for its activation; what needs no activation can do without.
            return _target.ExpectedLongest;
        }
    }

    public TargetDescription Target => _target.Description;

    public MeasurementOptions Options { get; }

    public GeneratorDescription? Generator { get; }

    public TextPool Texts => _population.Pool;

    public int PriorTexts => _population.Rows;

    public double[]? PriorWeights => _population.Weights;

    /// <summary>The folder with the activations of this target, task and basis.</summary>
    public string BankFolder => _bank.Folder;

    /// <summary>Opens the model and draws or enumerates the texts; nothing is computed yet.</summary>
    /// <param name="thread">Runs all that the model computes; belongs to the caller.</param>
    /// <param name="modelFolder">In Hugging Face layout.</param>
    /// <param name="name">Of the model, for results; null takes the folder's.</param>
    /// <param name="banks">The folder in which activation banks are kept; made if it is missing.</param>
    /// <param name="weights">Whether the target is as trained, or its control with random weights.</param>
    /// <param name="generators">Folder of the generator for a target; asked only where the options use one.</param>
    /// <param name="collection">How much memory collecting activations takes; the defaults if null.</param>
    /// <exception cref="BadInputException">
    /// The options, the model's folder or the generator cannot be used, or the prior cannot be enumerated.
    /// </exception>
    public static TorchBackend Open(
        TorchThread thread, string modelFolder, string? name, ITask task, MeasurementOptions options, RunSeed seed, string banks,
        TargetWeights weights = TargetWeights.Trained, Func<TargetDescription, string>? generators = null, CollectionOptions? collection = null)
    {
        if (((string[])[.. options.Check(), .. collection?.Check() ?? []]) is { Length: > 0 } problems)
            throw new BadInputException($"The measurement options cannot be used: {string.Join(" ", problems)}");
        var target = TargetModel.Open(
            modelFolder, thread, name, weights == TargetWeights.Random ? seed : null, (task as TextFileTask)?.Format,
            (collection ?? new CollectionOptions()).BatchTokens);
        Generator? generator = null;
        try
        {
            if (options.UsesGenerator)
            {
                ArgumentNullException.ThrowIfNull(generators);
                generator = Generators.Generator.Open(generators(target.Description), thread);
                generator.CheckFits(target.Description, task, options.Basis);
            }

            return new TorchBackend(target, task, options, seed, banks, generator, collection);
        }
        catch
        {
            generator?.Dispose();
            target.Dispose();
            throw;
        }
    }

    public void Prepare(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        Site[] unprepared;
        lock (_lock)
            unprepared = [.. sites.Distinct().Where(site => !_references.ContainsKey(site))];
        if (unprepared.Length == 0)
            return;
        // What only tells of tokens may lack sites.
        if (Options.SamplesFromGenerator)
            _generator!.Record.CheckSites(_generator.Folder, unprepared);
        if (HasBank)
            _bank.Collect(unprepared, progress, cancel);
        var references = new ReferenceActivations(_target, _task, unprepared, Options.Basis);
        lock (_lock)
        {
            foreach (var site in unprepared)
                _references.TryAdd(site, references);
        }
    }

    /// <exception cref="BadInputException">A reference that the target cannot read.</exception>
    /// <exception cref="ArgumentException">The site is not prepared.</exception>
    public SiteSamples Sample(Site site, IReadOnlyList<string> references, string streamName, CancellationToken cancel)
    {
        ReferenceActivations? others;
        lock (_lock)
        {
            if (!_references.TryGetValue(site, out others))
                throw new ArgumentException($"{site} is not prepared.", nameof(site));
        }

        var sampler = HasBank ? _samplers[site] : null;
        var ids = references.Select(Texts.Add).ToArray();
        var targets = ids.Select((id, i) => sampler is not null && id < _population.Rows
            ? sampler.Activation(id)
            : others.Of(site, references[i], cancel)).ToArray();
        RandomStream Choices(int i) => _seed.Stream(streamName, site.ToString(), references[i]);
        var sets = new SampleSet?[ids.Length];
        if (_generated is not null && Options.SamplesFromGenerator)
        {
            int[] present = [.. Enumerable.Range(0, ids.Length).Where(i => !targets[i].IsEmpty)];
            var found = _generated.Sample(
                site, [.. present.Select(i => new Inverted(ids[i], targets[i], _seed.Stream(streamName, site.ToString(), references[i], "generated"), Choices(i)))],
                sampler, cancel);
            foreach (var (i, set) in present.Zip(found))
                sets[i] = set;
        }
        else
        {
            Parallel.For(
                0,
                ids.Length,
                new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = Environment.ProcessorCount },
                i =>
                {
                    if (!targets[i].IsEmpty)
                        sets[i] = sampler!.Draw(targets[i].Span, ids[i], Choices(i));
                });
            if (_generator?.IndexOf(site) is not null)
                Tell(site, sets, ids, targets, cancel);
        }

        var (share, rows) = sampler is null ? PositionIn(site) : (sampler.ShareWithPosition, sampler.RowsWithPosition);
        return new SiteSamples([.. sets.OfType<SampleSet>()], [.. ids.Where((_, i) => sets[i] is null)], share, rows);
    }

    public IReadOnlyList<PatchOutcome?> Patch(Site site, IReadOnlyList<PatchRequest> requests, CancellationToken cancel) =>
        new ActivationPatcher(_target, _task, site).Patch(requests, cancel);

    public IReadOnlyList<string?> Continue(Site site, IReadOnlyList<ContinuationRequest> requests, CancellationToken cancel) =>
        new PatchedContinuation(_target, _task, site).Write(requests, cancel);

    public IReadOnlyList<int?> CharactersRead(Site site, IReadOnlyList<string> texts) => [.. texts.Select(t => CharactersRead(site, t))];

    private int? CharactersRead(Site site, string text)
    {
        var tokens = _target.Tokenize(text);
        if (site.Position.Resolve(tokens, _task) is not { } token)
            return null;
        // In a chat template the text begins somewhere within the prompt.
        var begin = Math.Max(0, tokens.Text.IndexOf(text.Trim(), StringComparison.Ordinal));
        return Math.Clamp(tokens.Ends[token] - begin, 0, text.Length);
    }

    public void Dispose()
    {
        foreach (var references in _references.Values.Distinct())
            references.Dispose();
        _samplers.Dispose();
        _generator?.Dispose();
        _target.Dispose();
    }

    /// <summary>Adds what activations say of their texts to samples that others drew.</summary>
    private void Tell(Site site, SampleSet?[] sets, int[] ids, ReadOnlyMemory<float>[] targets, CancellationToken cancel)
    {
        int[] drawn = [.. Enumerable.Range(0, sets.Length).Where(i => sets[i] is not null)];
        var told = _generated!.Evidence(site, [.. drawn.Select(i => (ids[i], targets[i]))], cancel);
        foreach (var (i, tokens) in drawn.Zip(told))
            sets[i] = sets[i]! with { Tokens = tokens?.Tokens, PriorGap = tokens?.PriorGap(_task) };
    }

    private bool HasBank => Options.Sampler != SamplerKind.Generator;

    // Without a bank the texts alone tell.
    private (double Share, long Rows) PositionIn(Site site)
    {
        lock (_lock)
        {
            if (_positions.TryGetValue(site.Position, out var known))
                return known;
        }

        var (with, all, rows) = (0.0, 0.0, 0L);
        for (var row = 0; row < _population.Rows; row++)
        {
            all += _population.Times(row);
            if (site.Position.Resolve(_target.Tokenize(Texts[row]), _task) is null)
                continue;
            with += _population.Times(row);
            rows++;
        }

        lock (_lock)
            return _positions[site.Position] = (with / all, rows);
    }
}
