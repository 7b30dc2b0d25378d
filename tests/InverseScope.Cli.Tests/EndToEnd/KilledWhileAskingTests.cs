using System.Text.Json.Nodes;

namespace InverseScope.Cli.Tests.EndToEnd;

/// <summary>A process that is killed while its language model thinks, and what a resumed one asks.</summary>
[Collection(TorchCollection.Name)]
public sealed class KilledWhileAskingTests : IAsyncLifetime
{
    private const int Batch = 16;

    // Its first text is odd: a batch with it is answered in a way that cannot be used, until it stands alone.
    private const int OddBatch = 3;

    private readonly TempFolder _folder = new();
    private readonly Lock _lock = new();
    private readonly HashSet<string> _answered = [];
    private readonly List<string> _askedAgain = [];
    private FakeOllama _server = null!;
    private string? _odd;
    private int _batches;
    private Func<FakeOllamaRequest, bool> _holds = _ => false;
    private TaskCompletionSource _held = new();

    public async ValueTask InitializeAsync()
    {
        _server = await FakeOllama.StartAsync();
        _server.Answer = (context, request) => request.Wanted != "word" && _holds(request)
            ? FakeOllama.FallSilentAsync(context, _held.SetResult)
            : FakeOllama.SayAsync(context, request, Say(request));
        File.WriteAllText(_folder["sentences.yaml"], """
            schema: inversescope/feature-spec/v1
            id: ioi.sentences
            title: Sentences, says a model
            llm: { instruction: Is it one sentence or two?, labels: ['one', 'two'] }
            """);
        File.WriteAllText(_folder["plan.yaml"], $$"""
            schema: inversescope/sweep/v1
            name: killed
            model: ioi
            task: ioi
            sites: ['L0H7', 'L0H0']
            epsilon: 0.1
            bank_size: 150
            references: { explore: 40, confirm: 40 }
            specs: [sentences.yaml]
            search: { enabled: false }
            controls: { random_weights: false, known_sites: 0 }
            language_model: { model: {{FakeOllama.Model}}, address: "{{_server.Address}}", rounds: 2, label_batch: {{Batch}}, relabelled: 30 }
            """);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return _server.DisposeAsync();
    }

    [Fact]
    public async Task Killed_at_any_call_and_resumed_nothing_that_was_answered_is_asked_again_and_the_verdicts_are_the_same()
    {
        var run = CliRun.Of("sweep", "run", _folder["plan.yaml"], "--home", _folder["whole"], "--quiet");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Empty(_askedAgain);
        var all = _answered.Count;
        Forget();

        string[] command = ["sweep", "run", _folder["plan.yaml"], "--home", _folder["broken"], "--quiet"];
        foreach (var holds in new Func<FakeOllamaRequest, bool>[]
        {
            r => r.Wanted == "spec",
            // What was answered of the odd batch is kept, though the rest of it was not asked.
            r => LabelPrompt.IsLabelling(r) && LabelPrompt.TextsIn(r).Count == Batch / 4 && LabelPrompt.TextsIn(r).All(t => t.Text != _odd),
            r => r.Option("seed") == "1000" && LabelPrompt.TextsIn(r).Count < Batch,
        })
        {
            (_holds, _held) = (holds, new TaskCompletionSource());
            await KillWhenHeld(command);
            command = ["sweep", "resume", "killed-001", "--home", _folder["broken"], "--quiet"];
        }

        _holds = _ => false;
        run = CliRun.Of(command);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Empty(_askedAgain);
        Assert.Equal(all, _answered.Count);
        Assert.Equal(Report("whole"), Report("broken"));
    }

    private async Task KillWhenHeld(string[] command)
    {
        using var process = CliProcess.Start(command);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        var ended = process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Task.WhenAny(_held.Task, ended);
        process.Kill();
        await ended;
        Assert.True(_held.Task.IsCompleted, $"It ended before the call came: {await output}{await error}");
    }

    private void Forget()
    {
        _answered.Clear();
        (_odd, _batches) = (null, 0);
    }

    private string Say(FakeOllamaRequest request)
    {
        lock (_lock)
        {
            switch (request.Wanted)
            {
                case "word":
                    return """{"word": "ready", "letters": 5}""";
                case "answers":
                    return Label(request);
                default:
                    Answered(request.Body.ToJsonString());
                    return Propose(request);
            }
        }
    }

    private static string Propose(FakeOllamaRequest request) => request.Wanted switch
    {
        "hypotheses" => """{"hypotheses": [{"title": "Length", "rule": ["words", "count", {"bucket": [14, 18, 22]}]}, {"title": "Second", "rule": ["words", {"nht": 1}]}]}""",
        "spec" => """{"spec": {"title": "Second", "rule": ["words", {"nth": 1}]}}""",
        _ => """{"features": [{"id": 1, "title": "Length in words", "hypothesis": "The activation carries it."}]}""",
    };

    private string Label(FakeOllamaRequest request)
    {
        var texts = LabelPrompt.TextsIn(request);
        _batches++;
        if (_batches == OddBatch)
            _odd = texts[0].Text;
        if (texts.Count > 1 && texts.Any(t => t.Text == _odd))
            return LabelPrompt.Answer(texts.Select(_ => (1, "one")));
        foreach (var (_, text) in texts)
            Answered($"{request.Option("seed")} {text}");
        return LabelPrompt.Answer(texts.Select(t => (t.Id, t.Text.Contains(". ", StringComparison.Ordinal) ? "two" : "one")));
    }

    private void Answered(string question)
    {
        if (!_answered.Add(question))
            _askedAgain.Add(question);
    }

    // What may differ: times, memory, and the home that commands name.
    private string Report(string home)
    {
        var report = JsonNode.Parse(File.ReadAllText(_folder[$"{home}/sweeps/killed-001/report.json"]))!;
        Clean(report);
        return report.ToJsonString();
    }

    private static void Clean(JsonNode? node)
    {
        if (node is JsonObject members)
        {
            foreach (var name in new[] { "started", "finished", "cost", "command", "time", "seconds" })
                members.Remove(name);
            foreach (var (_, value) in members)
                Clean(value);
        }

        foreach (var item in node as JsonArray ?? [])
            Clean(item);
    }
}
