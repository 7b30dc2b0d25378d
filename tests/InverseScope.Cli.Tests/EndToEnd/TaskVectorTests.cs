using System.Text.Json;

namespace InverseScope.Cli.Tests.EndToEnd;

/// <summary>
/// A model of two layers that has learnt two made-up languages: it reads the word in its first layer and the language in its
/// second, so that the attention output there is a task vector.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed class TaskVectorTests : IDisposable
{
    private const string Languages = """
        schema: inversescope/translation-task/v1
        name: mini
        description: Two made-up languages.
        shot: "{source} > {target}"
        shots: 1
        directions:
          x-y: { a: ya, b: yb, c: yc, d: yd, e: ye, f: yf }
          x-z: { a: za, b: zb, c: zc, d: zd, e: ze, f: zf }
        """;

    private const string Plan = """
        schema: inversescope/sweep/v1
        name: mini
        model: mini
        task: ./mini.yaml
        search: { enabled: false }
        bank_size: 50
        task_vector: { pairs: 30, sites: ['L*.attn', 'L1.resid'] }
        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_trained_model_takes_the_task_at_one_layer_and_the_answer_from_the_stream()
    {
        var report = Sweep(steps: 200);
        Assert.Equal((30, 30), (report.GetProperty("pairs").GetInt32(), report.GetProperty("pairs_used").GetInt32()));
        Assert.True(Rate(report, "L1.attn@last", "success") > 0.9);
        Assert.True(Rate(report, "L1.attn@last", "same_task_kept") > 0.9);
        Assert.Equal(0, Rate(report, "L0.attn@last", "success"));
        Assert.Equal(1, Rate(report, "L1.resid@last", "source_answer"));
        Assert.Equal(["L1.attn@last"], report.GetProperty("carrying").EnumerateArray().Select(s => s.GetString()));
        Assert.Contains("carries which task it is", report.GetProperty("statement").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_has_learnt_nothing_says_nothing()
    {
        var report = Sweep(steps: 1);
        Assert.Contains("the experiment says nothing", report.GetProperty("statement").GetString(), StringComparison.Ordinal);
        Assert.All(report.GetProperty("sites").EnumerateArray(), s => Assert.Equal(JsonValueKind.Null, s.GetProperty("success").ValueKind));
    }

    [Fact]
    public void A_task_without_tasks_within_it_is_bad_input()
    {
        Write(1);
        File.WriteAllText(_folder["plan.yaml"], Plan.Replace("./mini.yaml", "addition", StringComparison.Ordinal));
        var run = CliRun.Of("sweep", "run", _folder["plan.yaml"], "--home", _folder["home"], "--quiet");
        Assert.Equal(2, run.Code);
        Assert.Contains("needs texts that ask for an operation", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("@99")]
    [InlineData("@-99")]
    [InlineData("@tok:\"zzz\"")]
    public void A_position_that_no_text_has_is_bad_input(string position)
    {
        Write(1);
        File.WriteAllText(_folder["plan.yaml"], Plan.Replace("'L*.attn', 'L1.resid'", $"'L1.attn{position}'", StringComparison.Ordinal));
        var run = CliRun.Of("sweep", "run", _folder["plan.yaml"], "--home", _folder["home"], "--quiet");
        Assert.Equal(2, run.Code);
        foreach (var part in new[] { $"'L1.attn{position}'", "query", "A text reads \"" })
            Assert.Contains(part, run.Error, StringComparison.Ordinal);
    }

    // The report's part on the experiment.
    private JsonElement Sweep(int steps)
    {
        Write(steps);
        var run = CliRun.Of("sweep", "run", _folder["plan.yaml"], "--threads", "1", "--home", _folder["home"], "--json", "--quiet");
        Assert.True(run.Code == 0, run.Error);
        return JsonDocument.Parse(run.Out).RootElement.GetProperty("task_vector");
    }

    private void Write(int steps)
    {
        File.WriteAllText(_folder["mini.yaml"], Languages);
        File.WriteAllText(_folder["plan.yaml"], Plan);
        var trained = CliRun.Of(
            "model", "train", "--task", _folder["mini.yaml"], "--name", "mini", "--layers", "2", "--heads", "2", "--width", "32", "--batch-size", "64",
            "--learning-rate", "0.01", "--steps", steps.ToString(System.Globalization.CultureInfo.InvariantCulture), "--threads", "1", "--home", _folder["home"], "--quiet");
        Assert.True(trained.Code == 0, trained.Error);
    }

    private static double Rate(JsonElement report, string site, string rate) =>
        report.GetProperty("sites").EnumerateArray().Single(s => s.GetProperty("site").GetString() == site).GetProperty(rate).GetProperty("rate").GetDouble();
}
