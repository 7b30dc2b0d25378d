using System.Text.Json;

namespace InverseScope.Cli.Tests.Commands;

/// <summary><c>calibrate</c>, which needs no model.</summary>
public sealed class CalibrateCommandTests : IDisposable
{
    private static readonly string[] Small = ["--repetitions", "1", "--null-sites", "1", "--references", "60", "--bank-size", "3000", "--streams", "1", "--quiet"];

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_rates_come_with_their_counts()
    {
        var run = CliRun.Of(["calibrate", "--task", "addition", "--plant", Spec("[chars, { nth: 4 }]"), "--noise", "0", "--json", .. Small]);

        Assert.Equal(0, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        var root = document.RootElement;
        Assert.Equal(1, root.GetProperty("discovery_rate").GetDouble());
        Assert.Equal((1, 1), (root.GetProperty("discovered").GetInt32(), root.GetProperty("planted").GetInt32()));
        Assert.Equal(0, root.GetProperty("false_discovery_rate").GetDouble());
        Assert.Equal(0, root.GetProperty("false_discoveries").GetInt32());
        Assert.Equal(1, root.GetProperty("discoveries").GetInt32());
        Assert.Equal(1, root.GetProperty("coverage").GetDouble());
        Assert.Equal((2, 2), (root.GetProperty("covered").GetInt32(), root.GetProperty("intervals").GetInt32()));
        Assert.Equal(1, root.GetProperty("repetitions").GetInt32());
        var streams = root.GetProperty("streams");
        Assert.Equal((200, 160), (streams.GetProperty("sequences").GetInt32(), streams.GetProperty("null_hypotheses").GetInt32()));
        Assert.True(streams.GetProperty("power").GetDouble() >= 0.9);
        Assert.InRange(streams.GetProperty("false_discovery_rate").GetDouble(), 0, 0.05);
        Assert.Equal("planted", root.GetProperty("by_spec")[0].GetProperty("id").GetString());
    }

    [Fact]
    public void Without_specs_it_plants_what_varies_in_the_task()
    {
        var run = CliRun.Of(["calibrate", "--task", "counting", .. Small]);

        Assert.Equal(0, run.Code);
        Assert.Contains("discovery rate", run.Out, StringComparison.Ordinal);
        Assert.Contains("of 5 planted specs", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--noise -1", "--noise takes a number of 0 or more")]
    [InlineData("--noise much", "--noise takes a number of 0 or more")]
    [InlineData("--task adition", "addition")]
    [InlineData("--plant nowhere.yaml", "nowhere.yaml")]
    [InlineData("--repetitions 0", "--repetitions takes a whole number from 1")]
    [InlineData("--references 5", "--references takes a whole number from 20")]
    [InlineData("--plants x.yaml", "--plant")]
    [InlineData("--epsilon 0", "--epsilon takes a number above 0")]
    public void Bad_input_is_told_with_its_cure(string arguments, string message)
    {
        var run = CliRun.Of(["calibrate", .. arguments.Split(' ')]);

        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_odd_number_of_specs_cannot_share_sites_two_by_two()
    {
        var run = CliRun.Of("calibrate", "--plant", Spec("[chars, first]"), "--together");

        Assert.Equal(2, run.Code);
        Assert.Contains("odd number", run.Error, StringComparison.Ordinal);
    }

    private string Spec(string rule)
    {
        var path = _folder["planted.yaml"];
        File.WriteAllText(path, $"schema: inversescope/feature-spec/v1\nid: planted\nrule: {rule}\n");
        return path;
    }
}
