using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;
using InverseScope.Torch;
using InverseScope.Torch.Banks;
using InverseScope.Torch.Runtime;

namespace InverseScope.Cli;

/// <summary>Backends over the models, generators and banks of a command's home.</summary>
internal static class Backends
{
    /// <exception cref="BadInputException">The options, the model or its generator cannot be used.</exception>
    public static TorchBackend Open(
        Invocation invocation, TorchThread thread, ModelEntry model, ITask task, MeasurementOptions options, RunSeed seed,
        TargetWeights weights = TargetWeights.Trained, CollectionOptions? collection = null) => TorchBackend.Open(
            thread, model.Folder, model.Name, task, options, seed, invocation.Home.Banks, weights,
            target => invocation.Generators.Fitting(options.Generator, target, task, options.Basis).Folder, collection);
}
