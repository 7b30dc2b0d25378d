using System.Text.Json;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Service.Artifacts;
using InverseScope.Service.Cluster;
using InverseScope.Service.Compute;
using InverseScope.Service.Desk;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;
using InverseScope.Torch.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>A cluster in this process: a service with a key and one without, and a worker, with a stopped sweep in the store.</summary>
public sealed class ClusterSite : IAsyncLifetime
{
    public const string Key = "0123456789abcdef0123456789abcdef";

    private readonly PostgresServer _server = new();
    private readonly TempFolder _folder = new();
    private LocalCompute? _compute;
    private WorkerFiles? _files;
    private IHost? _worker;

    public string Sweep { get; private set; } = "";

    /// <summary>Asks for a key.</summary>
    internal ServiceHost Closed { get; private set; } = null!;

    internal ServiceHost Open { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var cancel = TestContext.Current.CancellationToken;
        var settings = new ClusterSettings(_server.NewDatabase());
        var home = new Home(_folder["home"]);
        Closed = await ServiceHost.StartAsync(home, options => options with { Cluster = settings, ApiKey = Key });
        Open = await ServiceHost.StartAsync(home, options => options with { Cluster = settings });
        var own = new Home(_folder["worker"]);
        own.Make();
        _compute = new LocalCompute(own, new TorchThread(threads: 1));
        _files = new WorkerFiles(own, new ArtifactOptions(), TimeProvider.System);
        _worker = WorkerSilo.Build(settings, _files, _compute, "test", TimeProvider.System);
        await _worker.StartAsync(cancel);
        Sweep = Open.Services.GetRequiredService<Workspace>().Store.Begin(new StoredSweep
        {
            Name = "ioi",
            Plan = JsonSerializer.Serialize(new SweepPlan { Name = "ioi", Model = "ioi", Task = "ioi", Sites = ["L0H0"] }, ReportJson.LineOptions),
            Command = "inversescope sweep run plan.yaml",
            Version = "test",
            State = SweepState.Stopped,
            StopReason = "user",
            Started = Timestamp.Of(DateTimeOffset.UnixEpoch),
            Finished = Timestamp.Of(DateTimeOffset.UnixEpoch),
        }).Id;
    }

    public async ValueTask DisposeAsync()
    {
        if (_worker is not null)
            await _worker.StopAsync(CancellationToken.None);
        _worker?.Dispose();
        if (Open is not null)
            await Open.DisposeAsync();
        if (Closed is not null)
            await Closed.DisposeAsync();
        _files?.Dispose();
        _compute?.Dispose();
        _server.Dispose();
        _folder.Dispose();
    }

    /// <summary>Samples at a site of the shipped model, as a stage of the sweep does.</summary>
    internal SiteSamples Measure()
    {
        var task = Open.Services.GetRequiredService<Workspace>().Tasks.Find("ioi");
        var options = new MeasurementOptions { BankSize = 300, Samples = 8 };
        using var backend = Open.Services.GetRequiredService<ClusterCompute>().Open(Sweep, () => 4, "ioi", TargetWeights.Trained, task, options, new RunSeed(1), CancellationToken.None);
        var site = SitePattern.ExpandAll(["L0H0"], backend.Target.Layers, backend.Target.Heads, null, task)[0];
        backend.Prepare([site], null, CancellationToken.None);
        return backend.Sample(site, [backend.Texts[0], backend.Texts[1]], "test", TestContext.Current.CancellationToken);
    }
}
