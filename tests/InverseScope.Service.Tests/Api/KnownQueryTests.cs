using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Tests.Api;

/// <summary>A misspelt filter is told, and does not let everything through.</summary>
[Collection(ApiCollection.Name)]
public sealed class KnownQueryTests(ApiFixture api)
{
    [Fact]
    public async Task Every_address_that_is_read_refuses_a_parameter_that_it_does_not_know()
    {
        string[] paths =
        [
            .. api.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
                .Where(e => e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("GET") == true && e.RoutePattern.RawText!.StartsWith("/api/v1", StringComparison.Ordinal))
                .Select(e => string.Join('/', e.RoutePattern.PathSegments.Select(s => s.Parts[0] is Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart text ? text.Content : "1"))),
        ];
        Assert.True(paths.Length > 20);
        foreach (var path in paths)
        {
            // Those that are needed come first.
            var problem = await api.Client.ProblemAsync(400, ApiCalls.Request("GET", $"/{path}?a=1&b=1&colour=red"));
            Assert.Matches("parameter '(a|b|colour)'", (string)problem["detail"]!);
            Assert.NotEmpty((string)problem["fix"]!);
        }
    }

    [Theory]
    [InlineData("/sweeps/{sweep}/sites/L0H1%40%3D/samples?fliter=matches", "Did you mean 'filter'?", "Known: hypothesis, filter, reference, swapped, page, size.")]
    [InlineData("/sweeps/{sweep}/hypotheses?verdict=confirmed&kapa=0.5", "parameter 'kapa'", "Known: verdict, site, kind, author, min_kappa, text, sort, page, size.")]
    [InlineData("/reviews?State=all&id=1", "parameter 'id'", "Known: sweep, state, verdict, page, size.")]
    [InlineData("/sweeps?status=running", "parameter 'status'", "This address takes none.")]
    [InlineData("/sweeps/{sweep}?=x", "parameter ''", "This address takes none.")]
    public async Task It_is_told_with_those_that_there_are(string path, string what, string fix)
    {
        var problem = await api.Client.ProblemAsync(400, ApiCalls.Request("GET", "/api/v1" + path.Replace("{sweep}", api.Sweep)));

        Assert.Contains(what, (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.Equal(fix, (string)problem["fix"]!);
    }

    [Theory]
    [InlineData("/reviews?STATE=all")]
    [InlineData("/sweeps/{sweep}/hypotheses?min_kappa=0.5&Sort=-kappa")]
    [InlineData("/compare?a={sweep}&b={sweep}")]
    [InlineData("/tasks/addition?seed=3")]
    public async Task Those_that_there_are_are_taken_in_any_case(string path) =>
        await api.Client.GetJsonAsync("/api/v1" + path.Replace("{sweep}", api.Sweep));
}
