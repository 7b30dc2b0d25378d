using InverseScope.Service.Compute;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Cluster;

/// <summary>A worker of a cluster: one device that computes for whichever service asks.</summary>
public static class WorkerSilo
{
    /// <summary>A host that joins when it is started.</summary>
    /// <param name="compute">What it computes with; belongs to the caller.</param>
    /// <param name="version">Of the program.</param>
    /// <exception cref="Core.BadInputException">The database cannot be used, another version of the program runs there, or the clock is wrong.</exception>
    /// <exception cref="Core.OutsideServiceException">The database does not answer.</exception>
    public static IHost Build(ClusterSettings settings, WorkerFiles files, ICompute compute, string version, TimeProvider clock)
    {
        ClusterSchema.Prepare(settings, version, clock);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        ServiceApp.Log(builder.Logging);
        builder.UseOrleans(silo => ClusterHost.AddWorker(silo, settings, version));
        builder.Services.AddSingleton(clock);
        builder.Services.AddSingleton(provider => new WorkerDesk(
            compute, files.Find,
            new WorkerIdentity(
                OnSiloPlacement.KeyOf(provider.GetRequiredService<ILocalSiloDetails>().SiloAddress, compute.Health.Device), Environment.MachineName, Environment.ProcessId, compute.Health.Device, version),
            files.Names, clock));
        builder.Services.AddSingleton<WorkerAnnouncer>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<WorkerAnnouncer>());
        return builder.Build();
    }

    /// <summary>Waits until the worker ends.</summary>
    /// <exception cref="Core.OutsideServiceException">It ended without being asked to.</exception>
    public static void Wait(IHost host, CancellationToken cancel)
    {
        host.WaitForShutdownAsync(cancel).GetAwaiter().GetResult();
        if (host.Services.GetRequiredService<WorkerAnnouncer>().ExecuteTask is { IsFaulted: true } broken)
            broken.GetAwaiter().GetResult();
    }
}

/// <summary>Tells the pool what this worker is and has, as long as it lives.</summary>
internal sealed partial class WorkerAnnouncer(WorkerDesk desk, IGrainFactory grains, TimeProvider clock, ILogger<WorkerAnnouncer> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var pool = grains.Pool();
        var isUnheard = false;
        try
        {
            do
            {
                try
                {
                    await pool.Announce(desk.Card()).WaitAsync(stoppingToken);
                    isUnheard = false;
                }
#pragma warning disable CA1031 // A worker that does not tell of itself is as good as none: whatever it was, it tries again.
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    // While there is no service, there is nothing to do.
                    if (!isUnheard)
                        LogUnheard(logger, e is OrleansException ? "none is there yet, or it does not answer." : e.Message);
                    isUnheard = true;
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            try
            {
                await pool.Leave(desk.Identity.Id);
            }
            catch (Exception e) when (ClusterGrains.IsPassing(e, CancellationToken.None))
            {
                // It is found out by its silence.
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No service of the cluster answers: {Why}")]
    private static partial void LogUnheard(ILogger logger, string why);
}
