using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Banks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;

namespace InverseScope.Torch;

/// <summary>
/// Computes in this process: activations by libtorch on its one thread, neighbours on plain arrays on all cores.
/// </summary>
public sealed class TorchBackend : IInversionBackend
{
    // Explore and confirm of one site follow each other, and both want its rows.
    private const int SamplersKept = 2;

    private readonly ITask _task;
    private readonly RunSeed _seed;
    private readonly TargetModel _target;
    private readonly PriorTexts _prior;
    private readonly ActivationBank _bank;
    private readonly Lock _lock = new();
    private readonly List<(Site Site, NeighbourSampler Sampler, int Rows)> _samplers = [];
    private readonly List<(IReadOnlyList<string> Texts, IReadOnlyList<CapturedActivations> Found)> _references = [];
    private List<Site> _prepared = [];

    private TorchBackend(TargetModel target, ITask task, MeasurementOptions options, RunSeed seed, string banks)
    {
        (_target, _task, _seed, Options) = (target, task, seed, options);
        _prior = Banks.PriorTexts.Of(task, options, seed);
        foreach (var text in _prior.Texts)
            Texts.Add(text);
        _bank = new ActivationBank(target, task, _prior, options.Basis, banks);
    }

    public TargetDescription Target => _target.Description;

    public MeasurementOptions Options { get; }

    public TextPool Texts { get; } = new();

    public int PriorTexts => _prior.Texts.Count;

    /// <param name="thread">Runs all that the model computes; belongs to the caller.</param>
    /// <param name="modelFolder">In Hugging Face layout.</param>
    /// <param name="name">Of the model, for results; null takes the folder's.</param>
    /// <param name="banks">Folder of activation banks; made if it is missing.</param>
    /// <exception cref="Core.BadInputException">The model's folder cannot be used, or the prior cannot be enumerated.</exception>
    public static TorchBackend Open(
        TorchThread thread, string modelFolder, string? name, ITask task, MeasurementOptions options, RunSeed seed, string banks)
    {
        var target = TargetModel.Open(modelFolder, thread, name);
        try
        {
            return new TorchBackend(target, task, options, seed, banks);
        }
        catch
        {
            target.Dispose();
            throw;
        }
    }

    public void Prepare(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        _bank.Collect(sites, progress, cancel);
        lock (_lock)
        {
            _prepared = [.. _prepared.Union(sites)];
            _references.Clear();
        }
    }

    public SiteSamples Sample(Site site, IReadOnlyList<string> references, string streamName, CancellationToken cancel)
    {
        var (sampler, rows, activations) = Ready(site, references, cancel);
        var sets = new SampleSet?[references.Count];
        var ids = references.Select(Texts.Add).ToArray();
        Parallel.For(0, references.Count, new ParallelOptions { CancellationToken = cancel }, i =>
        {
            if (activations.Present[i] != 0)
                sets[i] = sampler.Draw(activations[i], ids[i], _seed.Stream(streamName, site.ToString(), references[i]));
        });
        return new SiteSamples(
            [.. sets.OfType<SampleSet>()],
            [.. Enumerable.Range(0, ids.Length).Where(i => sets[i] is null).Select(i => ids[i])],
            (double)rows / _prior.Texts.Count,
            rows);
    }

    public int? CharactersRead(Site site, string text)
    {
        var tokens = _target.Tokenize(text);
        return site.Position.Resolve(tokens, _task) is { } token ? Math.Max(0, tokens.Ends[token]) : null;
    }

    public void Dispose() => _target.Dispose();

    private (NeighbourSampler Sampler, int Rows, CapturedActivations References) Ready(
        Site site, IReadOnlyList<string> references, CancellationToken cancel)
    {
        lock (_lock)
        {
            var at = _prepared.IndexOf(site);
            if (at < 0)
                throw new InvalidOperationException($"Site {site} was not prepared.");
            var known = _samplers.FirstOrDefault(s => s.Site == site);
            if (known.Sampler is null)
            {
                var (texts, rows, width) = _bank.Read(site);
                var prior = _prior.Weights is { } weights ? texts.Select(t => weights[t]).ToArray() : null;
                known = (site, new NeighbourSampler(rows, width, texts, prior, Options), texts.Length);
                if (_samplers.Count == SamplersKept)
                    _samplers.RemoveAt(0);
                _samplers.Add(known);
            }

            // The same references come back at every site: all sites are captured at the first.
            var captured = _references.FirstOrDefault(r => ReferenceEquals(r.Texts, references)).Found;
            if (captured is null)
            {
                using var capture = new ActivationCapture(_target, _prepared, Options.Basis, _task);
                captured = capture.Read(references, cancel);
                _references.Add((references, captured));
            }

            return (known.Sampler, known.Rows, captured[at]);
        }
    }
}
