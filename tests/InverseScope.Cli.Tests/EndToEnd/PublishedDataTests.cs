using System.Text.Json;

namespace InverseScope.Cli.Tests.EndToEnd;

/// <summary>
/// Published data from its files to a report, on models that have hardly been trained: what they encode means nothing, how
/// it comes about must be right.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed class PublishedDataTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Refusal_is_swept_with_harmful_references_alone_and_samples_of_all()
    {
        var data = Shared.Path("data/refusal");
        File.WriteAllLines(_folder["alpaca.jsonl"], File.ReadLines(Path.Combine(data, "alpaca.jsonl")).Take(700));
        Do(
            "task", "import", "--harmbench", Path.Combine(data, "harmbench.jsonl"), "--jailbreakbench",
            Path.Combine(data, "jailbreakbench.jsonl"), "--alpaca", _folder["alpaca.jsonl"]);
        Train("refusal");
        var report = Sweep("refusal", "L0.attn@reply", "{ explore: 30, confirm: 60, where: { harmful: true } }", "harmful", "category", "first-word");

        Assert.Equal("true", report.GetProperty("sweep").GetProperty("options").GetProperty("references_where").GetProperty("harmful").GetString());
        var harmful = Hypothesis(report, "refusal.harmful");
        var counts = harmful.GetProperty("counts");
        Assert.Equal("degenerate", harmful.GetProperty("verdict").GetString());
        Assert.Contains("measured references have one label", harmful.GetProperty("verdict_reason").GetString());
        Assert.True(counts.GetProperty("references").GetInt32() > 30);
        // Their samples are of the whole prior: harmless ones too.
        Assert.True(counts.GetProperty("mismatched").GetInt32() > 0);
        Assert.InRange(harmful.GetProperty("chance").GetDouble(), 0.2, 0.6);
        // AdvBench's and Alpaca's have no category: that is undefined, and counts as a mismatch.
        Assert.True(Hypothesis(report, "refusal.category").GetProperty("counts").GetProperty("undefined").GetInt32() > 0);

        var refused = CliRun.Of(
            "spec", "eval", Repository.Path("feature-specs", "refusal", "reason.yaml"), "--model", "refusal", "--task", "refusal", "--sites",
            "L0.attn@reply", "--home", _folder["home"]);
        Assert.Equal(2, refused.Code);
        Assert.Contains("asks a language model", refused.Error);
        var chosen = CliRun.Of(
            "spec", "eval", Repository.Path("feature-specs", "refusal", "harmful.yaml"), "--model", "refusal", "--task", "refusal", "--sites",
            "L0.attn@reply", "--where", "harmful=false", "--references", "40", "--epsilon", "0.8", "--bank-size", "1000", "--threads", "1", "--home", _folder["home"], "--json");
        using var records = JsonDocument.Parse(chosen.Out);
        Assert.Contains("measured references have one label", records.RootElement[0].GetProperty("verdict_reason").GetString());
    }

    [Fact]
    public void Translation_is_swept_at_the_query_and_its_specs_are_defined_everywhere()
    {
        Do(["task", "import", "--name", "pairs", "--pairs", .. Directory.GetFiles(Shared.Path("data/icl/translation"), "*.json")]);
        Train("pairs");
        var report = Sweep("pairs", "L0.attn@query", "{ explore: 30, confirm: 60 }", "task", "input-word", "answer-word");

        Assert.Equal(3, report.GetProperty("sites")[0].GetProperty("hypotheses").GetArrayLength());
        foreach (var id in new[] { "task", "input-word", "answer-word" })
        {
            var counts = Hypothesis(report, $"icl-translation.{id}").GetProperty("counts");
            Assert.True(counts.GetProperty("references").GetInt32() > 0);
            Assert.Equal(0, counts.GetProperty("references_undefined").GetInt32());
        }

        Assert.InRange(Hypothesis(report, "icl-translation.task").GetProperty("chance").GetDouble(), 0.1, 0.25);
    }

    private static JsonElement Hypothesis(JsonElement report, string id) => report.GetProperty("sites")[0].GetProperty("hypotheses")
        .EnumerateArray().Single(h => h.GetProperty("spec").GetProperty("id").GetString() == id);

    private void Train(string task) => Do(
        "model", "train", "--task", task, "--steps", "2", "--layers", "1", "--heads", "2", "--width", "16", "--batch-size", "8", "--threads", "1");

    private JsonElement Sweep(string task, string site, string references, params string[] specs)
    {
        var folder = task == "refusal" ? "refusal" : "icl-translation";
        var files = specs.Select(s => JsonSerializer.Serialize(Repository.Path("feature-specs", folder, $"{s}.yaml")));
        File.WriteAllText(_folder["plan.yaml"], $$"""
            schema: inversescope/sweep/v1
            model: {{task}}
            task: {{task}}
            sites: ['{{site}}']
            epsilon: 0.2
            minimum_ess: 2
            bank_size: 1000
            references: {{references}}
            specs: [{{string.Join(", ", files)}}]
            search: { enabled: false }
            controls: { random_weights: false, known_sites: 0 }
            """);
        Do("sweep", "run", _folder["plan.yaml"], "--threads", "1");
        using var document = JsonDocument.Parse(File.ReadAllText(_folder["home/sweeps/plan-001/report.json"]));
        Assert.Equal("finished", document.RootElement.GetProperty("sweep").GetProperty("state").GetString());
        return document.RootElement.Clone();
    }

    private void Do(params string[] args)
    {
        var run = CliRun.Of([.. args, "--home", _folder["home"]]);
        Assert.True(run.Code == 0, run.Error + run.Out);
    }
}
