using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Service.Artifacts;
using InverseScope.Sweeps;

namespace InverseScope.Service.Cluster;

/// <summary>What a worker has as files, and where it gets what it lacks.</summary>
public sealed class WorkerFiles(Home home, ArtifactOptions options, TimeProvider clock) : IDisposable
{
    private readonly ArtifactPull _pull = new(home, options, clock);
    private readonly ModelCatalog _models = new(home.Models);
    private readonly GeneratorCatalog _generators = new(home.Generators);

    public void Dispose() => _pull.Dispose();

    internal (string[] Models, string[] Generators) Names() => ([.. _models.All.Select(m => m.Name)], [.. _generators.All.Select(g => g.Name)]);

    /// <exception cref="UnfitWorkerException">It is neither here nor to be had.</exception>
    internal LocalTarget Find(TargetKey key, CancellationToken cancel)
    {
        try
        {
            var model = _pull.ModelAsync(key.Model, key.ModelHash, cancel).GetAwaiter().GetResult();
            var task = _pull.TaskAsync(key.Task, key.TaskFingerprint, cancel).GetAwaiter().GetResult();
            return new LocalTarget(model.Folder, task, key.Generator is { } generator ? With(key.Options, generator, cancel) : key.Options);
        }
        catch (Exception e) when (e is BadInputException or OutsideServiceException)
        {
            throw new UnfitWorkerException($"Worker {Environment.MachineName}: {e.Message}", e);
        }
    }

    private MeasurementOptions With(MeasurementOptions options, GeneratorDescription generator, CancellationToken cancel) =>
        options with { Generator = _pull.GeneratorAsync(generator.Name, generator.ContentHash, cancel).GetAwaiter().GetResult().Folder };
}
