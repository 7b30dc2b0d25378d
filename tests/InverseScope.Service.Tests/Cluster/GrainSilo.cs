using System.Diagnostics;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Service.Cluster;
using InverseScope.Service.Desk;
using InverseScope.Service.Tests.Desk;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Stages;
using InverseScope.Sweeps.Store;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>
/// A cluster of one, in this process and its memory, with all grains that services and workers have: over a store in a file, with planted sites in
/// place of models, and a clock that stands still.
/// </summary>
public sealed class GrainSilo : IAsyncLifetime
{
    /// <summary>A model that the worker looks for until the call is cancelled.</summary>
    public const string LostModel = "lost";

    private const string Reminder = "go on";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly TempFolder _folder = new();
    private WatchedDatabase _database = null!;
    private Workspace _workspace = null!;
    private IHost _host = null!;

    public IServiceProvider Services => _host.Services;

    internal PlantedCompute Compute { get; } = new();

    /// <summary>Of what waits and counts time in grains; their timers have the machine's.</summary>
    internal FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    internal SweepStore Store => _workspace.Store;

    /// <summary>The same, past <see cref="WatchStore"/>.</summary>
    internal SweepStore UnwatchedStore { get; private set; } = null!;

    internal Home Home => _workspace.Home;

    internal IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    internal IPoolGrain Pool => Grains.Pool();

    /// <summary>The target that the worker has.</summary>
    internal TargetKey Target
    {
        get
        {
            var plan = PlanOf("target");
            var (target, task) = (Compute.Describe("").Target, _workspace.Tasks.Find(plan.Task));
            return new TargetKey(target.Name, target.ContentHash, TargetWeights.Trained, plan.Task, task.Fingerprint, plan.Measurement, new RunSeed(1).Value, null);
        }
    }

    internal IWorkerGrain Worker => Grains.Worker(Desk.Identity.Id);

    private IReminderTable Reminders => Services.GetRequiredService<IReminderTable>();

    private WorkerDesk Desk => Services.GetRequiredService<WorkerDesk>();

    public async ValueTask InitializeAsync()
    {
        var home = new Home(_folder["home"]);
        home.Make();
        PlantedPlan.KeepSpec(home);
        UnwatchedStore = SweepStore.Open(home.Store);
        _database = new WatchedDatabase(UnwatchedStore.Database);
        _workspace = new Workspace(home, new SweepStore(_database), Clock, "test");
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        builder.UseOrleans(silo =>
        {
            ClusterHost.AddAlone(silo, _workspace.Version);
            silo.Configure<GrainTypeOptions>(types => types.Classes.UnionWith([typeof(PoolGrain), typeof(SweepGrain), typeof(WorkerGrain)]));
            silo.UseInMemoryReminderService();
            silo.Configure<ReminderOptions>(reminders => reminders.MinimumReminderPeriod = ClusterHost.ReminderPeriod);
            silo.Services.AddPlacementDirector<OnSiloPlacement, OnSiloDirector>();
        });
        LanguageModelFactory none = _ => throw new InvalidOperationException("No plan here asks one.");
        builder.Services.AddSingleton(_workspace).AddSingleton(none).AddSingleton<SiteWorks>().AddSingleton<ClusterSweeps>();
        builder.Services.AddSingleton(provider => new ClusterCompute(provider.GetRequiredService<IGrainFactory>(), Compute, home, Clock, NullLogger<ClusterBackend>.Instance));
        builder.Services.AddSingleton(provider => new WorkerDesk(
            Compute,
            Find,
            new WorkerIdentity(
                OnSiloPlacement.KeyOf(provider.GetRequiredService<ILocalSiloDetails>().SiloAddress, Compute.Health.Device), "host", 1, Compute.Health.Device, _workspace.Version),
            () => ([], []), Clock));
        _host = builder.Build();
        await _host.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        // Nobody waits for what does not come any more.
        Clock.Advance(TimeSpan.FromMinutes(1));
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
        _workspace.Dispose();
        _folder.Dispose();
    }

    /// <summary>The worker tells of itself.</summary>
    internal Task AnnounceAsync() => Pool.Announce(Desk.Card());

    /// <summary>The worker is gone.</summary>
    internal Task LeaveAsync() => Pool.Leave(Desk.Identity.Id);

    /// <summary>Stores a sweep that is to run, of three sites.</summary>
    /// <param name="turn">Null: it broke off, and waits for a person.</param>
    internal string Begin(string name, long? turn = 1)
    {
        var id = Services.GetRequiredService<ClusterSweeps>().RunnerOf("", CancellationToken.None).Begin(PlanOf(name), "inversescope sweep run plan.yaml").Id;
        Store.Change(id, s => s.Turn = turn);
        return id;
    }

    internal ISweepGrain Sweep(string id) => Grains.GetGrain<ISweepGrain>(id);

    /// <summary>What the store does before each use, until it is called again.</summary>
    internal void WatchStore(Action before) => _database.Before = before;

    /// <summary>Where a sweep stands in the store.</summary>
    internal (SweepState State, string? Reason, long? Turn) Stored(string id)
    {
        var sweep = Store.Sweep(id);
        return (sweep.State, sweep.StopReason, sweep.Turn);
    }

    /// <summary>How often a sweep was taken over, which each run does once; takes it over.</summary>
    internal long Runs(string id) => Store.TakeOver(id).Token - 1;

    /// <summary>Whether a sweep has a reminder.</summary>
    internal async Task<bool> IsRemindedAsync(string id) => await Reminders.ReadRow(Sweep(id).GetGrainId(), Reminder) is not null;

    /// <summary>Gives a sweep a reminder that does not come by itself within a test.</summary>
    internal Task RemindAsync(string id) => Reminders.UpsertRow(new ReminderEntry
    {
        GrainId = Sweep(id).GetGrainId(),
        ReminderName = Reminder,
        StartAt = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(1),
        Period = TimeSpan.FromHours(1),
    });

    /// <summary>Its reminder comes.</summary>
    internal Task TickAsync(string id) => Sweep(id).AsReference<IRemindable>().ReceiveReminder(Reminder, default);

    /// <summary>Waits until a sweep is finished and forgotten.</summary>
    internal Task FinishedAsync(string id) => UntilAsync(async () => Store.Sweep(id).State == SweepState.Finished && !await IsRemindedAsync(id));

    /// <summary>Waits until a run of a sweep is told to have ended.</summary>
    internal Task EndedAsync(string id) => UntilAsync(async () => (await Pool.Look()).Sweeps.Any(s => s.Id == id && s.Ended));

    /// <summary>Looks again and again.</summary>
    internal static async Task UntilAsync(Func<Task<bool>> look)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await look())
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Bound, $"It did not come within {Bound}.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private LocalTarget Find(TargetKey key, CancellationToken cancel)
    {
        if (key.Model == Target.Model)
            return new LocalTarget(key.Model, _workspace.Tasks.Find(key.Task), key.Options);
        if (key.Model == LostModel)
            cancel.WaitHandle.WaitOne(Bound);
        cancel.ThrowIfCancellationRequested();
        throw new UnfitWorkerException($"There is no '{key.Model}' here.");
    }

    private SweepPlan PlanOf(string name) => SweepPlanFile.Parse("plan", PlantedPlan.OfSpec(name), Home.Path);
}

/// <summary>Tests that share one silo run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class GrainCollection : ICollectionFixture<GrainSilo>
{
    public const string Name = "grains";
}
