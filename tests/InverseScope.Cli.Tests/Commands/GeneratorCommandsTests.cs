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

        var measured = CliRun.Of(["generator", "eval", "small", "--references", "3", "--samples", "4", "--epsilons", "0.1,3,0.1", "--temperature", "1.2", "--top-p", "0.9", "--home", home.Path, "--threads", "1", "--quiet", "--json"]);
        Assert.Equal((0, ""), (measured.Code, measured.Error));
        using var result = JsonDocument.Parse(measured.Out);
        var generator = result.RootElement.GetProperty("generators")[0];
        Assert.Equal(0.9, result.RootElement.GetProperty("measurement").GetProperty("top_p").GetDouble());
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

    [Fact]
    public void Generators_are_listed_with_what_they_are_of()
    {
        using var home = new TempFolder();
        Assert.Equal(0, CliRun.Of(["generator", "train", "--sites", "L0H0", .. Quick, "--name", "small", "--home", home.Path]).Code);
        using var listed = JsonDocument.Parse(CliRun.Of(["generator", "list", "--home", home.Path, "--json"]).Out);
        var (small, shipped) = (listed.RootElement[0], listed.RootElement[1]);
        Assert.Equal(("small", "ioi", 1), (small.GetProperty("name").GetString(), small.GetProperty("model").GetString(), small.GetProperty("sites").GetArrayLength()));
        Assert.True(shipped.GetProperty("shipped").GetBoolean());
        Assert.Contains("trained", CliRun.Of(["generator", "list", "--home", home.Path]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_no_generator_is_not_taken_for_an_unfinished_one()
    {
        using var home = new TempFolder();
        Directory.CreateDirectory(home["generators/begun/backbone"]);
        Directory.CreateDirectory(home["generators/empty"]);
        File.WriteAllText(home["generators/begun/backbone/course.json"], "{}");
        string Refusal(string name) => CliRun.Of(["generator", "eval", name, "--home", home.Path]).Error;
        Assert.Contains("has not ended", Refusal("begun"), StringComparison.Ordinal);
        foreach (var other in new[] { "empty", home.Path, "" })
            Assert.Contains("There is no generator", Refusal(other), StringComparison.Ordinal);
    }

    [Fact]
    public void What_samples_can_sample_from_a_generator()
    {
        using var home = new TempFolder();
        string[] common = ["--model", "ioi", "--task", "ioi", "--home", home.Path, "--threads", "1", "--quiet", "--draws", "30", "--bank-size", "200", "--epsilon", "0.5"];
        CliRun Of(params string[] args) => CliRun.Of([.. args, .. common]);
        Assert.Equal(0, Of("sample", "--site", "L0H0", "--sampler", "generator").Code); // the shipped one
        var none = Of("sample", "--site", "L0H0", "--sampler", "generator", "--basis", "centred");
        Assert.Equal(2, none.Code);
        Assert.Contains("generator train", none.Error, StringComparison.Ordinal);
        var wide = CliRun.Of(["generator", "train", "--sites", "L0H0", .. Quick, "--noise-norm-band", "1.5", "--home", home.Path]);
        Assert.Equal(2, wide.Code);
        Assert.Contains("--noise-norm-band takes a number above 0 and at most 1, found '1.5'", wide.Error, StringComparison.Ordinal);
        Assert.Equal(0, CliRun.Of(["generator", "train", "--sites", "L0H0", "L1.resid@-2", .. Quick, "--name", "small", "--home", home.Path]).Code);

        foreach (var sampler in new[] { "generator", "mixture" })
        {
            var sample = Of("sample", "--site", "L0H0", "--sampler", sampler, "--json");
            Assert.Equal((0, ""), (sample.Code, sample.Error));
            using var result = JsonDocument.Parse(sample.Out);
            var root = result.RootElement;
            Assert.Equal("small", root.GetProperty("generator").GetProperty("name").GetString());
            Assert.Equal(64, root.GetProperty("generator").GetProperty("content_hash").GetString()!.Length);
            var draws = root.GetProperty("draws");
            Assert.Equal(30, draws.GetProperty("total").GetInt32());
            Assert.Equal(30 - draws.GetProperty("unfinished").GetInt32(), draws.GetProperty("distinct").GetInt32() + draws.GetProperty("repeated").GetInt32());
            var bank = root.GetProperty("bank");
            if (sampler == "mixture")
                Assert.Equal((200, 200), (bank.GetProperty("drawn").GetInt32(), bank.GetProperty("distinct").GetInt32() + bank.GetProperty("repeated").GetInt32()));
            else
                Assert.Equal(JsonValueKind.Null, bank.ValueKind);
            var measurement = root.GetProperty("measurement");
            Assert.Equal(sampler, measurement.GetProperty("sampler").GetString());
            Assert.Equal(30, measurement.GetProperty("draws").GetInt32());
            var tokens = root.GetProperty("token_bits").EnumerateArray().ToArray();
            Assert.Equal(root.GetProperty("reference").GetString(), string.Concat(tokens.Select(t => t.GetProperty("token").GetString())));
            Assert.Equal(root.GetProperty("bits").GetDouble(), tokens.Sum(t => t.GetProperty("bits").GetDouble()), 1e-6);
            var shown = Of("sample", "--site", "L0H0", "--sampler", sampler);
            Assert.Equal(0, shown.Code);
            Assert.Contains("what the activation says of each token", shown.Out, StringComparison.Ordinal);
            Assert.Matches(@"30\s+that\s+small\s+wrote\s+\(\d+\s+distinct,\s+\d+\s+repeated,\s+\d+\s+unfinished;", shown.Out);
        }

        File.WriteAllText(home["s.yaml"], "schema: inversescope/feature-spec/v1\nid: s\nrule: [ words, first ]\n");
        var evaluated = Of("spec", "eval", home["s.yaml"], "--sites", "L0H0", "--references", "20", "--sampler", "mixture", "--weighting", "accept", "--json");
        Assert.Equal((0, ""), (evaluated.Code, evaluated.Error));
        var untrained = Of("spec", "eval", home["s.yaml"], "--sites", "L2H0", "--references", "20", "--sampler", "generator");
        Assert.Equal(2, untrained.Code);
        Assert.Contains("was not trained on L2H0@last. It has L0H0@last, L1.resid@-2", untrained.Error.ReplaceLineEndings(" "), StringComparison.Ordinal);

        Assert.Equal(0, CliRun.Of(["generator", "train", "--sites", "L0H0", .. Quick, "--encoder-input", "polar", "--name", "other", "--home", home.Path]).Code);
        string Options(string name) => File.ReadAllText(Path.Combine(home["generators"], name, "generator.json"));
        Assert.Contains("\"encoder_input\": \"polar\"", Options("other"), StringComparison.Ordinal);
        Assert.Contains("\"encoder_input\": \"activation\"", Options("small"), StringComparison.Ordinal);
        var several = Of("sample", "--site", "L0H0", "--sampler", "generator");
        Assert.Equal(2, several.Code);
        Assert.Contains("other, small", several.Error, StringComparison.Ordinal);
        Assert.Equal(0, Of("sample", "--site", "L0H0", "--sampler", "generator", "--generator", "other").Code);
        // Of several, the one of the default name is meant.
        Assert.Equal(0, CliRun.Of(["generator", "train", "--sites", "L0H0", .. Quick, "--home", home.Path]).Code);
        var byName = Of("sample", "--site", "L0H0", "--sampler", "generator", "--json");
        using (var named = JsonDocument.Parse(byName.Out))
            Assert.Equal("ioi", named.RootElement.GetProperty("generator").GetProperty("name").GetString());
        var collected = CliRun.Of("activations", "collect", "--sites", "L0H0", "--model", "ioi", "--task", "ioi", "--sampler", "mixture", "--home", home.Path);
        Assert.Equal(2, collected.Code);
    }

    [Theory]
    [InlineData("There is no generator 'nothing'", "generator", "eval", "nothing")]
    [InlineData("--epsilons takes numbers above 0", "generator", "eval", "x", "--epsilons", "0.1,-2")]
    [InlineData("low_rank", "generator", "train", "--model", "ioi", "--task", "ioi", "--sites", "L0H0", "--low-rank", "8")]
    [InlineData("--layers is about making a backbone", "generator", "train", "--model", "ioi", "--task", "ioi", "--sites", "L0H0", "--backbone-of", "ioi", "--layers", "2")]
    [InlineData("joint_share must be 0", "generator", "train", "--model", "ioi", "--task", "ioi", "--sites", "L0H0", "--low-rank", "8", "--backbone", "ioi", "--joint-share", "0.5")]
    [InlineData("--products is one of", "generator", "train", "--model", "ioi", "--task", "ioi", "--sites", "L0H0", "--products", "int8")]
    [InlineData("--products is one of float32, bfloat16; found 'float16'", "generator", "train", "--model", "ioi", "--task", "ioi", "--sites", "L0H0", "--products", "float16")]
    [InlineData("--encoder-input is one of activation, polar", "generator", "train", "--model", "ioi", "--task", "ioi", "--sites", "L0H0", "--encoder-input", "direction")]
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
