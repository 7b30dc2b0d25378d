using System.Text.Json;

namespace InverseScope.Cli.Tests.Commands;

/// <summary><c>activations collect</c> and <c>sample</c> on a model that adds numbers.</summary>
[Collection(TorchCollection.Name)]
public sealed class MeasuringCommandsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Activations_are_collected_once_for_every_site()
    {
        var run = Measure("activations", "collect", "--sites", "L0H*@= L1.mlp@A1", "--json");

        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal(0, run.Code);
        Assert.Equal(
            ["L0H0@=", "L0H1@=", "L0H2@=", "L0H3@=", "L1.mlp@A1"],
            document.RootElement.GetProperty("sites").EnumerateArray().Select(s => s.GetString()));
        Assert.NotEmpty(Directory.GetFiles(_folder["home/banks"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Memory_of_a_collection_changes_no_byte_and_is_checked()
    {
        Measure("activations", "collect", "--sites", "L0H*@=");
        var usual = Banks();
        Directory.Delete(_folder["home/banks"], recursive: true);
        Assert.Equal(0, Measure("activations", "collect", "--sites", "L0H*@=", "--memory", "1").Code);
        Assert.Equal(usual, Banks());
        Assert.Equal(0, Measure("activations", "collect", "--sites", "L0H*@=", "--batch-tokens", "500").Code);
        var refused = Measure("activations", "collect", "--sites", "L0H*@=", "--memory", "0");
        Assert.Equal(2, refused.Code);
        Assert.Contains("--memory takes a whole number from 1 to 8192", refused.Error);
        var without = Measure("activations", "collect", "--sites", "L0H*@=", "--batch-tokens", "0");
        Assert.Equal(2, without.Code);
        Assert.Contains("--batch-tokens takes a whole number from 1 to 1048576", without.Error);

        Dictionary<string, string> Banks() => Directory.GetFiles(_folder["home/banks"], "*", SearchOption.AllDirectories)
            .ToDictionary(path => path, path => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))));
    }

    [Fact]
    public void Texts_longer_than_the_context_are_told_with_the_first_of_them_and_the_cure()
    {
        File.WriteAllText(_folder["own.txt"], $"1+1=2\n{new string('1', 900)}\n{new string('2', 900)}\n");
        var run = CliRun.Of(
            "activations", "collect", "--sites", "L0H0@last", "--model", Shared.Path("models/addition"), "--task", _folder["own.txt"],
            "--threads", "1", "--home", _folder["home"]);
        Assert.Equal(2, run.Code);
        foreach (var part in new[] { "Text 2 of task 'own' has 90", $"\"{new string('1', 60)}…\"", "So it is with 2 texts.", "Shorten such texts" })
            Assert.Contains(part, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Samples_come_nearest_first_with_their_share_of_the_weight()
    {
        var run = Measure("sample", "--site", "L0H1@=", "--text", "615+861=1476", "-n", "6", "--json");

        using var document = JsonDocument.Parse(run.Out);
        var root = document.RootElement;
        var samples = root.GetProperty("samples").EnumerateArray().ToArray();
        var distances = samples.Select(s => s.GetProperty("distance").GetDouble()).ToArray();
        Assert.Equal(0, run.Code);
        Assert.Equal(6, samples.Length);
        Assert.Equal(distances.Order(), distances);
        Assert.DoesNotContain("615+861=1476", samples.Select(s => s.GetProperty("text").GetString()));
        Assert.True(root.GetProperty("ess").GetDouble() > 5);
    }

    [Fact]
    public void The_heat_map_shows_the_one_token_that_the_head_carries()
    {
        var run = Measure("sample", "--site", "L0H1@=", "--text", "615+861=1476", "--json");

        using var document = JsonDocument.Parse(run.Out);
        var tokens = document.RootElement.GetProperty("tokens").EnumerateArray().ToArray();
        var hottest = tokens.MaxBy(t => t.GetProperty("same_place").GetDouble());
        Assert.Equal(9, tokens.Length);
        Assert.Equal("8", hottest.GetProperty("token").GetString());
    }

    [Fact]
    public void For_people_there_are_a_heat_map_and_a_table_of_samples()
    {
        var run = Measure("sample", "--site", "L0H1@=", "--text", "615+861=1476");

        Assert.Equal(0, run.Code);
        Assert.Contains("what the samples keep of it", run.Out);
        Assert.Contains("distance", run.Out);
        Assert.Matches(@"of\s+[\d,]+\s+draws\s+of\s+the\s+prior\s+\([\d,]+\s+distinct,\s+[\d,]+\s+repeated\)", run.Out);
    }

    [Theory]
    [InlineData("--site L1H*@= --text 615+861=1476", "names 4 sites")]
    [InlineData("--site L7H0@= --text 615+861=1476", "the target has no layer 7")]
    [InlineData("--site L0H0@= --text 615", "'615' has no position @=")]
    [InlineData("--site L0H0@equals --text 615+861=1476", "has no position 'equals'")]
    [InlineData("--site L0H0@= --text 615+861=x", "x")]
    [InlineData("--text 615+861=1476", "No site is given.")]
    public void What_cannot_be_sampled_is_refused_with_a_reason(string args, string message)
    {
        var run = Measure(["sample", .. args.Split(' ')]);

        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
        Assert.Empty(run.Out);
    }

    [Theory]
    [InlineData("cuda:99", "There is no device 'cuda:99' here")]
    [InlineData("gpu", "--device gpu: a device is cpu, cuda, or cuda:N")]
    [InlineData("cuda:", "a device is cpu, cuda, or cuda:N")]
    [InlineData("cuba", "cuda")]
    [InlineData("cpu:0", "cpu")]
    public void A_device_that_is_not_there_is_refused(string device, string message)
    {
        var run = Measure("sample", "--site", "L0H0@=", "--device", device);

        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
    }

    [Theory]
    [InlineData("--task", "addition", "No target is given.")]
    [InlineData("--model", "nowhere", "There is no model 'nowhere'.")]
    public void Target_and_task_must_be_given(string option, string value, string message)
    {
        var run = CliRun.Of("sample", "--site", "L0H0", option, value, "--home", _folder["home"]);

        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
    }

    private CliRun Measure(params string[] args) => CliRun.Of(
    [
        .. args, "--model", Shared.Path("models/addition"), "--task", "addition", "--bank-size", "600", "--threads", "1",
        "--home", _folder["home"],
    ]);
}
