using System.Text.Json;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Store;

namespace InverseScope.Cli.Tests.Commands;

public sealed class StoreCommandsTests(PostgresServer server) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_sweep_goes_to_a_server_and_to_another_home_with_its_files()
    {
        Begin("from");
        var database = server.NewDatabase();

        var there = Run("from", "s-001", "--to", database);
        Assert.Equal((0, ""), (there.Code, there.Error.Contains("tester;Password", StringComparison.Ordinal) ? there.Error : ""));
        Assert.Contains("read back and equal: 1 steps, 1 lines of its log", there.Out);
        Assert.DoesNotContain("Password", there.Out);
        Assert.Contains("stay in", there.Error);
        var again = Run("from", "s-001", "--to", database);
        Assert.Equal(2, again.Code);
        Assert.Contains("There is a sweep 's-001' in the store 'Host=127.0.0.1", again.Error);

        var back = Run("from", "s-001", "--from", database, "--to", _folder["to"], "--json");
        Assert.Equal(0, back.Code);
        using var json = JsonDocument.Parse(back.Out);
        Assert.Equal(1, json.RootElement.GetProperty("files").GetInt32());
        Assert.Equal("s-001", json.RootElement.GetProperty("copied").GetProperty("sweep").GetString());
        Assert.Equal("<html>", File.ReadAllText(_folder["to/sweeps/s-001/samples/report.html"]));
        using var store = SweepStore.Open(new Home(_folder["to"]).Store);
        Assert.Equal("x", Assert.Single(store.LogOf("s-001")).Step);
    }

    [Fact]
    public void Between_homes_nothing_is_overwritten()
    {
        Begin("from");
        Directory.CreateDirectory(_folder["to/sweeps/s-001"]);
        Refused("files of this sweep", Run("from", "s-001", "--to", _folder["to"]));
        Directory.Delete(_folder["to/sweeps/s-001"]);
        Assert.Equal(0, Run("from", "s-001", "--to", _folder["to"]).Code);
        Assert.True(File.Exists(_folder["to/sweeps/s-001/samples/report.html"]));
        Directory.Delete(_folder["to/sweeps/s-001"], recursive: true);
        Refused("There is a sweep 's-001'", Run("from", "s-001", "--to", _folder["to"]));
        Assert.Empty(Directory.GetDirectories(_folder["to/sweeps"]));
    }

    [Fact]
    public void What_cannot_be_copied_is_told()
    {
        Refused("There is no store in", Run("none", "s-001", "--to", _folder["to"]));
        Begin("from");
        Refused("Both stores are that of", Run("from", "s-001", "--to", _folder["from"]));
        Refused("no sweep 's-009'", Run("from", "s-009", "--to", _folder["to"]));
        Refused("names no database", Run("from", "s-001", "--to", "Host=db"));
        Refused("cannot be read", Run("from", "s-001", "--to", "postgres://db/lab"));
        Refused("--to", Run("from", "s-001"));
    }

    private static void Refused(string says, CliRun run)
    {
        Assert.Equal(2, run.Code);
        Assert.Contains(says, run.Error);
    }

    private void Begin(string home)
    {
        using var store = SweepStore.Open(new Home(_folder[home]).Store);
        store.Begin(new StoredSweep { Name = "s" });
        store.Commit(new StoredStep { Sweep = "s-001", Stage = "propose/1", Key = "k", Result = "{}" }, [new StoredLogLine { Sweep = "s-001", Step = "x" }]);
        Directory.CreateDirectory(_folder[home + "/sweeps/s-001/samples"]);
        File.WriteAllText(_folder[home + "/sweeps/s-001/samples/report.html"], "<html>");
    }

    private CliRun Run(string home, string id, params string[] args) => CliRun.Of(["store", "copy", id, .. args, "--home", _folder[home]]);
}
