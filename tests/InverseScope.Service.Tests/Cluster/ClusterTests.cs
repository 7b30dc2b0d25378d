namespace InverseScope.Service.Tests.Cluster;

/// <summary>A sweep of a cluster comes to the numbers of a sweep in one process.</summary>
[Collection(ProcessCollection.Name)]
public sealed class ClusterTests
{
    [Fact]
    public async Task A_service_and_two_workers_come_to_the_numbers_of_one_process()
    {
        using var cluster = new ClusterProcesses();
        cluster.AddService();
        cluster.AddWorker();
        cluster.AddWorker();
        await cluster.JoinedAsync();
        var plan = ShortPlan.Whole("shared", "'L0H*', 'L1H*'");
        var id = await cluster.BeginAsync(plan);
        await cluster.FinishedAsync(id);
        ClusterReports.AssertAsAlone(cluster, 16, (plan, id));
    }
}
