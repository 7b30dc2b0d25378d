using InverseScope.Service.Desk;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Stages;
using InverseScope.Sweeps.Store;
using Microsoft.Extensions.Hosting;

namespace InverseScope.Service.Cluster;

/// <summary>What the sweeps that run in this service share.</summary>
internal sealed class ClusterSweeps(
    IGrainFactory grains, ILocalSiloDetails silo, Workspace workspace, ClusterCompute compute, LanguageModelFactory languageModels, SiteWorks works, IHostApplicationLifetime lifetime) : IDisposable
{
    // Each has threads that mostly wait.
    private const int MostAtOnce = 16;

    // Sites of one sweep: one that computes and one that waits for a language model or thinks, for each worker, and some more.
    private const int SitesPerWorker = 2;
    private const int SitesBesides = 2;
    private const int MostSites = 48;

    private readonly SemaphoreSlim _seats = new(MostAtOnce);
    private volatile int _workers = 1;

    public IPoolGrain Pool => grains.Pool();

    public string Silo => silo.SiloAddress.ToString();

    /// <summary>Cancelled when the service begins to end.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    public ISiteDispatch Dispatch => new SiteDispatch(grains, works, _ => SitesAtOnce, workspace.Clock);

    /// <summary>How many workers there are, as was last heard.</summary>
    public int Workers
    {
        set => _workers = value;
    }

    // Sweeps of one service share its threads: many that each begin many sites would long end none.
    private int SitesAtOnce => Math.Max(1, Math.Min((_workers * SitesPerWorker) + SitesBesides, MostSites) / Math.Max(1, MostAtOnce - _seats.CurrentCount));

    /// <summary>Waits until there is room for one more sweep.</summary>
    public IDisposable Seat(CancellationToken cancel)
    {
        _seats.Wait(cancel);
        return new Taken(_seats);
    }

    /// <summary>Runs one sweep, with that sweep's share of the workers.</summary>
    public SweepRunner RunnerOf(string id) => new(
        workspace.Home, workspace.Store,
        (model, weights, task, options, seed) => compute.Open(id, () => SweepPriorities.WeightOf(workspace.Store.Sweep(id).Priority), model, weights, task, options, seed),
        compute.Describe, workspace.Tasks, workspace.Clock, workspace.Version, languageModels);

    /// <summary>Whether a sweep is to run, as far as that can be read.</summary>
    public bool IsToGoOn(string id) => workspace.Store.Sweep(id) is { State: SweepState.Running, Turn: not null };

    public void Dispose() => _seats.Dispose();

    private sealed class Taken(SemaphoreSlim seats) : IDisposable
    {
        public void Dispose() => seats.Release();
    }
}
