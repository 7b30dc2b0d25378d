using InverseScope.Service.Tests.Artifacts;
using InverseScope.Sweeps;
using InverseScope.Torch.Models;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>A worker computes only with the model that the service means, and fetches it where it may.</summary>
[Collection(ProcessCollection.Name)]
public sealed class ClusterModelTests
{
    private const int Sites = 3;
    private const string Weights = "model.safetensors";

    private static readonly string Plan = PlanOf("mine");

    [Fact]
    public async Task Another_model_of_the_same_name_is_told_and_a_worker_with_the_right_one_goes_on()
    {
        using var cluster = new ClusterProcesses();
        var (other, right) = (cluster.HomeOf("other"), cluster.HomeOf("right"));
        foreach (var home in new[] { cluster.Home, right, cluster.Alone })
            KeepOwn(home);
        // The other has the shipped model under this name, which every worker has.
        Keep(other);

        cluster.AddService();
        cluster.AddWorker(home: other);
        await cluster.JoinedAsync();
        var id = await cluster.BeginAsync(Plan);
        var failed = await cluster.FailedAsync(id);
        Assert.Contains(Environment.MachineName, failed.Reason, StringComparison.Ordinal);
        Assert.Contains("mine", failed.Reason, StringComparison.Ordinal);

        cluster.AddWorker(home: right);
        await cluster.JoinedAsync();
        await cluster.ResumeAsync(id);
        await cluster.FinishedAsync(id);
        ClusterReports.AssertAsAlone(cluster, Sites, (Plan, id));
    }

    [Fact]
    public async Task A_worker_without_the_model_fetches_it_from_the_service_once_and_uses_nothing_else_that_comes()
    {
        using var cluster = new ClusterProcesses();
        KeepOwn(cluster.Home);
        KeepOwn(cluster.Alone);
        var service = cluster.AddService();
        await cluster.JoinedAsync();
        await using var relay = await Relay.StartAsync(service.Address!);
        relay.Misbehave(Weights, async (context, body) =>
        {
            body[^4] ^= 1;
            await Relay.SendAsync(context, body);
        }, times: 1);
        var own = cluster.HomeOf("own");
        var worker = cluster.AddWorker(home: own, service: relay.Address);
        await cluster.JoinedAsync();
        var first = await cluster.BeginAsync(Plan);
        var failed = await cluster.FailedAsync(first);
        Assert.Contains($"{Weights}: what the service sends is not what it declares", failed.Reason, StringComparison.Ordinal);
        await cluster.ResumeAsync(first);
        await cluster.FinishedAsync(first);

        var served = FolderIn(cluster.Home);
        var hash = TargetContent.Hash(served);
        Assert.Equal(hash, TargetContent.Hash(Path.Combine(own.Path, "artifacts", "models", hash, "mine")));
        Assert.Equal(2, relay.FilesAsked.Count(r => r.Path.EndsWith(Weights, StringComparison.Ordinal)));
        var asked = relay.FilesAsked.Count;

        worker.Kill();
        var again = PlanOf("mine-again");
        var second = await cluster.BeginAsync(again);
        await cluster.FinishedAsync(second);
        Assert.Equal(asked, relay.FilesAsked.Count);
        ClusterReports.AssertAsAlone(cluster, Sites, (Plan, first), (again, second));
    }

    private static string PlanOf(string name) => ShortPlan.Whole(name, "'L0H0-2'", model: "mine");

    private static string FolderIn(Home home) => Path.Combine(home.Models, "mine");

    private static void Keep(Home home)
    {
        var folder = Directory.CreateDirectory(FolderIn(home)).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(Path.GetDirectoryName(CliProcess.ProgramPath)!, "models", "ioi")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }

    // One that differs from the shipped one in the lowest bits of one weight.
    private static void KeepOwn(Home home)
    {
        Keep(home);
        var file = Path.Combine(FolderIn(home), Weights);
        var bytes = File.ReadAllBytes(file);
        bytes[^4] ^= 1;
        File.WriteAllBytes(file, bytes);
    }
}
