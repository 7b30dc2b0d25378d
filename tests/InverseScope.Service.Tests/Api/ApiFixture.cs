using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Transcripts;
using InverseScope.Service.Desk;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;
using InverseScope.Sweeps.Tests.Reports;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Tests.Api;

/// <summary>A service whose home has two finished sweeps with reports, one that was stopped before it had any, and a transcript.</summary>
public sealed class ApiFixture : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private ServiceHost _host = null!;

    /// <summary>Id of the sweep with every verdict.</summary>
    public string Sweep { get; private set; } = "";

    /// <summary>Id of one with the same hypotheses under other numbers.</summary>
    public string Other { get; private set; } = "";

    /// <summary>Id of one without a report.</summary>
    public string Bare { get; private set; } = "";

    /// <summary>The report of <see cref="Sweep"/>.</summary>
    internal ReportDocument Report { get; private set; } = null!;

    internal ServiceHost Host => _host;

    internal HttpClient Client => _host.Client;

    public async ValueTask InitializeAsync()
    {
        var home = new Home(_folder.Path);
        home.Make();
        _host = await ServiceHost.StartAsync(home, options => options with { Limits = options.Limits with { WritesPerSecond = 1000 } });
        var store = _host.Services.GetRequiredService<Workspace>().Store;
        (Sweep, Report) = Keep(home, store, ReportFixture.Tiny());
        (Other, _) = Keep(home, store, ReportFixture.Tiny() with { Sites = [ReportFixture.Tiny().Sites[0]] });
        Bare = Begin(store).Id;
        var entry = new TranscriptEntry
        {
            At = DateTimeOffset.UnixEpoch,
            RequestHash = "00ff",
            Model = new ChatModel("scripted", "tiny", null),
            Purpose = "label",
            Step = 0,
            PromptId = "label-texts",
            PromptHash = "11",
            System = "",
            User = ReportFixture.HostileText,
            Seed = 0,
            Temperature = 0,
            MaxReplyTokens = 100,
            Outcome = ChatOutcome.Answered,
            Text = "{}",
            Attempts = [],
            Duration = TimeSpan.FromSeconds(1),
        };
        store.Transcripts.Of(Sweep, Report.Sites[0].Site, "llm_loop").Add(entry);
        store.Log(new StoredLogLine { Sweep = Sweep, Step = "report", Detail = "written", Time = Timestamp.Of(DateTimeOffset.UnixEpoch) });
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Address of a hypothesis.</summary>
    public string HypothesisPath(int site, int hypothesis) =>
        $"/api/v1/sweeps/{Sweep}/hypotheses/{Uri.EscapeDataString(Report.Sites[site].Hypotheses[hypothesis].Id)}";

    private static (string Id, ReportDocument Report) Keep(Home home, SweepStore store, ReportDocument report)
    {
        var id = Begin(store).Id;
        report = report with { Sweep = report.Sweep with { Id = id } };
        ReportFiles.Write(home.Sweep(id), report, Enum.GetValues<ReportFormat>());
        return (id, report);
    }

    private static StoredSweep Begin(SweepStore store) => store.Begin(new StoredSweep
    {
        Name = "addition",
        Plan = JsonSerializer.Serialize(new SweepPlan { Name = "addition", Model = "addition", Task = "addition", Sites = ["L0H1@="] }, ReportJson.LineOptions),
        Command = "inversescope sweep run plan.yaml",
        Version = "test",
        State = SweepState.Stopped,
        StopReason = "user",
        Started = Timestamp.Of(DateTimeOffset.UnixEpoch),
        Finished = Timestamp.Of(DateTimeOffset.UnixEpoch),
    });
}

/// <summary>Tests that share one service.</summary>
[CollectionDefinition(Name)]
public sealed class ApiCollection : ICollectionFixture<ApiFixture>
{
    public const string Name = "api";
}

/// <summary>Short forms of what tests ask for again and again.</summary>
internal static class ApiCalls
{
    public static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    public static HttpRequestMessage Request(string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = json is null ? null : Json(json) };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    public static async Task<JsonNode> JsonAsync(this HttpResponseMessage response) =>
        JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;

    public static async Task<JsonNode> GetJsonAsync(this HttpClient client, string path)
    {
        using var response = await client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        return await response.JsonAsync();
    }

    /// <summary>Sends, and checks that the answer is a problem of this status which tells something.</summary>
    public static async Task<JsonNode> ProblemAsync(this HttpClient client, int status, HttpRequestMessage request)
    {
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(status == (int)response.StatusCode, $"{request.Method} {request.RequestUri}: {(int)response.StatusCode} {body}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(body)!;
        Assert.Equal(status, (int)problem["status"]!);
        Assert.NotEmpty((string)problem["detail"]!);
        Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
        Assert.DoesNotContain("InverseScope.", body, StringComparison.Ordinal);
        return problem;
    }
}
