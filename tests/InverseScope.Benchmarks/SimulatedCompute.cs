using System.Collections.Concurrent;
using System.Diagnostics;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Service.Compute;
using InverseScope.Sweeps;
using InverseScope.Testing;

namespace InverseScope.Benchmarks;

/// <summary>
/// A device that takes the same time for each batch, and hardly computes in it: what comes out is drawn from a small bank at sites that encode
/// nothing. Its target is a model that every member has as files, as if it had <see cref="Side"/> layers of as many heads.
/// </summary>
/// <param name="models">Describes the model; disposed with this.</param>
/// <param name="batch">How long a batch takes.</param>
/// <param name="computed">Told when a batch began and ended, as <see cref="Stopwatch.GetTimestamp"/> counts, which is alike in all processes.</param>
internal sealed class SimulatedCompute(ICompute models, TimeSpan batch, Action<long, long> computed) : ICompute
{
    /// <summary>Layers, and heads of each.</summary>
    public const int Side = 16;

    public ComputeHealth Health => new(ComputeState.Running, Environment.ProcessId, 1, null, "simulated:0", null);

    public TargetOutline Describe(string model)
    {
        var outline = models.Describe(model);
        return outline with { Target = outline.Target with { Layers = Side, Heads = Side } };
    }

    public IInversionBackend Open(string model, TargetWeights weights, ITask task, MeasurementOptions options, RunSeed seed) => new SimulatedBackend(
        Describe(model).Target, new PlantedBackend(task, options, seed, new Dictionary<string, Func<string, string?>>(), layers: Side, heads: Side), batch, computed);

    public void Dispose() => models.Dispose();
}

/// <inheritdoc cref="SimulatedCompute"/>
internal sealed class SimulatedBackend(TargetDescription target, PlantedBackend planted, TimeSpan batch, Action<long, long> computed) : IInversionBackend
{
    private readonly ConcurrentDictionary<Site, bool> _prepared = [];

    public TargetDescription Target => target;

    public MeasurementOptions Options => planted.Options;

    public TextPool Texts => planted.Texts;

    public int PriorTexts => planted.PriorTexts;

    public double[]? PriorWeights => planted.PriorWeights;

    // In the time of the site's first batch.
    public void Prepare(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
    }

    public SiteSamples Sample(Site site, IReadOnlyList<string> references, string streamName, CancellationToken cancel) => InBatch(() =>
    {
        if (_prepared.TryAdd(site, true))
            planted.Prepare([site], null, cancel);
        return planted.Sample(site, references, streamName, cancel);
    });

    public IReadOnlyList<PatchOutcome?> Patch(Site site, IReadOnlyList<PatchRequest> requests, CancellationToken cancel) =>
        InBatch(() => planted.Patch(site, requests, cancel));

    public IReadOnlyList<int?> CharactersRead(Site site, IReadOnlyList<string> texts) => planted.CharactersRead(site, texts);

    public void Dispose() => planted.Dispose();

    private T InBatch<T>(Func<T> compute)
    {
        var began = Stopwatch.GetTimestamp();
        var result = compute();
        if (batch - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } left)
            Thread.Sleep(left);
        computed(began, Stopwatch.GetTimestamp());
        return result;
    }
}
