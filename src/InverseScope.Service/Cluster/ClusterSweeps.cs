using InverseScope.Service.Desk;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Stages;
using Microsoft.Extensions.Hosting;

namespace InverseScope.Service.Cluster;

/// <summary>What the sweeps that run in this service share.</summary>
internal sealed class ClusterSweeps(
    IGrainFactory grains, ILocalSiloDetails silo, Workspace workspace, ClusterCompute compute, LanguageModelFactory languageModels, SiteWorks works, IHostApplicationLifetime lifetime) : IDisposable
{
    // Each has threads that mostly wait.
    private const int MostAtOnce = 16;

    private readonly SemaphoreSlim _seats = new(MostAtOnce);
    private volatile int _workers = 1;
    private volatile int _asking;

    public IPoolGrain Pool => grains.Pool();

    public string Silo => silo.SiloAddress.ToString();

    /// <summary>Cancelled when the service begins to end.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    /// <summary>For one run of a sweep.</summary>
    public ISiteDispatch NewDispatch()
    {
        var allowance = new SiteAllowance(() => new ClusterLoad(_workers, _asking, MostAtOnce - _seats.CurrentCount), workspace.Clock);
        return new SiteDispatch(grains, works, _ => allowance.Now(), workspace.Clock);
    }

    /// <summary>What was heard of the cluster.</summary>
    public void See(ClusterView view) => (_workers, _asking) = (view.Workers.Length, view.Owners.Sum(o => o.Waiting + o.Running));

    /// <summary>Waits until there is room for one more sweep.</summary>
    public IDisposable Seat(CancellationToken cancel)
    {
        _seats.Wait(cancel);
        return new Taken(_seats);
    }

    /// <summary>Runs one sweep, with that sweep's share of the workers.</summary>
    public SweepRunner RunnerOf(string id, CancellationToken cancel) => new(
        workspace.Home, workspace.Store,
        (model, weights, task, options, seed) => compute.Open(id, () => SweepPriorities.WeightOf(workspace.Store.Sweep(id).Priority), model, weights, task, options, seed, cancel),
        compute.Describe, workspace.Tasks, workspace.Clock, workspace.Version, languageModels);

    /// <summary>Whether a sweep is to run, as far as that can be read.</summary>
    public bool IsToGoOn(string id) => workspace.Store.Sweep(id).IsToGoOn();

    public void Dispose() => _seats.Dispose();

    private sealed class Taken(SemaphoreSlim seats) : IDisposable
    {
        public void Dispose() => seats.Release();
    }
}
