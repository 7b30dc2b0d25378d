using System.Net;
using InverseScope.Service.Tests.Api;

namespace InverseScope.Service.Tests.Security;

/// <summary>What a page elsewhere can make a visitor's browser do: nothing.</summary>
[Collection(ApiCollection.Name)]
public sealed class BrowserTests(ApiFixture api)
{
    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site", 403)]
    [InlineData("Sec-Fetch-Site", "same-site", 403)]
    [InlineData("Sec-Fetch-Site", "same-origin", 404)]
    [InlineData("Sec-Fetch-Site", "none", 404)]
    [InlineData("Origin", "http://elsewhere.example", 403)]
    [InlineData("Origin", "null", 403)]
    [InlineData("Origin", "http://127.0.0.1:1", 403)]
    [InlineData("Origin", "{self}", 404)]
    [InlineData("X-Nothing", "1", 404)]
    public async Task A_page_of_another_site_changes_nothing(string header, string value, int status) => await api.Client.ProblemAsync(
        status, ApiCalls.Request("POST", "/api/v1/sweeps/none/stop", null, (header, value.Replace("{self}", $"http://{api.Client.BaseAddress!.Authority}"))));

    [Fact]
    public async Task A_page_of_another_site_begins_no_sweep_by_a_form()
    {
        var request = ApiCalls.Request("POST", "/api/v1/sweeps", null, ("Origin", "http://elsewhere.example"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"));
        request.Content = new StringContent("schema: inversescope/sweep/v1\n", System.Text.Encoding.UTF8, "text/plain");
        var before = (await api.Client.GetJsonAsync("/api/v1/sweeps")).AsArray().Count;

        await api.Client.ProblemAsync(403, request);

        Assert.Equal(before, (await api.Client.GetJsonAsync("/api/v1/sweeps")).AsArray().Count);
    }

    [Theory]
    [InlineData("no-cors", 403)]
    [InlineData("cors", 403)]
    [InlineData("navigate", 200)]
    public async Task A_page_of_another_site_may_link_but_not_read(string mode, int status)
    {
        using var response = await api.Client.SendAsync(
            ApiCalls.Request("GET", "/api/v1/sweeps", null, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", mode)), TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("elsewhere.example", 400)]
    [InlineData("elsewhere.example:80", 400)]
    [InlineData("localhost.elsewhere.example", 400)]
    [InlineData("0.0.0.0", 400)]
    [InlineData("localhost", 200)]
    [InlineData("LOCALHOST:99", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("[::1]:5290", 200)]
    public async Task Only_names_of_the_service_are_answered(string host, int status)
    {
        foreach (var path in new[] { "/api/v1/sweeps", "/", "/health/live" })
        {
            var request = ApiCalls.Request("GET", path);
            request.Headers.Host = host;
            using var response = await api.Client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(status, (int)response.StatusCode);
        }
    }

    [Fact]
    public async Task A_name_that_was_allowed_is_answered()
    {
        await using var service = await ServiceHost.StartAsync(null, options => options with { AllowedHosts = ["lab.example"] });
        var request = ApiCalls.Request("GET", "/api/v1/sweeps");
        request.Headers.Host = "Lab.example";

        Assert.Equal(HttpStatusCode.OK, (await service.Client.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api/v1/sweeps")]
    [InlineData("/api/v1/nothing")]
    [InlineData("/openapi/v1.json")]
    public async Task Every_answer_says_what_a_browser_may_do_with_it(string path)
    {
        using var response = await api.Client.GetAsync(path, TestContext.Current.CancellationToken);

        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
        Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Cross-Origin-Opener-Policy")));
        Assert.True(response.Headers.CacheControl!.NoStore);
        Assert.False(response.Headers.Contains("Server"));
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Who_asks_too_much_is_told_when_to_come_again_and_readers_are_not_held_up_by_writers()
    {
        await using var service = await ServiceHost.StartAsync(null, options => options with { Limits = options.Limits with { WritesPerSecond = 1, ReadsPerSecond = 100 } });
        HttpStatusCode status;
        var writes = 0;
        HttpResponseMessage response;
        do
        {
            response = await service.Client.PostAsync("/api/v1/sweeps/none/stop", null, TestContext.Current.CancellationToken);
            status = response.StatusCode;
        }
        while (status != HttpStatusCode.TooManyRequests && ++writes < 200);

        Assert.InRange(writes, 10, 199);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(HttpStatusCode.OK, (await service.Client.GetAsync("/api/v1/sweeps", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task Two_hundred_readers_at_once_are_served()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => api.Client.GetAsync($"/api/v1/sweeps/{api.Sweep}", TestContext.Current.CancellationToken)));

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
    }
}
