using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Tests.Api;

[Collection(ApiCollection.Name)]
public sealed class OpenApiTests(ApiFixture api)
{
    [Fact]
    public async Task Every_route_of_the_API_is_in_the_document_with_its_answers()
    {
        var document = await api.Client.GetJsonAsync("/openapi/v1.json");
        Assert.StartsWith("3.1", (string)document["openapi"]!, StringComparison.Ordinal);
        Assert.NotNull(document["components"]!["securitySchemes"]!["bearer"]);
        var routes = api.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal)).ToArray();
        Assert.True(routes.Length >= 35, $"{routes.Length} routes");
        foreach (var route in routes)
        {
            var path = route.RoutePattern.RawText!.Replace(":long", "", StringComparison.Ordinal).Replace("**", "", StringComparison.Ordinal).TrimEnd('/');
            foreach (var method in route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods)
            {
                var operation = document["paths"]![path]?[method.ToLowerInvariant()];
                Assert.True(operation is not null, $"{method} {path} is not in the document.");
                Assert.False(string.IsNullOrEmpty((string?)operation["summary"]), $"{method} {path} has no summary.");
                Assert.False(string.IsNullOrEmpty((string?)operation["operationId"]), $"{method} {path} has no name.");
                var answers = operation["responses"]!.AsObject();
                Assert.Contains(answers, a => a.Key.StartsWith('2'));
                foreach (var status in Expected(operation, path))
                    Assert.True(answers[status]?["content"]?["application/problem+json"] is not null, $"{method} {path} does not tell of {status}.");
                foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
                    Assert.False(string.IsNullOrEmpty((string?)parameter!["description"]), $"{method} {path}: {parameter["name"]} is not described.");
            }
        }
    }

    private static IEnumerable<string> Expected(JsonNode operation, string path)
    {
        string[] always = ["400", "401", "403", "406", "429", "500"];
        string[] found = path.Contains('{', StringComparison.Ordinal) && operation["operationId"]!.ToString() != "SaveSpec" ? ["404"] : [];
        string[] read = operation["requestBody"] is null ? [] : ["413", "415"];
        return [.. always, .. found, .. read];
    }
}
