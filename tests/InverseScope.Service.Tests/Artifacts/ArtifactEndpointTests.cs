using System.Net;
using InverseScope.Core.Tasks;
using InverseScope.Service.Tests.Api;
using InverseScope.Torch.Models;

namespace InverseScope.Service.Tests.Artifacts;

/// <summary>What the service gives to whoever has its key.</summary>
[Collection(ArtifactCollection.Name)]
public sealed class ArtifactEndpointTests(ArtifactService service) : IAsyncLifetime
{
    private ArtifactHome _home = null!;

    private string Model => $"/api/v1/artifacts/models/{_home.Hash}";

    public async ValueTask InitializeAsync() => _home = await ArtifactHome.StartAsync(service);

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task The_files_of_a_model_are_those_that_its_hash_is_of()
    {
        var manifest = await _home.Client.GetJsonAsync(Model);

        Assert.Equal(("models", _home.Name, _home.Hash), ((string)manifest["kind"]!, (string)manifest["name"]!, (string)manifest["hash"]!));
        Assert.Equal(
            TargetContent.Files(_home.ServedModel).Select(f => (Path.GetFileName(f), new FileInfo(f).Length, FakeHub.Sha256(File.ReadAllBytes(f)))),
            manifest["files"]!.AsArray().Select(f => ((string)f!["path"]!, (long)f["size"]!, (string)f["sha256"]!)));
    }

    [Fact]
    public async Task A_file_comes_whole_or_from_a_byte_on_under_a_tag_that_is_its_hash()
    {
        var path = $"{Model}/files/{ArtifactHome.Shard}";
        var bytes = await File.ReadAllBytesAsync(Path.Combine(_home.ServedModel, ArtifactHome.Shard), TestContext.Current.CancellationToken);
        var tag = $"\"{FakeHub.Sha256(bytes)}\"";

        var (whole, sent) = await SendAsync(path);
        var (rest, part) = await SendAsync(path, ("Range", "bytes=1000-"), ("If-Range", tag));
        var (changed, all) = await SendAsync(path, ("Range", "bytes=1000-"), ("If-Range", "\"other\""));
        var (known, none) = await SendAsync(path, ("If-None-Match", tag));
        var (beyond, _) = await SendAsync(path, ("Range", $"bytes={bytes.Length}-"));

        Assert.Equal((HttpStatusCode.OK, tag, false), (whole.StatusCode, whole.Headers.ETag!.Tag, whole.Headers.ETag.IsWeak));
        Assert.Equal(bytes, sent);
        Assert.Equal((HttpStatusCode.PartialContent, $"bytes 1000-{bytes.Length - 1}/{bytes.Length}"), (rest.StatusCode, rest.Content.Headers.ContentRange!.ToString()));
        Assert.Equal(bytes[1000..], part);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal(bytes, all);
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        Assert.Empty(none);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
    }

    [Theory]
    [InlineData("golden.json")]
    [InlineData("")]
    [InlineData("..%2Fconfig.json")]
    [InlineData("..%2f..%2f..%2fstore.db")]
    [InlineData("%2e%2e/%2e%2e/store.db")]
    [InlineData("%2Fetc%2Fpasswd")]
    [InlineData("/etc/passwd")]
    [InlineData("..\\store.db")]
    [InlineData("config.json/")]
    [InlineData("CONFIG.JSON")]
    [InlineData("config.json%00")]
    public async Task No_path_leads_to_another_file(string path)
    {
        using var response = await _home.Client.GetAsync($"{Model}/files/{path}", TestContext.Current.CancellationToken);

        Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{response.StatusCode}");
    }

    [Theory]
    [InlineData("models", "0")]
    [InlineData("models", "..%2Ftiny-1")]
    [InlineData("generators", null)]
    [InlineData("tasks", null)]
    [InlineData("banks", null)]
    [InlineData("Models", null)]
    public async Task What_is_not_there_is_a_problem_that_tells_so(string kind, string? hash) =>
        await _home.Client.ProblemAsync(404, ApiCalls.Request("GET", $"/api/v1/artifacts/{kind}/{hash ?? _home.Hash}"));

    [Fact]
    public async Task A_task_that_is_built_in_has_no_file() =>
        await _home.Client.ProblemAsync(404, ApiCalls.Request("GET", $"/api/v1/artifacts/tasks/{new AdditionTask().Fingerprint}"));

    [Fact]
    public async Task A_model_that_is_copied_in_or_changed_while_the_service_runs_is_known_by_what_it_is_now()
    {
        await _home.Client.GetJsonAsync(Model);
        var config = Path.Combine(_home.ServedModel, "config.json");
        await File.AppendAllTextAsync(config, "\n", TestContext.Current.CancellationToken);

        await _home.Client.ProblemAsync(404, ApiCalls.Request("GET", Model));
        await _home.Client.GetJsonAsync($"/api/v1/artifacts/models/{TargetContent.Hash(_home.ServedModel)}");
    }

    private async Task<(HttpResponseMessage Response, byte[] Body)> SendAsync(string path, params (string Name, string Value)[] headers)
    {
        var response = await _home.Client.SendAsync(ApiCalls.Request("GET", path, null, headers), TestContext.Current.CancellationToken);
        return (response, await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }
}
