using InverseScope.Sweeps;

namespace InverseScope.Cli.Tests.Commands;

public sealed class SweepListTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("list")]
    [InlineData("status")]
    public void A_home_of_a_cluster_says_where_its_sweeps_are(string command)
    {
        var home = new Home(_folder["home"]);
        home.Make();
        File.WriteAllText(home.Cluster, "Host=db;Port=5432;Database=lab\n0123abcd\n");
        var shown = CliRun.Of("sweep", command, "--home", home.Path);
        Assert.Equal(0, shown.Code);
        Assert.Contains("are in its cluster (Host=db;Port=5432;Database=lab): ask one of its services.", shown.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Begin one", shown.Out, StringComparison.Ordinal);
    }
}
