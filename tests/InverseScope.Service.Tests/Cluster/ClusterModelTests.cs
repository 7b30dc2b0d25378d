using InverseScope.Sweeps;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>A worker computes only with the model that the service means.</summary>
[Collection(ProcessCollection.Name)]
public sealed class ClusterModelTests : IDisposable
{
    private const string Plan = """
        schema: inversescope/sweep/v1
        name: mine
        model: mine
        task: ioi
        sites: ['L0H0-2']
        epsilon: 0.1
        bank_size: 1500
        references: { explore: 30, confirm: 40 }
        search: { max_proposals: 1 }
        controls: { known_sites: 0 }
        causal_check: { references: 0 }
        """;

    private readonly PostgresServer _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Another_model_of_the_same_name_is_told_and_a_worker_with_the_right_one_goes_on()
    {
        using var cluster = new ClusterProcesses(_server);
        var (other, right, alone) = (new Home(cluster.FolderOf("other")), new Home(cluster.FolderOf("right")), new Home(cluster.FolderOf("alone")));
        foreach (var home in new[] { cluster.Home, other, right, alone })
            Keep(home);
        // The other has the shipped model under this name, which every worker has.
        foreach (var home in new[] { cluster.Home, right, alone })
            Alter(home);
        ClusterReports.RunAlone(alone, [Plan]);

        cluster.AddService();
        cluster.AddWorker(home: other.Path);
        await cluster.JoinedAsync();
        var id = await cluster.BeginAsync(Plan);
        ClusterSweep? failed = null;
        await cluster.UntilAsync("The sweep failed", TimeSpan.FromMinutes(2), async () =>
            (failed = (await cluster.SweepsAsync())?.FirstOrDefault(s => s.Id == id && s.Status == "failed")) is not null);
        Assert.Contains(Environment.MachineName, failed!.Reason, StringComparison.Ordinal);
        Assert.Contains("mine", failed.Reason, StringComparison.Ordinal);

        cluster.AddWorker(home: right.Path);
        await cluster.JoinedAsync();
        await cluster.ResumeAsync(id);
        await cluster.FinishedAsync(TimeSpan.FromMinutes(5), id);
        ClusterReports.AssertSame(alone, cluster.Home, id);
        ClusterSteps.AssertOnce(cluster, id, 3);
    }

    private static string FolderIn(Home home) => Path.Combine(home.Models, "mine");

    private static void Keep(Home home)
    {
        var folder = Directory.CreateDirectory(FolderIn(home)).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(Path.GetDirectoryName(ServeProcess.ProgramPath)!, "models", "ioi")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }

    private static void Alter(Home home)
    {
        var file = Path.Combine(FolderIn(home), "model.safetensors");
        var bytes = File.ReadAllBytes(file);
        // The lowest bits of one weight.
        bytes[^4] ^= 1;
        File.WriteAllBytes(file, bytes);
    }
}
