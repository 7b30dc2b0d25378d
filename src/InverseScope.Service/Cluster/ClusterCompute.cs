using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Service.Compute;
using InverseScope.Sweeps;
using InverseScope.Torch.Generators;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Cluster;

/// <summary>Models that run on the workers of a cluster.</summary>
/// <param name="outlines">Describes models; nothing is computed on it. Belongs to the compute.</param>
internal sealed class ClusterCompute(IGrainFactory grains, ICompute outlines, Home home, TimeProvider clock, ILogger<ClusterBackend> logger) : ICompute
{
    // What a person waits for at a page goes before sweeps.
    private const double AskedWeight = 100;
    private const string AskedOwner = "asked at a page";
    private static readonly TimeSpan AskedPatience = TimeSpan.FromMinutes(3);

    private readonly GeneratorCatalog _generators = new(home.Generators);

    public ComputeHealth Health => new(ComputeState.Running, null, 0, null, "cluster", null);

    public TargetOutline Describe(string model) => outlines.Describe(model);

    public IInversionBackend Open(string model, TargetWeights weights, ITask task, MeasurementOptions options, RunSeed seed)
    {
        using var patience = new CancellationTokenSource(AskedPatience, clock);
        try
        {
            return Open(AskedOwner, () => AskedWeight, model, weights, task, options, seed, patience.Token);
        }
        catch (OperationCanceledException e) when (patience.IsCancellationRequested)
        {
            throw new OutsideServiceException(
                $"No worker of the cluster opened '{model}' within {AskedPatience.TotalMinutes:0} minutes. Start one ('inversescope worker'), or try again when those that are there have less to do.", e);
        }
    }

    /// <summary>As <see cref="Open(string, TargetWeights, ITask, MeasurementOptions, RunSeed)"/>, for one of several who share the workers.</summary>
    /// <param name="weight">Its share beside those of others, above 0; asked at every call.</param>
    /// <param name="opening">Ends the waiting for a worker that opens it.</param>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public IInversionBackend Open(
        string owner, Func<double> weight, string model, TargetWeights weights, ITask task, MeasurementOptions options, RunSeed seed, CancellationToken opening)
    {
        var target = outlines.Describe(model).Target;
        GeneratorDescription? generator = null;
        if (options.UsesGenerator && weights == TargetWeights.Trained)
        {
            var found = _generators.Fitting(options.Generator, target, task, options.Basis);
            generator = new GeneratorDescription(found.Name, Generator.RecordedHash(found.Folder));
        }

        return new ClusterBackend(
            grains, clock, logger, owner, weight,
            new TargetKey(target.Name, target.ContentHash, weights, TaskCatalog.SourceOf(task), task.Fingerprint, options, seed.Value, generator), opening);
    }

    public void Dispose() => outlines.Dispose();
}
