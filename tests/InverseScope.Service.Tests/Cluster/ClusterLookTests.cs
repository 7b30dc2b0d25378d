using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Service.Cluster;
using InverseScope.Service.Tests.Api;
using InverseScope.Service.Tests.Pages;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>What a cluster shows of itself.</summary>
[Collection(ProcessCollection.Name)]
public sealed class ClusterLookTests(ClusterSite site, Browser browser) : IClassFixture<ClusterSite>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_api_tells_of_services_workers_what_they_have_loaded_and_who_asks_for_them()
    {
        site.Measure();
        var cluster = await UntilAsync(c => c["workers"]!.AsArray() is [{ } w] && w["loaded"]!.AsArray().Count > 0 && c["queue"]!.AsArray().Count > 0);

        Assert.Equal("test", (string)cluster["version"]!);
        Assert.Equal([Environment.MachineName, Environment.MachineName], cluster["services"]!.AsArray().Select(s => (string)s!["host"]!));
        Assert.Single(cluster["services"]!.AsArray(), s => (bool)s!["answers"]!);
        var worker = cluster["workers"]![0]!;
        Assert.Equal((Environment.MachineName, "cpu", "ioi on ioi"), ((string)worker["host"]!, (string)worker["device"]!, (string)worker["loaded"]![0]!));
        Assert.Contains("ioi", worker["models"]!.AsArray().Select(m => (string)m!));
        Assert.True((long)worker["free_bytes"]! > 0);
        Assert.InRange((double)worker["busy"]!, 0, 1);
        var share = Assert.Single(cluster["queue"]!.AsArray())!;
        Assert.Equal((site.Sweep, 4, 0), ((string)share["owner"]!, (double)share["weight"]!, (int)share["waiting"]!));
    }

    [Fact]
    public void A_trace_goes_from_whoever_asks_to_what_the_worker_computes()
    {
        var ended = new ConcurrentQueue<Activity>();
        using var stages = new ActivitySource("a stage of a sweep");
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == stages.Name || ClusterTelemetry.Sources.Contains(source.Name),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        ActivityTraceId trace;
        using (var stage = stages.StartActivity("sample a site")!)
        {
            trace = stage.TraceId;
            Assert.Equal(2, site.Measure().Sets.Count);
        }

        var computed = ended.Where(a => a.TraceId == trace && a.Source.Name == ClusterTelemetry.Name).ToArray();
        Assert.Equal(["open", "sample"], computed.Select(a => a.OperationName).Order(StringComparer.Ordinal));
        var sample = computed.Single(a => a.OperationName == "sample");
        Assert.Equal((site.Sweep, "L0H0@last", "cpu", "ioi"), (Tag(sample, "sweep"), Tag(sample, "site"), Tag(sample, "device"), Tag(sample, "model")));
        // The call between them is part of it.
        Assert.Contains(ended, a => a.TraceId == trace && a.Source.Name == "Microsoft.Orleans.Application" && a.Kind == ActivityKind.Server);
    }

    [Fact]
    public async Task Workers_are_given_calls_while_many_hold_threads_of_the_pool()
    {
        using var letGo = new ManualResetEventSlim();
        Task[] held = [.. Enumerable.Range(0, 40).Select(_ => Task.Run(() => letGo.Wait(Cancel), Cancel))];
        var began = Stopwatch.GetTimestamp();
        try
        {
            Assert.Equal(2, site.Measure().Sets.Count);
            // One thread more comes in a second where no others are meant to be there.
            Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(15));
        }
        finally
        {
            letGo.Set();
        }

        await Task.WhenAll(held);
    }

    [Fact]
    public async Task Workers_waiting_calls_and_busy_shares_are_metered()
    {
        var told = new ConcurrentDictionary<string, bool>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        string[] names = ["inversescope.cluster.workers", "inversescope.cluster.calls.waiting", "inversescope.cluster.calls.running", "inversescope.cluster.busy"];
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter.Name == ClusterTelemetry.Name)
                listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((instrument, _, _, _) => Told(instrument));
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => Told(instrument));
        listener.Start();

        await all.Task.WaitAsync(Bound, Cancel);

        void Told(Instrument instrument)
        {
            told[instrument.Name] = true;
            if (names.All(told.ContainsKey))
                all.TrySetResult();
        }
    }

    [Theory]
    [InlineData(1280)]
    [InlineData(400)]
    public async Task The_page_shows_the_same_and_keeps_up_to_date(int width)
    {
        site.Measure();
        await UntilAsync(c => c["workers"]!.AsArray() is [{ } w] && w["loaded"]!.AsArray().Count > 0 && c["queue"]!.AsArray().Count > 0);
        await using var opened = await browser.OpenAsync(site.Open.Client.BaseAddress!, width);
        var page = opened.Page;
        await opened.GoAsync("/");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Cluster" }).ClickAsync();

        var workers = page.GetByRole(AriaRole.Region, new PageGetByRoleOptions { Name = "Table of workers" });
        await Expect(workers).ToContainTextAsync("ioi on ioi");
        await Expect(workers.Locator("progress")).ToHaveCountAsync(1);
        await Expect(page.GetByRole(AriaRole.Region, new PageGetByRoleOptions { Name = "Table of sweeps" })).ToContainTextAsync(site.Sweep);
        await Expect(page.GetByRole(AriaRole.Main)).ToContainTextAsync("shows this page");
        await page.Locator("#workers-h").EvaluateAsync("h => { h.textContent = 'Long ago'; }");
        await Expect(page.Locator("#workers-h")).ToHaveTextAsync("Workers");
        var stumbles = await page.EvaluateAsync<JsonElement>(PageLookTests.Stumbles);
        Assert.Equal([], stumbles.EnumerateArray().Select(s => s.GetString()));
        Assert.Equal([], opened.Troubles);
    }

    [Fact]
    public async Task A_sweep_gets_its_priority_on_its_page()
    {
        await using var opened = await browser.OpenAsync(site.Open.Client.BaseAddress!, script: false);
        var page = opened.Page;
        await opened.GoAsync($"/sweeps/{site.Sweep}");
        await page.GetByText("Priority: normal…").ClickAsync();
        await page.GetByLabel("Priority").SelectOptionAsync("high");
        await page.Locator("form[action$='/priority'] button").ClickAsync();

        await Expect(page.GetByText("Priority: high…")).ToBeVisibleAsync();
        Assert.Equal("high", (string)(await site.Open.Client.GetJsonAsync($"/api/v1/sweeps/{site.Sweep}"))["priority"]!);
    }

    [Theory]
    [InlineData("/cluster")]
    [InlineData("/orleans")]
    [InlineData("/orleans/")]
    [InlineData("/orleans/index.min.js")]
    [InlineData("/orleans/DashboardCounters")]
    public async Task Without_the_key_nothing_of_the_cluster_is_shown(string path)
    {
        using var answer = await site.Closed.Client.GetAsync(path, Cancel);
        using var wrong = await site.Closed.Client.SendAsync(ApiCalls.Request("GET", path, null, ("X-Api-Key", "not the key of this service")), Cancel);

        Assert.StartsWith("/login", answer.Headers.Location?.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("/login", wrong.Headers.Location?.ToString(), StringComparison.Ordinal);
        await site.Closed.Client.ProblemAsync(401, ApiCalls.Request("GET", "/api/v1/cluster"));
    }

    [Fact]
    public async Task With_the_key_the_dashboard_of_members_is_there_under_a_policy_of_its_own_and_without_logs()
    {
        using var root = await WithKeyAsync("/orleans");
        using var page = await WithKeyAsync("/orleans/");
        using var counters = await WithKeyAsync("/orleans/DashboardCounters");
        using var logs = await WithKeyAsync("/orleans/Trace");
        using var other = await WithKeyAsync("/cluster");
        using var misnamed = await site.Closed.Client.SendAsync(ApiCalls.Request("GET", "/orleans/", null, ("X-Api-Key", ClusterSite.Key), ("Host", "elsewhere.example")), Cancel);

        Assert.Equal("/orleans/", root.Headers.Location?.ToString());
        Assert.Equal((HttpStatusCode.OK, "text/html"), (page.StatusCode, page.Content.Headers.ContentType?.MediaType));
        Assert.Contains("style-src 'self' 'unsafe-inline'", Policy(page), StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", Policy(other), StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", Policy(page).Split("script-src ")[1].Split(';')[0], StringComparison.Ordinal);
        Assert.IsType<JsonArray>((await counters.JsonAsync())["hosts"]);
        Assert.False(logs.IsSuccessStatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, misnamed.StatusCode);
        Assert.DoesNotContain("/orleans", (await site.Open.Client.GetJsonAsync("/openapi/v1.json"))["paths"]!.AsObject().Select(p => p.Key));
    }

    private static string Policy(HttpResponseMessage answer) => Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));

    private static string? Tag(Activity activity, string name) => activity.GetTagItem("inversescope." + name)?.ToString();

    private Task<HttpResponseMessage> WithKeyAsync(string path) => site.Closed.Client.SendAsync(ApiCalls.Request("GET", path, null, ("X-Api-Key", ClusterSite.Key)), Cancel);

    private async Task<JsonNode> UntilAsync(Func<JsonNode, bool> isThere)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            using var answer = await site.Open.Client.GetAsync("/api/v1/cluster", Cancel);
            var cluster = await answer.JsonAsync();
            if (answer.IsSuccessStatusCode && isThere(cluster))
                return cluster;
            Assert.True(Stopwatch.GetElapsedTime(began) < Bound, cluster.ToJsonString());
            await timer.WaitForNextTickAsync(Cancel);
        }
    }
}
