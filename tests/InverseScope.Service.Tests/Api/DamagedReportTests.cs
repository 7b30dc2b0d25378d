using System.Text;
using InverseScope.Service.Desk;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Tests.Api;

public sealed class DamagedReportTests
{
    [Fact]
    public async Task One_damaged_report_hides_only_its_own_hypotheses_and_is_told_with_its_cure()
    {
        await using var api = new ApiFixture();
        await api.InitializeAsync();
        var home = api.Host.Services.GetRequiredService<Workspace>().Home;
        var file = Path.Combine(home.Sweep(api.Other), "report.json");
        await File.WriteAllTextAsync(file, "{", TestContext.Current.CancellationToken);

        var queue = await api.Client.GetJsonAsync("/api/v1/reviews?state=all&size=500");
        Assert.Equal(api.Report.Sites.Sum(s => s.Hypotheses.Count), (int)queue["total"]!);
        foreach (var path in new[] { $"/sweeps/{api.Other}/report", $"/sweeps/{api.Other}/hypotheses", $"/reviews?sweep={api.Other}" })
        {
            var problem = await api.Client.ProblemAsync(500, ApiCalls.Request("GET", "/api/v1" + path));
            Assert.Contains(api.Other, problem["detail"]!.ToString(), StringComparison.Ordinal);
            Assert.Contains("anew", problem["fix"]!.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_report_is_exported_with_what_people_said_of_it_and_so_are_reviews_alone()
    {
        await using var api = new ApiFixture();
        await api.InitializeAsync();
        var before = await api.Client.GetAsync(new Uri($"/api/v1/sweeps/{api.Sweep}/report?format=md", UriKind.Relative), TestContext.Current.CancellationToken);
        using var empty = await api.Client.GetAsync(new Uri(api.HypothesisPath(0, 0) + "/second", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.NoContent, empty.StatusCode);
        using var added = await api.Client.SendAsync(
            ApiCalls.Request("POST", api.HypothesisPath(0, 0) + "/reviews", """{"verdict":"reject","author":"Ada Byron","comment":"no"}""", ("If-Match", "\"0\"")), TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.Created, added.StatusCode);

        using var after = await api.Client.GetAsync(new Uri($"/api/v1/sweeps/{api.Sweep}/report?format=md", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.NotEqual(before.Headers.ETag, after.Headers.ETag);
        Assert.Contains("Ada Byron", await after.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("Ada Byron", (await api.Client.GetJsonAsync($"/api/v1/sweeps/{api.Sweep}/reviews/export"))["reviews"]![0]!["author"]!.ToString());
        Assert.Contains("Ada Byron", await api.Client.GetStringAsync(new Uri($"/api/v1/sweeps/{api.Sweep}/reviews/export?format=csv", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        before.Dispose();
    }

    [Fact]
    public async Task Specs_that_would_never_end_are_told_within_seconds()
    {
        await using var api = new ApiFixture();
        await api.InitializeAsync();
        const string Head = "schema: inversescope/feature-spec/v1\nid: s\n";
        var bomb = new StringBuilder("a0: &a0 [x]\n");
        for (var i = 1; i < 30; i++)
            bomb.Append(System.Globalization.CultureInfo.InvariantCulture, $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n");
        var loop = Head + "script:\n  source: |\n    function label(x) { while (true) {} }\n  max_failures: 1\n";
        var began = TimeProvider.System.GetTimestamp();
        foreach (var spec in new[] { bomb.ToString(), loop + "tests:\n  - { text: a, label: b }\n" })
        {
            using var answer = await api.Client.SendAsync(
                ApiCalls.Request("POST", "/api/v1/specs/check", System.Text.Json.JsonSerializer.Serialize(new { text = spec })), TestContext.Current.CancellationToken);
            Assert.Contains("\"errors\":[{", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        // A slow machine comes to the end of the time before that of the texts.
        using var tried = await api.Client.SendAsync(
            ApiCalls.Request("POST", "/api/v1/specs/try", System.Text.Json.JsonSerializer.Serialize(new { text = loop, task = "addition", count = 1000 })), TestContext.Current.CancellationToken);
        Assert.Matches("statements|takes longer than", await tried.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(30));
    }
}
