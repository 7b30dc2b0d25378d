using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Service.Compute;
using InverseScope.Sweeps;
using InverseScope.Torch.Generators;

namespace InverseScope.Service.Cluster;

/// <summary>Models that run on the workers of a cluster.</summary>
/// <param name="outlines">Describes models; nothing is computed on it. Belongs to the compute.</param>
internal sealed class ClusterCompute(IGrainFactory grains, ICompute outlines, Home home, TimeProvider clock) : ICompute
{
    // What a person waits for at a page goes before sweeps.
    private const double AskedWeight = 100;
    private const string AskedOwner = "asked at a page";

    private readonly GeneratorCatalog _generators = new(home.Generators);

    public ComputeHealth Health => new(ComputeState.Running, null, 0, null, "cluster", null);

    public TargetOutline Describe(string model) => outlines.Describe(model);

    public IInversionBackend Open(string model, TargetWeights weights, ITask task, MeasurementOptions options, RunSeed seed) =>
        Open(AskedOwner, () => AskedWeight, model, weights, task, options, seed);

    /// <summary>As <see cref="Open(string, TargetWeights, ITask, MeasurementOptions, RunSeed)"/>, for one of several who share the workers.</summary>
    /// <param name="weight">Its share beside those of others, above 0; asked at every call.</param>
    public IInversionBackend Open(
        string owner, Func<double> weight, string model, TargetWeights weights, ITask task, MeasurementOptions options, RunSeed seed)
    {
        var target = outlines.Describe(model).Target;
        GeneratorDescription? generator = null;
        if (options.UsesGenerator && weights == TargetWeights.Trained)
        {
            var found = _generators.Fitting(options.Generator, target, task, options.Basis);
            generator = new GeneratorDescription(found.Name, Generator.RecordedHash(found.Folder));
        }

        return new ClusterBackend(
            grains, clock, owner, weight,
            new TargetKey(target.Name, target.ContentHash, weights, TaskCatalog.SourceOf(task), task.Fingerprint, options, seed.Value, generator));
    }

    public void Dispose() => outlines.Dispose();
}
