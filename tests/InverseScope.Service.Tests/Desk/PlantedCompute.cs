using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Service.Compute;
using InverseScope.Sweeps;

namespace InverseScope.Service.Tests.Desk;

/// <summary>Planted sites in place of models, and a say before each is sampled.</summary>
internal sealed class PlantedCompute : ICompute
{
    private static readonly Dictionary<string, Func<string, string?>> Planted = new() { ["L0H0@last"] = text => text[..1] };

    /// <summary>Called before a site is sampled.</summary>
    public Action<Site> BeforeSampling { get; set; } = _ => { };

    /// <summary>Called before a backend is opened.</summary>
    public Action BeforeOpening { get; set; } = () => { };

    public ComputeHealth Health => new(ComputeState.Running, null, 1, null, "planted:0", null);

    public TargetOutline Describe(string model) => new(new TargetDescription("planted", "planted", "0000", 2, 2, 16, 32, 100, 64), text => [.. text.Select(c => c.ToString())]);

    public IInversionBackend Open(string model, TargetWeights weights, ITask task, MeasurementOptions options, RunSeed seed)
    {
        BeforeOpening();
        return new PlantedBackend(task, options, seed, Planted) { BeforeSampling = site => BeforeSampling(site) };
    }

    public void Dispose()
    {
    }
}
