using System.Globalization;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>Members that do not reach the database for a while lose nothing, and do nothing twice.</summary>
[Collection(ProcessCollection.Name)]
public sealed class PartitionTests
{
    // Three of the members' signs of life stay away meanwhile.
    private static readonly TimeSpan Parted = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan BeginsWithin = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task A_service_and_a_worker_without_the_database_for_a_while_lose_and_repeat_nothing()
    {
        using var cluster = new ClusterProcesses();
        using var proxy = new TcpProxy(cluster.Server.Port);
        var through = cluster.Connection.Replace(
            string.Create(CultureInfo.InvariantCulture, $"Port={cluster.Server.Port}"), string.Create(CultureInfo.InvariantCulture, $"Port={proxy.Port}"), StringComparison.Ordinal);
        cluster.AddService(through);
        cluster.AddService();
        cluster.AddWorker(through);
        cluster.AddWorker();
        await cluster.JoinedAsync();
        string[] plans = [ShortPlan.Quick("parted", 1), ShortPlan.Quick("parted-too", 2)];
        string[] ids = [await cluster.BeginAsync(plans[0]), await cluster.BeginAsync(plans[1])];
        await cluster.UntilAsync("Both began", BeginsWithin, () => Task.FromResult(ids.All(i => cluster.Steps().GetValueOrDefault(i) > 1)));

        proxy.Stall();
        var until = TimeProvider.System.GetUtcNow() + Parted;
        await cluster.UntilAsync("They were parted", BeginsWithin, () => Task.FromResult(TimeProvider.System.GetUtcNow() > until));
        proxy.GoOn();

        await cluster.FinishedAsync(ids);
        ClusterReports.AssertAsAlone(cluster, ShortPlan.QuickSites, [.. plans.Zip(ids)]);
    }
}
