using System.Net;

namespace InverseScope.Service.Tests.Api;

/// <summary>Two people at the same thing: the second one learns of the first, and nothing is lost.</summary>
[Collection(ApiCollection.Name)]
public sealed class ConcurrentEditTests(ApiFixture api)
{
    [Fact]
    public async Task A_spec_is_made_changed_and_deleted_by_who_saw_its_last_version()
    {
        const string Path = "/api/v1/specs/edited";
        using var made = await SendAsync("PUT", Path, Spec("one"), ("If-None-Match", "*"));
        using var kept = await api.Client.GetAsync(Path, TestContext.Current.CancellationToken);
        using var known = await SendAsync("GET", Path, null, ("If-None-Match", made.Headers.ETag!.ToString()));
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Equal(Path, made.Headers.Location!.ToString());
        Assert.Equal(made.Headers.ETag, kept.Headers.ETag);
        Assert.Equal("one", (string)(await kept.JsonAsync())["text"]!);
        Assert.Equal("specs/edited.yaml", (string)(await made.JsonAsync())["file"]!);
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);

        var first = made.Headers.ETag!.ToString();
        await api.Client.ProblemAsync(412, ApiCalls.Request("PUT", Path, Spec("other"), ("If-None-Match", "*")));
        using var changed = await SendAsync("PUT", Path, Spec("{}"), ("If-Match", first));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal("specs/edited.json", (string)(await changed.JsonAsync())["file"]!);
        await api.Client.ProblemAsync(412, ApiCalls.Request("PUT", Path, Spec("late"), ("If-Match", first)));
        await api.Client.ProblemAsync(412, ApiCalls.Request("DELETE", Path, null, ("If-Match", first)));

        using var deleted = await SendAsync("DELETE", Path, null, ("If-Match", changed.Headers.ETag!.ToString()));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await api.Client.ProblemAsync(404, ApiCalls.Request("GET", Path));
        await api.Client.ProblemAsync(412, ApiCalls.Request("PUT", Path, Spec("back"), ("If-Match", first)));
    }

    [Fact]
    public async Task Of_many_who_make_the_same_spec_one_does()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => SendAsync("PUT", "/api/v1/specs/raced", Spec($"text {i}"), ("If-None-Match", "*"))));

        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Created);
        Assert.Equal(19, answers.Count(a => a.StatusCode == HttpStatusCode.PreconditionFailed));
    }

    [Fact]
    public async Task A_spec_that_came_with_the_program_is_copied_and_not_changed()
    {
        using var shipped = await api.Client.GetAsync("/api/v1/specs/addition.units-pair", TestContext.Current.CancellationToken);
        await api.Client.ProblemAsync(412, ApiCalls.Request("PUT", "/api/v1/specs/addition.units-pair", Spec("mine"), ("If-Match", shipped.Headers.ETag!.ToString())));
        await api.Client.ProblemAsync(404, ApiCalls.Request("DELETE", "/api/v1/specs/addition.units-pair", null, ("If-Match", shipped.Headers.ETag!.ToString())));

        using var copy = await SendAsync("PUT", "/api/v1/specs/addition.units-pair", Spec("mine"), ("If-None-Match", "*"));

        Assert.Equal(HttpStatusCode.Created, copy.StatusCode);
        Assert.Equal("mine", (string)(await api.Client.GetJsonAsync("/api/v1/specs/addition.units-pair"))["text"]!);
    }

    [Fact]
    public async Task A_review_is_added_by_who_saw_the_one_before()
    {
        var path = api.HypothesisPath(0, 2) + "/reviews";
        const string Accept = """{"verdict": "accept", "author": "Ada", "comment": "as told"}""";
        using var none = await api.Client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal("[]", await none.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        await api.Client.ProblemAsync(428, ApiCalls.Request("POST", path, Accept));
        await api.Client.ProblemAsync(412, ApiCalls.Request("POST", path, Accept, ("If-Match", "\"elsewhere\"")));

        using var first = await SendAsync("POST", path, Accept, ("If-Match", none.Headers.ETag!.ToString()));
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        await api.Client.ProblemAsync(412, ApiCalls.Request("POST", path, Accept, ("If-Match", none.Headers.ETag!.ToString())));
        using var second = await SendAsync("POST", path, """{"verdict": "needs_more", "author": "Ben"}""", ("If-Match", first.Headers.ETag!.ToString()));

        var history = await api.Client.GetJsonAsync(path);
        Assert.Equal(["accept", "needs_more"], history.AsArray().Select(r => (string)r!["verdict"]!));
        var row = (await api.Client.GetJsonAsync($"/api/v1/sweeps/{api.Sweep}/hypotheses?site=L0H1%40%3D")).AsObject()["items"]!.AsArray().Single(i => (string?)i!["review"]?["author"] == "Ben");
        Assert.Equal(second.Headers.ETag!.ToString(), $"\"{(long)row!["version"]!}\"");
    }

    [Fact]
    public async Task Limits_are_changed_by_who_saw_the_last_ones()
    {
        var path = $"/api/v1/sweeps/{api.Other}/limits";
        using var seen = await SendAsync("GET", path, null);
        var first = seen.Headers.ETag!.ToString();
        using var known = await SendAsync("GET", path, null, ("If-None-Match", first));
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        await api.Client.ProblemAsync(428, ApiCalls.Request("PUT", path, Limits("7", "1000")));
        await api.Client.ProblemAsync(400, ApiCalls.Request("PUT", path, Limits("-1", "1000"), ("If-Match", first)));

        using var changed = await SendAsync("PUT", path, Limits("7", "1000"), ("If-Match", first));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        var refused = await api.Client.ProblemAsync(412, ApiCalls.Request("PUT", path, Limits("null", "1"), ("If-Match", first)));
        Assert.Contains("limits", (string)refused["detail"]!, StringComparison.Ordinal);
        Assert.Equal(7, (double)(await api.Client.GetJsonAsync(path))["minutes"]!);
        using var cleared = await SendAsync("PUT", path, Limits("null", "null"), ("If-Match", changed.Headers.ETag!.ToString()));
        Assert.Equal(HttpStatusCode.OK, cleared.StatusCode);
        Assert.Equal(first, cleared.Headers.ETag!.ToString());
    }

    [Fact]
    public async Task Of_many_who_change_the_same_limits_one_does()
    {
        var path = $"/api/v1/sweeps/{api.Bare}/limits";
        using var seen = await SendAsync("GET", path, null);

        var answers = await Task.WhenAll(Enumerable.Range(1, 20).Select(i => SendAsync("PUT", path, Limits("null", $"{i}"), ("If-Match", seen.Headers.ETag!.ToString()))));

        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
        Assert.Equal(19, answers.Count(a => a.StatusCode == HttpStatusCode.PreconditionFailed));
    }

    [Theory]
    [InlineData("""{"verdict": "fine", "author": "A"}""")]
    [InlineData("""{"verdict": 0, "author": "A"}""")]
    [InlineData("""{"verdict": "accept", "author": " "}""")]
    [InlineData("""{"verdict": "accept"}""")]
    public async Task A_review_needs_a_verdict_and_a_name(string body) =>
        await api.Client.ProblemAsync(400, ApiCalls.Request("POST", api.HypothesisPath(1, 0) + "/reviews", body, ("If-Match", "\"0\"")));

    [Fact]
    public async Task A_corrected_label_stands_beside_the_first_one()
    {
        using var corrected = await SendAsync(
            "POST", api.HypothesisPath(1, 0) + "/corrections", """{"text": "123+456=579", "label": "5", "author": "Ada", "comment": "tens"}""");
        var samples = await api.Client.GetJsonAsync($"/api/v1/sweeps/{api.Sweep}/sites/L1H2%40%3D/samples?filter=different&hypothesis={api.HypothesisPath(1, 0).Split('/')[^1]}");

        Assert.Equal(HttpStatusCode.Created, corrected.StatusCode);
        var sample = Assert.Single(samples["items"]!.AsArray())!;
        Assert.Equal("<i>", (string)sample["label"]!);
        Assert.Equal("5", (string)sample["correction"]!["label"]!);
        await api.Client.ProblemAsync(400, ApiCalls.Request("POST", api.HypothesisPath(1, 0) + "/corrections", """{"text": "", "label": "5", "author": "Ada"}"""));
    }

    private static string Limits(string minutes, string samples) =>
        $$"""{"minutes": {{minutes}}, "samples": {{samples}}, "language_model_calls": null, "language_model_tokens": null}""";

    private static string Spec(string text) => new System.Text.Json.Nodes.JsonObject { ["text"] = text }.ToJsonString();

    private Task<HttpResponseMessage> SendAsync(string method, string path, string? body, params (string, string)[] headers) =>
        api.Client.SendAsync(ApiCalls.Request(method, path, body, headers), TestContext.Current.CancellationToken);
}
