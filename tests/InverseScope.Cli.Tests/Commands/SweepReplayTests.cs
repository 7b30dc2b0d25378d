using System.Text.Json;

namespace InverseScope.Cli.Tests.Commands;

/// <summary><c>sweep replay</c>, after sweeps over HTTP.</summary>
[Collection(TorchCollection.Name)]
public sealed class SweepReplayTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private FakeOllama _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeOllama.StartAsync();
        _server.Reply = request => request.Wanted switch
        {
            "word" => """{"word": "ready", "letters": 5}""",
            "answers" => LabelPrompt.Answer(LabelPrompt.TextsIn(request).Select(t => (t.Id, t.Text.Contains(". ", StringComparison.Ordinal) ? "two" : "one"))),
            "hypotheses" => """{"hypotheses": [{"title": "Length", "rule": ["words", "count", {"bucket": [14, 18, 22]}]}]}""",
            _ => """{"features": [{"id": 1, "title": "Length in words", "hypothesis": "The activation carries it."}]}""",
        };
        File.WriteAllText(_folder["sentences.yaml"], """
            schema: inversescope/feature-spec/v1
            id: ioi.sentences
            title: Sentences, says a model
            llm: { instruction: Is it one sentence or two?, labels: ['one', 'two'] }
            """);
        File.WriteAllText(_folder["first-names.yaml"], """
            schema: inversescope/feature-spec/v1
            id: ioi.first-name
            title: First name
            rule: [words, { in: names }, first]
            """);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return _server.DisposeAsync();
    }

    [Fact]
    public async Task With_the_server_gone_the_verdicts_are_the_same()
    {
        var first = Sweep("sentences.yaml", $$"""language_model: { model: {{FakeOllama.Model}}, address: "{{_server.Address}}", rounds: 2, relabelled: 20 }""");
        Assert.Equal((0, ""), (first.Code, first.Error));
        await _server.StopAsync();
        var asked = _server.Requests.Count;

        var replay = Cli("sweep", "replay", "first-001");
        Assert.Equal(0, replay.Code);
        Assert.Contains("All 2 verdicts are those of first-001.", replay.Error, StringComparison.Ordinal);
        Assert.Equal(Findings("first-001"), Findings("first-002"));
        Assert.Equal(asked, _server.Requests.Count);
        Assert.Contains("There is no sweep 'first-01' in", Cli("sweep", "replay", "first-01").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_asked_no_language_model_cannot_be_replayed_and_leaves_no_sweep_behind()
    {
        var unknown = Cli("sweep", "replay", "first-001");
        Assert.Equal(2, unknown.Code);
        Assert.Contains("There is no sweep 'first-001' in", unknown.Error, StringComparison.Ordinal);

        Assert.Equal(0, Sweep("first-names.yaml", "").Code);
        var replay = Cli("sweep", "replay", "first-001");
        Assert.Equal(2, replay.Code);
        Assert.Contains("Sweep 'first-001' asked no language model anything, so that there is nothing to replay.", replay.Error, StringComparison.Ordinal);
        using var listed = JsonDocument.Parse(Cli("sweep", "list", "--json").Out);
        Assert.Equal(1, listed.RootElement.GetArrayLength());
    }

    private CliRun Sweep(string spec, string languageModel)
    {
        File.WriteAllText(_folder["first.yaml"], $$"""
            schema: inversescope/sweep/v1
            name: first
            model: ioi
            task: ioi
            sites: [L0H7]
            epsilon: 0.1
            bank_size: 100
            references: { explore: 30, confirm: 30 }
            specs: [{{spec}}]
            search: { enabled: false }
            controls: { random_weights: false, known_sites: 0 }
            {{languageModel}}
            """);
        return Cli("sweep", "run", _folder["first.yaml"], "--quiet");
    }

    private CliRun Cli(params string[] arguments) => CliRun.Of([.. arguments, "--home", _folder["home"]]);

    private IEnumerable<string> Findings(string sweep)
    {
        using var report = JsonDocument.Parse(File.ReadAllText(_folder[$"home/sweeps/{sweep}/report.json"]));
        return [.. report.RootElement.GetProperty("sites").EnumerateArray().SelectMany(s => s.GetProperty("hypotheses").EnumerateArray())
            .Select(h => $"{h.GetProperty("spec_hash")} {h.GetProperty("verdict")} {h.GetProperty("kappa")}")];
    }
}
