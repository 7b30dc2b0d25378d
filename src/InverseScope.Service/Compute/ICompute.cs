using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;

namespace InverseScope.Service.Compute;

/// <summary>Whether something can be computed.</summary>
public enum ComputeState
{
    /// <summary>Nothing runs; it starts with the next work.</summary>
    Idle,

    Running,

    /// <summary>The last work failed because what computes did not start, or ended again and again. The next work tries anew.</summary>
    Failed,
}

/// <summary>How what computes stands.</summary>
/// <param name="Process">Id of the process; null while there is none.</param>
/// <param name="Starts">How often it was started.</param>
/// <param name="LastFault">Why it ended last without being asked to; null if it never did.</param>
/// <param name="Device">Where it computes, e.g. <c>cuda:0</c>.</param>
/// <param name="ResidentBytes">Memory of the process; null while there is none.</param>
public sealed record ComputeHealth(ComputeState State, int? Process, int Starts, string? LastFault, string Device, long? ResidentBytes);

/// <summary>Where models run. Opened backends may be used from several threads at once.</summary>
public interface ICompute : IDisposable
{
    ComputeHealth Health { get; }

    /// <summary>What is known of a model before anything is computed.</summary>
    /// <exception cref="BadInputException">There is none of this name, or its files cannot be used.</exception>
    TargetOutline Describe(string model);

    /// <summary>A backend, which the caller disposes.</summary>
    /// <exception cref="BadInputException">The options, the model or its generator cannot be used.</exception>
    /// <exception cref="OutsideServiceException">Nothing can be computed at the moment.</exception>
    IInversionBackend Open(string model, TargetWeights weights, ITask task, MeasurementOptions options, RunSeed seed);
}
