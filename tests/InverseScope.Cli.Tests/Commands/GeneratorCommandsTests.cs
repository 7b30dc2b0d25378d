using System.Text.Json;

namespace InverseScope.Cli.Tests.Commands;

[Collection(TorchCollection.Name)]
public sealed class GeneratorCommandsTests
{
    private static readonly string[] Quick =
    [
        "--model", "ioi", "--task", "ioi", "--layers", "1", "--heads", "2", "--width", "16", "--backbone-steps", "3", "--steps", "2", "--batch-size", "8",
        "--latent", "8", "--control-heads", "2", "--control-head-width", "4", "--threads", "1", "--quiet",
    ];

    [Fact]
    public void A_generator_is_trained_and_measured()
    {
        using var home = new TempFolder();
        var trained = CliRun.Of(["generator", "train", "--sites", "L0H0", "L1.resid@-2", .. Quick, "--name", "small", "--home", home.Path, "--json"]);
        Assert.Equal((0, ""), (trained.Code, trained.Error));
        using var made = JsonDocument.Parse(trained.Out);
        Assert.Equal("small", made.RootElement.GetProperty("name").GetString());
        Assert.Equal(2, made.RootElement.GetProperty("sites").GetArrayLength());

        var measured = CliRun.Of(["generator", "eval", "small", "--references", "3", "--samples", "4", "--epsilons", "0.1,3", "--home", home.Path, "--threads", "1", "--quiet", "--json"]);
        Assert.Equal((0, ""), (measured.Code, measured.Error));
        using var result = JsonDocument.Parse(measured.Out);
        var generator = result.RootElement.GetProperty("generators")[0];
        Assert.Equal("control", generator.GetProperty("conditioning").GetString());
        Assert.Equal(2, generator.GetProperty("sites").GetArrayLength());
        foreach (var site in generator.GetProperty("sites").EnumerateArray().Append(generator.GetProperty("mean")))
        {
            Assert.Equal([0.1, 3], site.GetProperty("refusal_rate").EnumerateArray().Select(r => r.GetProperty("epsilon").GetDouble()));
            Assert.True(site.TryGetProperty("bits", out _) && site.TryGetProperty("distinct_share", out _));
        }

        var table = CliRun.Of(["generator", "eval", "small", "--references", "3", "--samples", "4", "--home", home.Path, "--threads", "1", "--quiet"]);
        Assert.Equal(0, table.Code);
        Assert.Contains("small", table.Out, StringComparison.Ordinal);
        Assert.Contains("control", table.Out, StringComparison.Ordinal);

        var again = CliRun.Of(["generator", "train", "--sites", "L0H0", .. Quick, "--name", "small", "--home", home.Path]);
        Assert.Equal(2, again.Code);
        Assert.Contains("holds a generator already", again.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("There is no generator 'nothing'", "generator", "eval", "nothing")]
    [InlineData("--epsilons takes numbers above 0", "generator", "eval", "x", "--epsilons", "0.1,-2")]
    [InlineData("low_rank", "generator", "train", "--model", "ioi", "--task", "ioi", "--sites", "L0H0", "--low-rank", "8")]
    [InlineData("multiple of heads", "generator", "train", "--model", "ioi", "--task", "ioi", "--sites", "L0H0", "--width", "10")]
    [InlineData("No site is given", "generator", "train", "--model", "ioi", "--task", "ioi")]
    [InlineData("the target has no layer", "generator", "train", "--model", "ioi", "--task", "ioi", "--sites", "L7H0")]
    public void Bad_input_is_told(string message, params string[] args)
    {
        using var home = new TempFolder();
        var run = CliRun.Of([.. args, "--home", home.Path]);
        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }
}
