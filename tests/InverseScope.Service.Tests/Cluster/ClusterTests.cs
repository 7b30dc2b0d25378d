namespace InverseScope.Service.Tests.Cluster;

/// <summary>A sweep of a cluster comes to the numbers of a sweep in one process.</summary>
[Collection(ProcessCollection.Name)]
public sealed class ClusterTests : IDisposable
{
    private const string Plan = """
        schema: inversescope/sweep/v1
        name: shared
        model: ioi
        task: ioi
        sites: ['L0H*', 'L1H*']
        epsilon: 0.1
        bank_size: 1500
        references: { explore: 30, confirm: 40 }
        search: { max_proposals: 2 }
        controls: { known_sites: 0 }
        causal_check: { references: 5 }
        """;

    private readonly PostgresServer _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task A_service_and_two_workers_come_to_the_numbers_of_one_process()
    {
        using var cluster = new ClusterProcesses(_server);
        var alone = new Sweeps.Home(cluster.FolderOf("alone"));
        ClusterReports.RunAlone(alone, [Plan]);

        cluster.AddService();
        cluster.AddWorker();
        cluster.AddWorker();
        await cluster.JoinedAsync();
        var id = await cluster.BeginAsync(Plan);
        await cluster.FinishedAsync(TimeSpan.FromMinutes(5), id);

        ClusterReports.AssertSame(alone, cluster.Home, id);
        ClusterSteps.AssertOnce(cluster, id, 16);
    }
}
