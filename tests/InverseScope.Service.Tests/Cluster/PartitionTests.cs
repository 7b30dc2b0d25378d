using System.Globalization;
using InverseScope.Sweeps;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>Members that do not reach the database for a while lose nothing, and do nothing twice.</summary>
[Collection(ProcessCollection.Name)]
public sealed class PartitionTests : IDisposable
{
    private const int Sites = 12;
    private const string Plan = """
        schema: inversescope/sweep/v1
        name: parted
        model: ioi
        task: ioi
        sites: ['L0H*', 'L1H0-3']
        epsilon: 0.1
        bank_size: 1000
        references: { explore: 20, confirm: 20 }
        search: { max_proposals: 1 }
        controls: { known_sites: 0, random_weights: false }
        causal_check: { references: 0 }
        """;

    // Three of the members' signs of life stay away meanwhile.
    private static readonly TimeSpan Parted = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan EndsWithin = TimeSpan.FromMinutes(5);

    private readonly PostgresServer _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task A_service_and_a_worker_without_the_database_for_a_while_lose_and_repeat_nothing()
    {
        using var cluster = new ClusterProcesses(_server);
        var second = Plan.Replace("parted", "parted-too", StringComparison.Ordinal);
        using var proxy = new StallingProxy(_server.Port);
        var through = cluster.Connection.Replace(
            string.Create(CultureInfo.InvariantCulture, $"Port={_server.Port}"), string.Create(CultureInfo.InvariantCulture, $"Port={proxy.Port}"), StringComparison.Ordinal);
        cluster.AddService(through);
        cluster.AddService();
        cluster.AddWorker(through);
        cluster.AddWorker();
        await cluster.JoinedAsync();
        string[] ids = [await cluster.BeginAsync(Plan), await cluster.BeginAsync(second)];
        await cluster.UntilAsync("Both began", EndsWithin, () => Task.FromResult(ids.All(i => cluster.Steps().GetValueOrDefault(i) > 1)));

        proxy.Stall();
        var until = TimeProvider.System.GetUtcNow() + Parted;
        await cluster.UntilAsync("They were parted", EndsWithin, () => Task.FromResult(TimeProvider.System.GetUtcNow() > until));
        proxy.GoOn();

        await cluster.FinishedAsync(EndsWithin, ids);
        var alone = new Home(cluster.FolderOf("alone"));
        ClusterReports.RunAlone(alone, [Plan, second]);
        foreach (var id in ids)
        {
            ClusterSteps.AssertOnce(cluster, id, Sites);
            ClusterReports.AssertSame(alone, cluster.Home, id);
        }
    }
}
