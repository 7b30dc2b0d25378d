using System.Net;
using System.Text.Json.Nodes;

namespace InverseScope.Service.Tests.Api;

[Collection(ApiCollection.Name)]
public sealed class EndpointTests(ApiFixture api)
{
    private const string Carry = "schema: inversescope/feature-spec/v1\nid: carry\nrule: [ { sum: [ [ chars, { nth: 1 }, int ], [ chars, { nth: 5 }, int ] ] }, { ge: 10 } ]\n";

    [Theory]
    [InlineData("/models", "0.name")]
    [InlineData("/models/ioi", "content_hash")]
    [InlineData("/generators", "0.model")]
    [InlineData("/tasks", "0.description")]
    [InlineData("/tasks/addition", "positions.0")]
    [InlineData("/tasks/addition/sample?n=3&seed=5", "2.text")]
    [InlineData("/specs/schema", "definitions")]
    [InlineData("/specs", "0.name")]
    [InlineData("/specs/addition.units-sum", "text")]
    [InlineData("/sweeps", "0.id")]
    [InlineData("/sweeps/{sweep}", "status")]
    [InlineData("/sweeps/{sweep}/limits", "")]
    [InlineData("/sweeps/{sweep}/plan", "sites.0")]
    [InlineData("/sweeps/{sweep}/report", "schema")]
    [InlineData("/sweeps/{sweep}/sites", "0.hypotheses")]
    [InlineData("/sweeps/{sweep}/sites/L0H1%40%3D", "bits")]
    [InlineData("/sweeps/{sweep}/sites/L1H2%40%3D/samples", "items.0.reference")]
    [InlineData("/sweeps/{sweep}/sites/L1H2%40%3D/references", "items.0.text")]
    [InlineData("/sweeps/{sweep}/hypotheses", "items.0.verdict")]
    [InlineData("/sweeps/{sweep}/log", "items.0.detail")]
    [InlineData("/sweeps/{sweep}/transcripts", "items.0.request_hash")]
    [InlineData("/sweeps/{sweep}/transcripts/1", "user")]
    [InlineData("/reviews", "items.0.queued_because.0")]
    [InlineData("/compare?a={sweep}&b={other}", "shared")]
    [InlineData("/jobs", "")]
    public async Task What_can_be_read_is_read(string path, string member)
    {
        var node = await api.Client.GetJsonAsync("/api/v1" + path.Replace("{sweep}", api.Sweep).Replace("{other}", api.Other));

        foreach (var part in member.Split('.', StringSplitOptions.RemoveEmptyEntries))
            node = (int.TryParse(part, out var index) ? node![index] : node![part])!;
        Assert.NotNull(node);
    }

    [Fact]
    public async Task Names_of_enumerations_and_members_are_those_of_reports()
    {
        var sweep = await api.Client.GetJsonAsync($"/api/v1/sweeps/{api.Bare}");
        var hypothesis = await api.Client.GetJsonAsync(api.HypothesisPath(0, 0));

        Assert.Equal("stopped", (string)sweep["status"]!);
        Assert.Equal(api.Report.Sites[0].Hypotheses[0].SpecHash, (string)hypothesis["spec_hash"]!);
        Assert.Equal("confirmed", (string)hypothesis["verdict"]!);
    }

    [Theory]
    [InlineData("verdict=confirmed,refuted", 3)]
    [InlineData("author=llm", 1)]
    [InlineData("kind=script", 1)]
    [InlineData("site=L0H1%40%3D", 3)]
    [InlineData("min_kappa=0.1", 3)]
    [InlineData("text=TENS carry", 1)]
    [InlineData("text=nothing-like-it", 0)]
    [InlineData("", 6)]
    public async Task Hypotheses_are_filtered(string query, int total)
    {
        var page = await api.Client.GetJsonAsync($"/api/v1/sweeps/{api.Sweep}/hypotheses?{query}");

        Assert.Equal(total, (int)page["total"]!);
        Assert.Equal(total, page["items"]!.AsArray().Count);
    }

    [Fact]
    public async Task Hypotheses_are_sorted_and_paged()
    {
        var first = await api.Client.GetJsonAsync($"/api/v1/sweeps/{api.Sweep}/hypotheses?sort=-kappa&size=2");
        var second = await api.Client.GetJsonAsync($"/api/v1/sweeps/{api.Sweep}/hypotheses?sort=-kappa&size=2&page=2");

        double?[] kappas = [.. first["items"]!.AsArray().Concat(second["items"]!.AsArray()).Select(i => (double?)i!["kappa"])];
        Assert.Equal(4, kappas.Length);
        Assert.Equal(kappas.OrderByDescending(k => k ?? double.NegativeInfinity), kappas);
        Assert.Equal(6, (int)second["total"]!);
    }

    [Theory]
    [InlineData("json", "application/json")]
    [InlineData("html", "text/html")]
    [InlineData("md", "text/markdown")]
    [InlineData("csv", "text/csv")]
    public async Task A_report_is_downloaded_once_as_long_as_it_stays_the_same(string format, string type)
    {
        var path = $"/api/v1/sweeps/{api.Sweep}/report?format={format}";
        using var whole = await api.Client.GetAsync(path, TestContext.Current.CancellationToken);
        using var again = await api.Client.SendAsync(ApiCalls.Request("GET", path, null, ("If-None-Match", whole.Headers.ETag!.ToString())), TestContext.Current.CancellationToken);

        Assert.Equal(type, whole.Content.Headers.ContentType!.MediaType);
        Assert.Equal("attachment", whole.Content.Headers.ContentDisposition!.DispositionType);
        Assert.True(whole.Headers.CacheControl is { Private: true, NoCache: true });
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Empty(await again.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_page_of_a_report_may_do_nothing_but_use_its_own_style()
    {
        using var response = await api.Client.GetAsync($"/api/v1/sweeps/{api.Sweep}/report?format=html", TestContext.Current.CancellationToken);
        var page = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));

        var style = policy.Split("style-src ")[1].Split(';')[0];
        Assert.Contains($"style-src {style};", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        Assert.EndsWith("; sandbox", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_spec_is_checked_with_places()
    {
        var sound = await PostAsync("/specs/check", new JsonObject { ["text"] = Carry, ["task"] = "addition", ["model"] = "ioi" });
        var faulty = await PostAsync("/specs/check", new JsonObject { ["text"] = Carry.Replace("chars", "cahrs", StringComparison.Ordinal) });

        Assert.Equal("carry", (string)sound["id"]!);
        Assert.Empty(sound["errors"]!.AsArray());
        Assert.Null(faulty["id"]);
        Assert.Equal(3, (int)faulty["errors"]![0]!["line"]!);
        Assert.Contains("cahrs", (string)faulty["errors"]![0]!["what"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_spec_is_tried_on_texts_with_the_balance_of_its_labels_and_what_it_will_take()
    {
        var tried = await PostAsync("/specs/try", new JsonObject { ["text"] = Carry, ["task"] = "addition", ["count"] = 20 });

        Assert.Equal(20, tried["rows"]!.AsArray().Count);
        Assert.Equal(20, tried["labels"]!.AsArray().Sum(l => (int)l!["count"]!));
        Assert.Empty(tried["warnings"]!.AsArray());
        Assert.Contains("texts of a sweep's bank", (string)tried["cost"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rule: [ chars, { nth: 3 } ]", "same label wherever")]
    [InlineData("rule: [ length ]\napplies: [ length, { ge: 1000 } ]", "undefined on every text")]
    [InlineData("rule: [ lower ]", "restates the text")]
    public async Task What_makes_a_spec_hard_to_test_is_told(string rule, string warning)
    {
        var tried = await PostAsync("/specs/try", new JsonObject { ["text"] = $"schema: inversescope/feature-spec/v1\nid: x\n{rule}\n", ["task"] = "addition" });

        Assert.Contains(tried["warnings"]!.AsArray(), w => ((string)w!).Contains(warning, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_spec_that_asks_a_language_model_is_tried_only_with_one()
    {
        const string Asking = "schema: inversescope/feature-spec/v1\nid: size\nllm: { instruction: Is the sum large?, labels: [large, small] }\n";
        var unasked = await PostAsync("/specs/try", new JsonObject { ["text"] = Asking, ["task"] = "addition" });
        var outside = await api.Client.ProblemAsync(400, ApiCalls.Request("POST", "/api/v1/specs/try", new JsonObject
        {
            ["text"] = Asking,
            ["task"] = "addition",
            ["language_model"] = new JsonObject { ["provider"] = "scripted", ["model"] = "any", ["script"] = "/etc/hostname" },
        }.ToJsonString()));
        var gone = await api.Client.ProblemAsync(503, ApiCalls.Request("POST", "/api/v1/specs/try", new JsonObject
        {
            ["text"] = Asking,
            ["task"] = "addition",
            ["language_model"] = new JsonObject { ["model"] = "any", ["address"] = "http://127.0.0.1:9", ["retries"] = 1 },
        }.ToJsonString()));

        Assert.Empty(unasked["rows"]!.AsArray());
        Assert.Contains("none is named", (string)unasked["warnings"]![0]!, StringComparison.Ordinal);
        Assert.Contains("messages", (string)unasked["cost"]!, StringComparison.Ordinal);
        Assert.Contains("outside the home", (string)outside["detail"]!, StringComparison.Ordinal);
        Assert.Contains("language model", (string)gone["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sweep_may_be_limited_and_compared_and_has_no_report_before_it_wrote_one()
    {
        using var seen = await api.Client.GetAsync($"/api/v1/sweeps/{api.Bare}/limits", TestContext.Current.CancellationToken);
        using var limited = await api.Client.SendAsync(
            ApiCalls.Request(
                "PUT", $"/api/v1/sweeps/{api.Bare}/limits", """{"minutes": 5, "samples": null, "language_model_calls": null, "language_model_tokens": null}""",
                ("If-Match", seen.Headers.ETag!.ToString())),
            TestContext.Current.CancellationToken);

        Assert.Equal(5, (double)(await limited.JsonAsync())["spend"]!["limits"]!["minutes"]!);
        await api.Client.ProblemAsync(409, ApiCalls.Request("GET", $"/api/v1/sweeps/{api.Bare}/report"));
        await api.Client.ProblemAsync(409, ApiCalls.Request("POST", $"/api/v1/sweeps/{api.Bare}/pause"));
        await api.Client.ProblemAsync(409, ApiCalls.Request("POST", $"/api/v1/sweeps/{api.Bare}/stop"));
        Assert.Equal(0, (int)(await api.Client.GetJsonAsync($"/api/v1/sweeps/{api.Bare}/hypotheses"))["total"]!);
    }

    [Theory]
    [InlineData("high")]
    [InlineData("low")]
    [InlineData("normal")]
    public async Task A_sweep_gets_a_priority(string priority)
    {
        using var set = await api.Client.SendAsync(ApiCalls.Request("PUT", $"/api/v1/sweeps/{api.Other}/priority", $$"""{"priority": "{{priority}}"}"""), TestContext.Current.CancellationToken);

        Assert.Equal(priority, (string)(await set.JsonAsync())["priority"]!);
        Assert.Equal(priority, (string)(await api.Client.GetJsonAsync($"/api/v1/sweeps/{api.Other}"))["priority"]!);
    }

    [Theory]
    [InlineData("/api/v1/sweeps/{sweep}/priority", """{"priority": "urgent"}""", 400, "The value at $.priority is none of normal, low, high.")]
    [InlineData("/api/v1/sweeps/{sweep}/priority", "{}", 400, "priority")]
    [InlineData("/api/v1/sweeps/none/priority", """{"priority": "high"}""", 404, "There is no sweep")]
    public async Task There_are_no_other_priorities_and_no_others_sweeps(string path, string body, int status, string says)
    {
        var problem = await api.Client.ProblemAsync(status, ApiCalls.Request("PUT", path.Replace("{sweep}", api.Other, StringComparison.Ordinal), body));

        Assert.Contains(says, (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_is_alone_says_so_and_shows_no_cluster()
    {
        var problem = await api.Client.ProblemAsync(404, ApiCalls.Request("GET", "/api/v1/cluster"));
        using var page = await api.Client.GetAsync("/cluster", TestContext.Current.CancellationToken);
        using var dashboard = await api.Client.GetAsync("/orleans/", TestContext.Current.CancellationToken);
        var sweeps = await api.Client.GetStringAsync("/", TestContext.Current.CancellationToken);

        Assert.Contains("This service is alone", (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.Contains("--cluster", (string)problem["fix"]!, StringComparison.Ordinal);
        // It is a cluster of one, though, whose grains can be looked at.
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.OK), (page.StatusCode, dashboard.StatusCode));
        Assert.DoesNotContain("href=\"/cluster\"", sweeps, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_service_tells_that_it_lives_and_that_it_is_ready()
    {
        using var live = await api.Client.GetAsync("/health/live", TestContext.Current.CancellationToken);
        var ready = await api.Client.GetJsonAsync("/health/ready");

        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal("", await live.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.True((bool)ready["ready"]!);
    }

    private async Task<JsonNode> PostAsync(string path, JsonObject body)
    {
        using var response = await api.Client.PostAsync("/api/v1" + path, ApiCalls.Json(body.ToJsonString()), TestContext.Current.CancellationToken);
        var answer = await response.JsonAsync();
        Assert.True(response.IsSuccessStatusCode, answer.ToJsonString());
        return answer;
    }
}
