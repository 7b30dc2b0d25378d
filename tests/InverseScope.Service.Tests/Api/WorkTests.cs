using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace InverseScope.Service.Tests.Api;

/// <summary>What computes: samples, evaluations and a whole sweep, on the small model that is shipped.</summary>
[Collection(ComputingCollection.Name)]
public sealed class WorkTests
{
    private const string Plan = """
        schema: inversescope/sweep/v1
        name: watched
        model: ioi
        task: ioi
        sites: ['L0H0']
        bank_size: 2000
        epsilon: 0.1
        references: { explore: 20, confirm: 20 }
        search: { max_proposals: 1 }
        controls: { random_weights: false, known_sites: 0 }
        causal_check: { references: 0 }
        """;

    [Fact]
    public async Task A_sweep_is_begun_watched_to_its_end_and_told()
    {
        await using var service = await ServiceHost.StartAsync();
        using var begun = await service.Client.PostAsync("/api/v1/sweeps", new StringContent(Plan, Encoding.UTF8, "application/yaml"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, begun.StatusCode);
        var path = begun.Headers.Location!.ToString();

        using var events = await service.Client.SendAsync(ApiCalls.Request("GET", path + "/events"), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", events.Content.Headers.ContentType!.MediaType);
        var text = await events.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        string[] told = [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)];
        Assert.StartsWith("event: sweep\nid: 1\ndata: {", told[0], StringComparison.Ordinal);
        Assert.Equal("event: end\ndata: {}", told[^1]);
        var last = JsonNode.Parse(told[^2].Split("data: ")[1])!;
        Assert.Equal("finished", (string)last["status"]!);

        var report = await service.Client.GetJsonAsync(path + "/report");
        Assert.Equal("L0H0@last", (string)report["sites"]![0]!["site"]!);
        // Who listens again after the end is told not to come any more.
        using var again = await service.Client.SendAsync(ApiCalls.Request("GET", path + "/events", null, ("Last-Event-ID", "7")), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, again.StatusCode);
    }

    [Fact]
    public async Task So_many_listen_and_no_more()
    {
        await using var service = await ServiceHost.StartAsync(null, options => options with { Limits = options.Limits with { Listeners = 1 } });
        using var begun = await service.Client.PostAsync("/api/v1/sweeps", new StringContent(Plan.Replace("2000", "200000", StringComparison.Ordinal), Encoding.UTF8, "text/yaml"), TestContext.Current.CancellationToken);
        var path = begun.Headers.Location!.ToString();
        using var first = await service.Client.SendAsync(ApiCalls.Request("GET", path + "/events"), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);

        await service.Client.ProblemAsync(429, ApiCalls.Request("GET", path + "/events"));

        using var stopped = await service.Client.PostAsync(path + "/stop", null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, stopped.StatusCode);
        await first.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Samples_are_drawn_on_demand_and_no_longer_than_may_be()
    {
        const string Order = """{"model": "ioi", "task": "ioi", "site": "L0H0@last", "n": 5, "measurement": {"bank_size": 2000, "samples": 0, "epsilon": 0.2}}""";
        await using var service = await ServiceHost.StartAsync();
        using var drawn = await service.Client.PostAsync("/api/v1/sample", ApiCalls.Json(Order), TestContext.Current.CancellationToken);
        var samples = await drawn.JsonAsync();

        Assert.True(drawn.IsSuccessStatusCode, samples.ToJsonString());
        Assert.NotEmpty((string)samples["reference"]!);
        Assert.Equal(5, samples["samples"]!.AsArray().Count);
        Assert.NotEmpty(samples["tokens"]!.AsArray());

        await using var hurried = await ServiceHost.StartAsync(null, options => options with { Limits = options.Limits with { Computing = TimeSpan.Zero } });
        await hurried.Client.ProblemAsync(503, ApiCalls.Request("POST", "/api/v1/sample", Order));
    }

    [Fact]
    public async Task Specs_are_evaluated_by_a_job_that_can_be_cancelled()
    {
        await using var service = await ServiceHost.StartAsync();
        var order = new JsonObject
        {
            ["specs"] = new JsonArray("schema: inversescope/feature-spec/v1\nid: first\nrule: [ words, { nth: 0 } ]\n"),
            ["model"] = "ioi",
            ["task"] = "ioi",
            ["sites"] = new JsonArray("L0H0"),
            ["references"] = 30,
            ["measurement"] = new JsonObject { ["bank_size"] = 2000, ["epsilon"] = 0.1 },
        };
        using var accepted = await service.Client.PostAsync("/api/v1/specs/eval", ApiCalls.Json(order.ToJsonString()), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        var job = await EndedAsync(service, accepted.Headers.Location!.ToString());
        Assert.Equal("done", (string)job["state"]!);
        Assert.Equal("L0H0@last", (string)job["result"]![0]!["site"]!);

        order["sites"] = new JsonArray("L*H*", "L*.mlp", "L*.resid");
        order["measurement"]!["bank_size"] = 500_000;
        order["references"] = 5000;
        using var lengthy = await service.Client.PostAsync("/api/v1/specs/eval", ApiCalls.Json(order.ToJsonString()), TestContext.Current.CancellationToken);
        var path = lengthy.Headers.Location!.ToString();
        using var cancelled = await service.Client.DeleteAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, cancelled.StatusCode);
        Assert.Equal("cancelled", (string)(await EndedAsync(service, path))["state"]!);
        Assert.Equal(2, (await service.Client.GetJsonAsync("/api/v1/jobs")).AsArray().Count);
    }

    private static async Task<JsonNode> EndedAsync(ServiceHost service, string path)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await timer.WaitForNextTickAsync(patience.Token))
        {
            var job = await service.Client.GetJsonAsync(path);
            if ((string)job["state"]! is not ("queued" or "running"))
                return job;
        }

        throw new TimeoutException();
    }
}

/// <summary>Tests that compute run one after the other: each would take all cores for itself.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ComputingCollection
{
    public const string Name = "computing";
}
