namespace InverseScope.Cli.Tests.EndToEnd;

/// <summary>What a collector gets of a sweep.</summary>
[Collection(TorchCollection.Name)]
public sealed class TelemetryTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Stages_samples_and_calls_of_a_sweep_arrive_before_it_ends()
    {
        await using var collector = await FakeCollector.StartAsync();
        await using var ollama = await FakeOllama.StartAsync();
        ollama.Reply = request => request.Messages[^1].Text.Contains("ready", StringComparison.Ordinal) ? """{"word":"ready","letters":5}""" : """{"hypotheses": []}""";
        Assert.Equal(0, Run(null, "model", "train", "--task", "addition", "--steps", "2", "--layers", "1", "--heads", "2", "--width", "16", "--batch-size", "8", "--threads", "1").Code);
        File.WriteAllText(_folder["plan.yaml"], $$"""
            schema: inversescope/sweep/v1
            model: addition
            task: addition
            sites: [L0H0]
            bank_size: 400
            references: { explore: 20, confirm: 20 }
            controls: { random_weights: false, known_sites: 0 }
            language_model: { model: tiny, address: {{ollama.Address}} }
            """);
        var run = Run(collector.Address, "sweep", "run", _folder["plan.yaml"], "--threads", "1");
        Assert.True(run.Code == 0, run.Error + run.Out);
        var (traces, metrics) = (collector.At("/v1/traces"), collector.At("/v1/metrics"));
        Assert.All(["InverseScope.Sweeps", "InverseScope.Agent", "propose", "confirm", "L0H0@last", "plan-001", "service.instance.id", $"run/{Environment.MachineName}/{Environment.ProcessId}/"], name => Assert.Contains(name, traces, StringComparison.Ordinal));
        Assert.All(["inversescope.stages", "inversescope.samples", "inversescope.chat.calls", "inversescope.chat.tokens"], name => Assert.Contains(name, metrics, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("collector:4317", null, "OTEL_EXPORTER_OTLP_ENDPOINT is 'collector:4317'")]
    [InlineData("http://127.0.0.1:4317", "smoke", "OTEL_EXPORTER_OTLP_PROTOCOL is 'smoke'")]
    public void A_collector_that_cannot_be_is_bad_input(string address, string? protocol, string says)
    {
        var run = CliRun.In(name => name.EndsWith("ENDPOINT", StringComparison.Ordinal) ? address : name.EndsWith("PROTOCOL", StringComparison.Ordinal) ? protocol : null, "task", "list", "--home", _folder["home"]);
        Assert.Equal(2, run.Code);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    private CliRun Run(Uri? collector, params string[] args) => CliRun.In(
        name => name switch
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => collector?.ToString(),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => "http/protobuf",
            _ => null,
        },
        [.. args, "--home", _folder["home"]]);
}
