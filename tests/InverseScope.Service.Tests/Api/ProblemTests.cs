using System.Net;
using System.Net.Sockets;
using System.Text;

namespace InverseScope.Service.Tests.Api;

/// <summary>Whatever is wrong with a request, the answer says what, and nothing of the program's insides.</summary>
[Collection(ApiCollection.Name)]
public sealed class ProblemTests(ApiFixture api)
{
    public static TheoryData<string, string, string?, int> Faulty => new()
    {
        { "GET", "/api", null, 404 },
        { "GET", "/api/v1", null, 404 },
        { "GET", "/api/v2/sweeps", null, 404 },
        { "GET", "/api/v1/nothing", null, 404 },
        { "GET", "/api/v1/models/none", null, 404 },
        { "GET", "/api/v1/tasks/none", null, 404 },
        { "GET", "/api/v1/tasks/none/sample", null, 404 },
        { "GET", "/api/v1/tasks/addition/sample?n=0", null, 400 },
        { "GET", "/api/v1/tasks/addition/sample?n=many", null, 400 },
        { "GET", "/api/v1/tasks/addition/sample?n=99999999999999", null, 400 },
        { "DELETE", "/api/v1/models", null, 405 },
        { "POST", "/api/v1/sweeps/{sweep}", null, 405 },
        { "GET", "/api/v1/specs/none", null, 404 },
        { "PUT", "/api/v1/specs/carry", """{"text": "x"}""", 428 },
        { "DELETE", "/api/v1/specs/addition.units-sum", null, 428 },
        { "POST", "/api/v1/specs/check", "", 400 },
        { "POST", "/api/v1/specs/check", "{", 400 },
        { "POST", "/api/v1/specs/check", "[]", 400 },
        { "POST", "/api/v1/specs/check", "null", 400 },
        { "POST", "/api/v1/specs/check", """{"text": 1}""", 400 },
        { "POST", "/api/v1/specs/check", """{"text": null}""", 400 },
        { "POST", "/api/v1/specs/check", """{}""", 400 },
        { "POST", "/api/v1/specs/check", """{"text": "x", "taks": "addition"}""", 400 },
        { "POST", "/api/v1/specs/check", """{"text": "x", "task": "none"}""", 400 },
        { "POST", "/api/v1/specs/check", """{"text": "x", "task": "/etc/passwd"}""", 400 },
        { "POST", "/api/v1/specs/check", """{"text": "x", "model": "../.."}""", 400 },
        { "POST", "/api/v1/specs/try", """{"text": "x", "task": "none"}""", 400 },
        { "POST", "/api/v1/specs/try", """{"text": "x", "task": "addition", "count": 100000}""", 400 },
        { "POST", "/api/v1/specs/try", """{"text": "x", "task": "addition", "language_model": {"modle": "x"}}""", 400 },
        { "POST", "/api/v1/specs/eval", """{"specs": [], "model": "ioi", "task": "ioi", "sites": ["embed"]}""", 400 },
        { "POST", "/api/v1/specs/eval", """{"specs": ["x"], "model": "ioi", "task": "ioi", "sites": ["embed"]}""", 400 },
        { "POST", "/api/v1/specs/eval", """{"specs": ["x"], "model": "none", "task": "addition", "sites": ["embed"]}""", 400 },
        { "GET", "/api/v1/jobs/none", null, 404 },
        { "DELETE", "/api/v1/jobs/none", null, 404 },
        { "POST", "/api/v1/sample", """{"model": "ioi", "task": "ioi"}""", 400 },
        { "POST", "/api/v1/sample", """{"model": "none", "task": "addition", "site": "L0H0"}""", 400 },
        { "POST", "/api/v1/sample", """{"model": "ioi", "task": "ioi", "site": "L0H0", "n": 0}""", 400 },
        { "POST", "/api/v1/sample", """{"model": "ioi", "task": "ioi", "site": "L0H0", "measurement": {"bank_size": 2000000000}}""", 400 },
        { "POST", "/api/v1/sample", """{"model": "ioi", "task": "ioi", "site": "L0H0", "measurement": {"kernel": "box"}}""", 400 },
        { "POST", "/api/v1/sample", """{"model": "ioi", "task": "ioi", "site": "L0H0", "measurement": {"generator": "../x", "sampler": "generator"}}""", 400 },
        { "POST", "/api/v1/sweeps", "", 400 },
        { "POST", "/api/v1/sweeps", "[: {", 400 },
        { "POST", "/api/v1/sweeps", """{"schema": "inversescope/sweep/v1", "name": "x", "model": "none", "task": "addition", "sites": ["embed"]}""", 400 },
        { "POST", "/api/v1/sweeps", """{"schema": "inversescope/sweep/v1", "name": "x", "model": "/etc", "task": "addition", "sites": ["embed"]}""", 400 },
        { "POST", "/api/v1/sweeps", """{"schema": "inversescope/sweep/v1", "name": "../../x", "model": "ioi", "task": "ioi", "sites": ["embed"]}""", 400 },
        { "POST", "/api/v1/sweeps", """{"schema": "inversescope/sweep/v1", "name": "x", "model": "ioi", "task": "ioi", "sites": ["embed"], "specs": ["/etc/hostname"]}""", 400 },
        { "GET", "/api/v1/sweeps/none", null, 404 },
        { "GET", "/api/v1/sweeps/none/plan", null, 404 },
        { "POST", "/api/v1/sweeps/none/pause", null, 404 },
        { "POST", "/api/v1/sweeps/none/resume", null, 404 },
        { "POST", "/api/v1/sweeps/none/stop", null, 404 },
        { "PUT", "/api/v1/sweeps/none/limits", """{"minutes": 1, "samples": 1, "language_model_calls": 1, "language_model_tokens": 1}""", 404 },
        { "GET", "/api/v1/sweeps/none/limits", null, 404 },
        { "PUT", "/api/v1/sweeps/{sweep}/limits", """{"minutes": 1, "samples": 1, "language_model_calls": 1, "language_model_tokens": 1}""", 428 },
        { "GET", "/api/v1/sweeps/none/events", null, 404 },
        { "GET", "/api/v1/sweeps/none/report", null, 404 },
        { "GET", "/api/v1/sweeps/{sweep}/report?format=pdf", null, 400 },
        { "GET", "/api/v1/sweeps/none/sites", null, 404 },
        { "GET", "/api/v1/sweeps/{sweep}/sites/L9H9", null, 404 },
        { "GET", "/api/v1/sweeps/{sweep}/sites/L9H9/samples", null, 404 },
        { "GET", "/api/v1/sweeps/{sweep}/sites/L0H1%40%3D/samples?hypothesis=none", null, 400 },
        { "GET", "/api/v1/sweeps/{sweep}/sites/L0H1%40%3D/samples?filter=odd", null, 400 },
        { "GET", "/api/v1/sweeps/{sweep}/sites/L0H1%40%3D/samples?size=501", null, 400 },
        { "GET", "/api/v1/sweeps/{sweep}/sites/L0H1%40%3D/samples?page=2147483647", null, 400 },
        { "GET", "/api/v1/sweeps/none/hypotheses", null, 404 },
        { "GET", "/api/v1/sweeps/{sweep}/hypotheses?verdict=good", null, 400 },
        { "GET", "/api/v1/sweeps/{sweep}/hypotheses?sort=colour", null, 400 },
        { "GET", "/api/v1/sweeps/{sweep}/hypotheses?min_kappa=high", null, 400 },
        { "GET", "/api/v1/sweeps/{sweep}/hypotheses/none", null, 404 },
        { "GET", "/api/v1/sweeps/{sweep}/hypotheses/none/reviews", null, 404 },
        { "POST", "/api/v1/sweeps/{sweep}/hypotheses/none/reviews", """{"verdict": "accept", "author": "A"}""", 404 },
        { "POST", "/api/v1/sweeps/{sweep}/hypotheses/none/corrections", """{"text": "x", "label": null, "author": "A"}""", 404 },
        { "GET", "/api/v1/sweeps/none/log", null, 404 },
        { "GET", "/api/v1/sweeps/none/transcripts", null, 404 },
        { "GET", "/api/v1/sweeps/{sweep}/transcripts/999", null, 404 },
        { "GET", "/api/v1/sweeps/{other}/transcripts/1", null, 404 },
        { "GET", "/api/v1/sweeps/{sweep}/transcripts/first", null, 404 },
        { "GET", "/api/v1/reviews?state=odd", null, 400 },
        { "GET", "/api/v1/reviews?sweep=none", null, 404 },
        { "GET", "/api/v1/compare", null, 400 },
        { "GET", "/api/v1/compare?a={sweep}&b=none", null, 404 },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public async Task A_faulty_request_is_told_what_is_wrong(string method, string path, string? body, int status) => await api.Client.ProblemAsync(
        status, ApiCalls.Request(method, path.Replace("{sweep}", api.Sweep).Replace("{other}", api.Other), body));

    public static TheoryData<string> Paths => new(
        "/models/{0}", "/tasks/{0}", "/tasks/{0}/sample", "/specs/{0}", "/jobs/{0}", "/sweeps/{0}", "/sweeps/{0}/plan", "/sweeps/{0}/report", "/sweeps/{0}/events",
        "/sweeps/{0}/sites", "/sweeps/{0}/log", "/sweeps/{0}/transcripts", "/sweeps/{0}/hypotheses", "/sweeps/SWEEP/sites/{0}", "/sweeps/SWEEP/sites/{0}/samples",
        "/sweeps/SWEEP/hypotheses/{0}", "/sweeps/SWEEP/hypotheses/{0}/reviews");

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task No_name_leads_out_of_where_names_are_looked_up(string path)
    {
        string[] names =
        [
            "..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fstore.db", "..%5c..%5cstore.db", "%2fetc%2fpasswd", "a%00b", "%0d%0aX-Header:%20x", "store.db", "%25252e",
            new string('a', 300), new string('a', 3000), "%C3%A9%F0%9F%98%80", "%E2%80%AE", "%ff%fe", "con", "$ne", "'%20or%201=1", "%7B%7D", "..%252f..%252fstore.db",
        ];
        foreach (var name in names)
        {
            var answer = await RawAsync($"/api/v1{string.Format(System.Globalization.CultureInfo.InvariantCulture, path, name).Replace("SWEEP", api.Sweep)}");
            Assert.True(answer.Status is 404 or 400, $"{path} with {name}: {answer.Status} {answer.Text}");
            Assert.DoesNotContain("root:", answer.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("\nX-Header", answer.Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("..%2fx")]
    [InlineData("%2e%2e")]
    [InlineData(".hidden")]
    [InlineData("a%00b")]
    [InlineData("%C3%A9")]
    [InlineData("a%20b")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task A_spec_is_saved_under_no_name_that_could_be_a_path(string name)
    {
        var body = "{\"text\": \"x\"}";
        var answer = await RawAsync($"/api/v1/specs/{name}", "PUT", $"If-None-Match: *\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n", body);

        Assert.True(answer.Status is 400 or 404 or 405, $"{answer.Status} {answer.Text}");
    }

    [Theory]
    [InlineData("/api/v1/specs/check", 1 << 20)]
    [InlineData("/api/v1/sweeps", 1 << 20)]
    [InlineData("/api/v1/sample", 64 << 10)]
    public async Task A_body_is_too_large_beyond_its_limit(string path, int limit)
    {
        var start = """{"text": " """;
        var request = ApiCalls.Request("POST", path, start + new string('a', limit) + "\"}");
        // So that the body is not on its way when the answer comes.
        request.Headers.ExpectContinue = true;

        var problem = await api.Client.ProblemAsync(413, request);

        Assert.Contains("too large", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_spec_is_still_read() => Assert.Equal(
        HttpStatusCode.OK,
        (await api.Client.PostAsync("/api/v1/specs/check", ApiCalls.Json($$"""{"text": "{{new string('a', 100_000)}}"}"""), TestContext.Current.CancellationToken)).StatusCode);

    [Theory]
    [InlineData("/api/v1/specs/check", "text/plain")]
    [InlineData("/api/v1/sample", "application/xml")]
    [InlineData("/api/v1/sweeps", "application/x-www-form-urlencoded")]
    public async Task A_body_of_another_type_is_not_read(string path, string type)
    {
        var request = ApiCalls.Request("POST", path);
        request.Content = new StringContent("{}", Encoding.UTF8, type);

        await api.Client.ProblemAsync(415, request);
    }

    [Theory]
    [InlineData("/api/v1/sweeps", "text/html", 406)]
    [InlineData("/api/v1/sweeps", "application/json;q=0", 406)]
    [InlineData("/api/v1/sweeps", "application/*", 200)]
    [InlineData("/api/v1/sweeps", "text/html, */*;q=0.1", 200)]
    public async Task What_the_client_does_not_accept_is_not_sent(string path, string accept, int status)
    {
        using var response = await api.Client.SendAsync(ApiCalls.Request("GET", path, null, ("Accept", accept)), TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Malformed_JSON_is_told_with_its_place()
    {
        var problem = await api.Client.ProblemAsync(400, ApiCalls.Request("POST", "/api/v1/specs/check", "{\n  \"text\": \"x\",\n  \"taks\": 1\n}"));
        var cut = await api.Client.ProblemAsync(400, ApiCalls.Request("POST", "/api/v1/specs/check", "{\n  \"text\": tru"));

        Assert.Contains("'taks'", (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.Equal(3, (int)problem["line"]!);
        Assert.Equal(2, (int)cut["line"]!);
        Assert.StartsWith("The body is not JSON", (string)cut["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/api/v1/tasks/addition/sample?n=99999999999999", null, "n")]
    [InlineData("PUT", "/api/v1/sweeps/none/limits", "null", "body")]
    [InlineData("POST", "/api/v1/specs/check", "null", "body")]
    public async Task What_cannot_be_read_is_told_in_words_of_the_caller(string method, string path, string? body, string expected)
    {
        var detail = (string)(await api.Client.ProblemAsync(400, ApiCalls.Request(method, path, body)))["detail"]!;

        Assert.Contains(expected, detail, StringComparison.Ordinal);
        Assert.DoesNotContain("parameter", detail, StringComparison.Ordinal);
        Assert.DoesNotContain("Nullable", detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("schema")]
    [InlineData("new")]
    [InlineData("Check")]
    public async Task A_spec_cannot_have_the_name_of_an_address(string name) =>
        await api.Client.ProblemAsync(400, ApiCalls.Request("PUT", $"/api/v1/specs/{name}", """{"text": "x"}""", ("If-None-Match", "*")));

    [Fact]
    public async Task A_plan_of_brackets_alone_does_not_end_the_service()
    {
        var request = ApiCalls.Request("POST", "/api/v1/sweeps");
        request.Content = new StringContent(new string('[', 200_000), Encoding.UTF8, "application/yaml");

        Assert.Contains("deep", (string)(await api.Client.ProblemAsync(400, request))["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_faulty_plan_is_told_with_all_its_places()
    {
        var request = ApiCalls.Request("POST", "/api/v1/sweeps");
        request.Content = new StringContent("schema: inversescope/sweep/v1\nname: x\nmodel: addition\ntask: addition\nsites: [embed]\nepsilon: wide\nsampels: 3\n", Encoding.UTF8, "application/yaml");

        var problem = await api.Client.ProblemAsync(400, request);

        Assert.Contains("epsilon", (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.Contains("sampels", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    // As it is written: clients tidy addresses before they send them.
    private async Task<(int Status, string Text)> RawAsync(string path, string method = "GET", string headers = "", string body = "")
    {
        var address = api.Client.BaseAddress!;
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(address.Host, address.Port, TestContext.Current.CancellationToken);
        await using var stream = tcp.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: {address.Authority}\r\nConnection: close\r\n{headers}\r\n{body}"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        return (int.Parse(text.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), text);
    }
}
