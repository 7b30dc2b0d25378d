using System.Text.Json;

namespace InverseScope.Cli.Tests.Commands;

[Collection(TorchCollection.Name)]
public sealed class ModelCommandsTests : IDisposable
{
    private static readonly string Golden = Repository.Path("tests", "InverseScope.Torch.Tests", "Golden");
    private readonly TempFolder _folder = new();

    private string Home => _folder["home"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Check_ends_with_0_where_the_model_agrees_and_lists_each_quantity()
    {
        var run = CliRun.Of("model", "check", Path.Combine(Golden, "gpt2-tiny"), "--json", "--threads", "1");

        using var document = JsonDocument.Parse(run.Out);
        var root = document.RootElement;
        Assert.Equal(0, run.Code);
        Assert.True(root.GetProperty("passed").GetBoolean());
        Assert.True(root.GetProperty("worst_error").GetDouble() < 1e-5);
        Assert.Contains("final_logits", root.GetProperty("quantities").EnumerateArray().Select(q => q.GetProperty("name").GetString()));
    }

    [Fact]
    public void Check_in_a_narrower_type_allows_what_that_type_rounds()
    {
        var run = CliRun.Of("model", "check", Path.Combine(Golden, "gpt2-tiny"), "--dtype", "bfloat16", "--threads", "1");

        Assert.Equal(0, run.Code);
        Assert.Contains("Agrees as far as bfloat16 can tell: the worst error is", run.Out);
        Assert.Contains("3.8e-1 (48 epsilons of bfloat16) is the most that is allowed of any quantity.", run.Out);
        Assert.Contains("Wider than the 1.0e-4 of float32", run.Out);
        Assert.Contains("greedy tokens differ.", run.Out);
    }

    [Fact]
    public void Check_ends_with_1_where_the_model_does_not_agree()
    {
        var model = Copy("gpt2-tiny");
        var config = Path.Combine(model, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"gelu_new\"", "\"relu\""));

        var run = CliRun.Of("model", "check", model, "--threads", "1");

        Assert.Equal(1, run.Code);
        Assert.Contains("Does not agree", run.Out);
    }

    [Fact]
    public void Show_tells_the_shape_of_a_model_from_its_files()
    {
        var run = CliRun.Of("model", "show", Path.Combine(Golden, "gpt2-tiny"), "--json");

        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal(0, run.Code);
        Assert.Equal("gpt2", document.RootElement.GetProperty("family").GetString());
        Assert.Equal(3, document.RootElement.GetProperty("layers").GetInt32());
        Assert.Equal(64, document.RootElement.GetProperty("content_hash").GetString()!.Length);
    }

    [Fact]
    public void An_imported_model_is_found_by_its_name()
    {
        var import = CliRun.Of("model", "import", Path.Combine(Golden, "gpt2-tiny-bf16-sharded"), "--name", "tiny", "--home", Home);
        var check = CliRun.Of("model", "check", "tiny", "--home", Home);
        var list = CliRun.Of("model", "list", "--home", Home);
        var again = CliRun.Of("model", "import", Path.Combine(Golden, "gpt2-tiny"), "--name", "tiny", "--home", Home);
        var forced = CliRun.Of("model", "import", Path.Combine(Golden, "gpt2-tiny"), "--name", "tiny", "--force", "--home", Home);

        Assert.Equal(0, import.Code);
        Assert.Equal(0, check.Code);
        Assert.Contains("tiny", list.Out);
        Assert.Equal(2, again.Code);
        Assert.Contains("--force", again.Error);
        Assert.Equal(0, forced.Code);
    }

    [Theory]
    [InlineData("missing weights", "holds no weights")]
    [InlineData("truncated weights", "model.safetensors")]
    [InlineData("wrong shape", "n_embd")]
    [InlineData("missing config", "config.json")]
    public void A_broken_model_is_refused_and_nothing_of_it_is_kept(string fault, string message)
    {
        var model = Copy("gpt2-tiny");
        var weights = Path.Combine(model, "model.safetensors");
        var config = Path.Combine(model, "config.json");
        switch (fault)
        {
            case "missing weights":
                File.Delete(weights);
                break;
            case "truncated weights":
                using (var file = File.OpenWrite(weights))
                    file.SetLength(file.Length / 2);
                break;
            case "wrong shape":
                File.WriteAllText(config, File.ReadAllText(config).Replace("\"n_embd\": 64", "\"n_embd\": 63"));
                break;
            case "missing config":
                File.Delete(config);
                break;
        }

        var run = CliRun.Of("model", "import", model, "--name", "broken", "--home", Home);

        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
        Assert.DoesNotContain("   at ", run.Error);
        Assert.False(Directory.Exists(Path.Combine(Home, "models")));
    }

    [Fact]
    public void An_unknown_model_is_named_with_what_there_is()
    {
        CliRun.Of("model", "import", Path.Combine(Golden, "gpt2-tiny"), "--name", "tiny", "--home", Home);

        var run = CliRun.Of("model", "show", "tinny", "--home", Home);

        Assert.Equal(2, run.Code);
        Assert.Contains("There is no model 'tinny'. Did you mean 'tiny'?", run.Error);
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    public void A_name_that_leads_elsewhere_is_refused(string name)
    {
        var run = CliRun.Of("model", "import", Path.Combine(Golden, "gpt2-tiny"), "--name", name, "--home", Home);

        Assert.Equal(2, run.Code);
        Assert.Contains("cannot be the name of a model", run.Error);
    }

    private string Copy(string model)
    {
        var copy = Directory.CreateDirectory(_folder["copy"]).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(Golden, model)))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        return copy;
    }
}
