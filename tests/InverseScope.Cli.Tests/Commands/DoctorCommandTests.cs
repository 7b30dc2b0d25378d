using System.Runtime.InteropServices;
using System.Text.Json;
using InverseScope.Sweeps.Store;

namespace InverseScope.Cli.Tests.Commands;

[Collection(TorchCollection.Name)]
public sealed class DoctorCommandTests
{
    [Fact]
    public void On_a_machine_that_can_run_everything_it_ends_with_0()
    {
        using var folder = new TempFolder();
        var run = CliRun.Of("doctor", "--home", folder["home"]);

        Assert.Equal(0, run.Code);
        Assert.Contains("libtorch", run.Out);
        Assert.DoesNotContain("FAULT", run.Out);
        Assert.False(Directory.Exists(folder["home"]));
    }

    [Fact]
    public async Task A_language_model_is_asked_what_it_can_do()
    {
        using var folder = new TempFolder();
        await using var server = await FakeOllama.StartAsync();
        server.Reply = _ => """{"word":"ready","letters":5}""";

        var run = CliRun.Of("doctor", "--json", "--language-model", "tiny", "--ollama", server.Address.ToString(), "--home", folder.Path);
        Assert.Equal(0, run.Code);
        foreach (var part in new[] { "service", "model", "context", "memory", "structured reply" })
            Assert.Equal("ok", Finding(run, $"language model: {part}").GetProperty("state").GetString());

        var absent = CliRun.Of("doctor", "--json", "--language-model", "huge", "--ollama", server.Address.ToString(), "--home", folder.Path);
        Assert.Equal(1, absent.Code);
        Assert.Contains("ollama pull huge", Finding(absent, "language model: model").GetProperty("cure").GetString());

        var listed = CliRun.Of("doctor", "--json", "--ollama", server.Address.ToString(), "--home", folder.Path);
        Assert.Equal(0, listed.Code);
        Assert.Contains("Ollama has 1: tiny:latest", Finding(listed, "language model").GetProperty("detail").GetString());

        await server.StopAsync();
        var gone = CliRun.Of("doctor", "--json", "--ollama", server.Address.ToString(), "--home", folder.Path);
        Assert.Equal(1, gone.Code);
        Assert.Contains("cannot be reached", Finding(gone, "language model").GetProperty("detail").GetString());
    }

    [Fact]
    public void A_home_that_is_a_file_is_a_fault_with_its_cure()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["home"], "");

        var run = CliRun.Of("doctor", "--json", "--home", folder["home/deeper"]);

        Assert.Equal(1, run.Code);
        var home = Finding(run, "home");
        Assert.Equal("fault", home.GetProperty("state").GetString());
        Assert.Contains("is a file", home.GetProperty("detail").GetString());
        Assert.Contains("--home", home.GetProperty("cure").GetString());
    }

    [Fact]
    public void A_store_that_a_sweep_owns_is_no_fault()
    {
        using var folder = new TempFolder();
        using var store = SweepStore.Open(folder["store.db"]);

        var run = CliRun.Of("doctor", "--json", "--home", folder.Path);

        Assert.Equal(0, run.Code);
        Assert.Equal("note", Finding(run, "store").GetProperty("state").GetString());
    }

    [Fact]
    public void A_store_that_is_none_is_a_fault()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["store.db"], new string('x', 10_000));

        var run = CliRun.Of("doctor", "--json", "--home", folder.Path);

        Assert.Equal(1, run.Code);
        Assert.Contains("not a store", Finding(run, "store").GetProperty("detail").GetString());
    }

    [Fact]
    public void Where_libtorch_does_not_load_it_says_so_and_does_not_crash()
    {
        using var folder = new TempFolder();
        foreach (var pattern in new[] { "*.dll", "*.json" })
        {
            foreach (var file in Directory.GetFiles(Path.GetDirectoryName(CliProcess.ProgramPath)!, pattern))
                File.Copy(file, folder[Path.GetFileName(file)]);
        }

        var natives = Directory.CreateDirectory(folder[$"runtimes/{RuntimeInformation.RuntimeIdentifier}/native"]).FullName;
        File.WriteAllText(Path.Combine(natives, "libLibTorchSharp.so"), "no library");

        var run = CliProcess.RunAt(folder["inversescope.dll"], [], "doctor", "--json", "--home", folder["home"]);

        Assert.Equal(1, run.Code);
        Assert.Equal("fault", Finding(run, "libtorch").GetProperty("state").GetString());
        Assert.NotNull(Finding(run, "libtorch").GetProperty("cure").GetString());
    }

    private static JsonElement Finding(CliRun run, string part)
    {
        using var document = JsonDocument.Parse(run.Out);
        return document.RootElement.GetProperty("findings").EnumerateArray()
            .Single(f => f.GetProperty("part").GetString() == part).Clone();
    }
}
