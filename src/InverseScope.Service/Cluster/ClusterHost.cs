using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using InverseScope.Core;
using InverseScope.Service.Compute;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Serialization;

namespace InverseScope.Service.Cluster;

/// <summary>How a process is a member of the cluster.</summary>
internal static class ClusterHost
{
    /// <summary>Name of the storage of what grains keep.</summary>
    public const string Storage = "cluster";

    /// <summary>How often a sweep is looked after where its process may have died.</summary>
    public static readonly TimeSpan ReminderPeriod = TimeSpan.FromSeconds(15);

    // A member that does not answer three of these is dead for the others after about ten seconds.
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);
    private const int ProbesMissed = 3;
    private static readonly TimeSpan AliveInterval = TimeSpan.FromSeconds(5);

    // Each member tells each other how busy it is, a hundred of them ten thousand times; only where the next sweep goes depends on it.
    private static readonly TimeSpan LoadInterval = TimeSpan.FromSeconds(10);
    private const int LargestMessage = 256 << 20;

    // Sites go on thinking, and write to the store, on the thread that brought their language model's answer. It is one of the pool, as those of
    // members' messages are: with no more than there are cores, workers would stand still for seconds, since nobody gave them their next call.
    private const int LeastThreads = 64;

    /// <summary>A service: sweeps, runs of sites and the pool, but no computing.</summary>
    /// <param name="homeMark">Of the home that its services share.</param>
    public static void AddService(ISiloBuilder silo, ClusterSettings settings, string version, string homeMark)
    {
        ThreadPool.GetMinThreads(out var threads, out var ports);
        ThreadPool.SetMinThreads(Math.Max(threads, LeastThreads), ports);
        Add(silo, settings, MemberName.Own(MemberName.Service, version) with { Home = homeMark });
        silo.Configure<GrainTypeOptions>(types => types.Classes.Remove(typeof(WorkerGrain)));
        silo.AddAdoNetGrainStorage(Storage, storage => (storage.Invariant, storage.ConnectionString) = ("Npgsql", settings.Connection));
    }

    /// <summary>A worker: what it computes, and nothing of sweeps.</summary>
    public static void AddWorker(ISiloBuilder silo, ClusterSettings settings, string version)
    {
        Add(silo, settings, MemberName.Own(MemberName.Worker, version));
        silo.Configure<GrainTypeOptions>(types => types.Classes.RemoveWhere(t => t.Assembly == typeof(WorkerGrain).Assembly && t != typeof(WorkerGrain)));
    }

    /// <summary>
    /// A service that is alone: a cluster of one, in this process and its memory. It has runs of sites; sweeps wait in a queue of its own, and a
    /// process of its own computes.
    /// </summary>
    public static void AddAlone(ISiloBuilder silo, string version)
    {
        silo.UseLocalhostClustering(PortAt(IPAddress.Loopback, null), gatewayPort: 0, serviceId: ClusterSchema.Cluster, clusterId: ClusterSchema.Cluster);
        silo.Configure<GrainTypeOptions>(types => types.Classes.RemoveWhere(t => t.Assembly == typeof(SiteRunGrain).Assembly && t != typeof(SiteRunGrain)));
        silo.AddMemoryGrainStorage(Storage);
        AddMember(silo, MemberName.Own(MemberName.Service, version));
    }

    private static void Add(ISiloBuilder silo, ClusterSettings settings, MemberName name)
    {
        silo.UseAdoNetClustering(clustering => (clustering.Invariant, clustering.ConnectionString) = ("Npgsql", settings.Connection));
        // Members share all reminders among them, whatever grains they have.
        silo.UseAdoNetReminderService(reminders => (reminders.Invariant, reminders.ConnectionString) = ("Npgsql", settings.Connection));
        silo.Configure<ReminderOptions>(reminders => reminders.MinimumReminderPeriod = ReminderPeriod);
        silo.Configure<ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = ClusterSchema.Cluster);
        var address = settings.Address ?? (settings.IsLocal ? IPAddress.Loopback : FirstAddress());
        silo.ConfigureEndpoints(address, PortAt(address, settings.Port), gatewayPort: 0, listenOnAnyHostAddress: false);
        silo.Configure<ClusterMembershipOptions>(members =>
        {
            (members.ProbeTimeout, members.NumMissedProbesLimit) = (ProbeTimeout, ProbesMissed);
            (members.IAmAliveTablePublishTimeout, members.NumMissedTableIAmAliveLimit) = (AliveInterval, ProbesMissed);
            (members.TableRefreshTimeout, members.DefunctSiloCleanupPeriod) = (AliveInterval, TimeSpan.FromMinutes(10));
            members.DefunctSiloExpiration = TimeSpan.FromHours(1);
        });
        silo.Configure<DeploymentLoadPublisherOptions>(load => load.DeploymentLoadPublisherRefreshTime = LoadInterval);
        silo.Configure<SiloMessagingOptions>(messages => messages.MaxMessageBodySize = LargestMessage);
        silo.Services.AddPlacementDirector<OnSiloPlacement, OnSiloDirector>();
        // With the default one, what a dead member kept of the directory is lost, and grains with it that live elsewhere.
#pragma warning disable ORLEANSEXP003 // It may still change.
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        AddMember(silo, name);
    }

    private static void AddMember(ISiloBuilder silo, MemberName name)
    {
        silo.Configure<SiloOptions>(own => own.SiloName = name.ToString());
        silo.Services.AddSerializer(serializer => serializer.AddJsonSerializer(IsPlain, WorkerStream.Json));
        silo.AddActivityPropagation();
        // Its stream of logs would tell what sweeps are about to whoever looks at members.
        silo.AddDashboard(dashboard => dashboard.HideTrace = true);
    }

    // Values of the science know nothing of clusters.
    private static bool IsPlain(Type type) =>
        type.Namespace?.StartsWith("InverseScope", StringComparison.Ordinal) == true && !type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false) && !type.IsInterface && !type.IsAbstract;

    // Tried here, where it can be said in words of options what is wrong with it.
    private static int PortAt(IPAddress address, int? wanted)
    {
        using var probe = new TcpListener(address, wanted ?? 0);
        try
        {
            probe.Start();
        }
        catch (SocketException e)
        {
            throw e.SocketErrorCode == SocketError.AddressNotAvailable
                ? new BadInputException($"--member-address {address} is no address of this machine.", "Name one at which the other members reach it.", e)
                : new BadInputException($"--member-port {wanted} cannot be listened at ({address}): {e.Message}.", "Name another port, or none for one that is free.", e);
        }

        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static IPAddress FirstAddress() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(n => n.OperationalStatus == OperationalStatus.Up && n.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(n => n.GetIPProperties().UnicastAddresses)
        .Select(a => a.Address)
        .FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork && !a.ToString().StartsWith("169.254.", StringComparison.Ordinal)) ?? IPAddress.Loopback;
}
