using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;

namespace InverseScope.Service.Compute;

/// <summary>Where models run. Opened backends may be used from several threads at once.</summary>
public interface ICompute : IDisposable
{
    /// <summary>What is known of a model before anything is computed.</summary>
    /// <exception cref="BadInputException">There is none of this name, or its files cannot be used.</exception>
    TargetOutline Describe(string model);

    /// <summary>A backend, which the caller disposes.</summary>
    /// <exception cref="BadInputException">The options, the model or its generator cannot be used.</exception>
    IInversionBackend Open(string model, TargetWeights weights, ITask task, MeasurementOptions options, RunSeed seed);
}
