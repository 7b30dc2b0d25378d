using System.Text;
using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Sweeps.Hub;
using InverseScope.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace InverseScope.Sweeps.Tests.Hub;

public sealed class ModelPullTests : IAsyncLifetime
{
    private PulledHome _home = null!;

    private FakeHub Hub => _home.Hub;

    public async ValueTask InitializeAsync() => _home = await PulledHome.StartAsync();

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task A_model_arrives_with_the_files_it_needs_and_no_others()
    {
        foreach (var other in new[] { "README.md", "pytorch_model.bin", "original/consolidated.pth", "tf_model.h5", "model.onnx", "adapter.safetensors" })
            Hub.Files[other] = "other"u8.ToArray();
        Hub.Files["tokenizer_config.json"] = "{}"u8.ToArray();
        Hub.Files["generation_config.json"] = "{}"u8.ToArray();

        var pulled = await _home.PullAsync();

        Assert.Equal(PullOutcome.Pulled, pulled.Outcome);
        _home.AssertWhole();
        Assert.Equal(
            ["config.json", "generation_config.json", PulledHome.FirstShard, "model-00002-of-00002.safetensors", "model.safetensors.index.json", "source.json", "tokenizer_config.json"],
            Directory.GetFiles(_home.Model).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(Hub.Requests, r => r.Path.Contains("README", StringComparison.Ordinal) || r.Path.Contains("pytorch", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_model_of_one_file_arrives()
    {
        await using var home = await PulledHome.StartAsync("gpt2-tiny");

        await home.PullAsync();

        home.AssertWhole();
    }

    [Fact]
    public async Task The_source_with_commit_and_hashes_lies_beside_the_model()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2031, 2, 3, 4, 5, 6, TimeSpan.Zero));

        await _home.PullAsync(clock: clock);

        // Read by later versions: only add fields, or raise the number of the schema.
        var source = JsonNode.Parse(File.ReadAllText(Path.Combine(_home.Model, "source.json")))!.AsObject();
        Assert.Equal(["schema", "repository", "endpoint", "revision", "commit", "pulled", "files"], source.Select(f => f.Key));
        Assert.Equal("inversescope/model-source/v1", (string?)source["schema"]);
        Assert.Equal(FakeHub.Repository, (string?)source["repository"]);
        Assert.Equal("main", (string?)source["revision"]);
        Assert.Equal(Hub.Commit, (string?)source["commit"]);
        Assert.Equal("2031-02-03T04:05:06+00:00", (string?)source["pulled"]);
        var files = source["files"]!.AsArray().ToDictionary(f => (string)f!["name"]!, f => (string)f!["hash"]!);
        Assert.Equal($"git-blob-sha1:{FakeHub.GitSha1(Hub.Files["config.json"])}", files["config.json"]);
        Assert.Equal($"sha256:{FakeHub.Sha256(_home.Shard)}", files[PulledHome.FirstShard]);
    }

    [Fact]
    public async Task A_second_pull_does_nothing_and_says_so()
    {
        await _home.PullAsync();
        var asked = Hub.Requests.Count;

        var again = await _home.PullAsync();

        Assert.Equal(PullOutcome.Kept, again.Outcome);
        Assert.Equal(asked + 1, Hub.Requests.Count);
        _home.AssertWhole();
    }

    [Fact]
    public async Task A_commit_that_the_hub_has_since_is_told_and_the_model_stays()
    {
        var first = await _home.PullAsync();
        Hub.Commit = new string('b', 40);

        var again = await _home.PullAsync();

        Assert.Equal(PullOutcome.Outdated, again.Outcome);
        Assert.Equal(Hub.Commit, again.Upstream);
        Assert.Equal(first.Source.Commit, again.Source.Commit);
    }

    [Fact]
    public async Task A_commit_that_the_hub_has_since_replaces_the_model_where_it_may()
    {
        await _home.PullAsync();
        Hub.Commit = new string('b', 40);
        Hub.Files["generation_config.json"] = "{}"u8.ToArray();

        var again = await _home.PullAsync(replace: true);

        Assert.Equal(PullOutcome.Pulled, again.Outcome);
        Assert.Equal(Hub.Commit, ModelSource.TryRead(_home.Model)!.Commit);
        Assert.True(File.Exists(Path.Combine(_home.Model, "generation_config.json")));
        _home.AssertWhole();
    }

    [Fact]
    public async Task Another_revision_under_the_same_name_is_refused_and_fetched_under_another()
    {
        await _home.PullAsync();
        Hub.Commit = new string('b', 40);

        var refused = await Assert.ThrowsAsync<BadInputException>(() => _home.PullAsync(revision: "refs/pr/1"));
        var other = await _home.PullAsync(revision: "refs/pr/1", name: "tiny-pr");

        Assert.Contains("'refs/pr/1' is bbbb", refused.What);
        Assert.Equal("refs/pr/1", other.Source.Revision);
        Assert.Equal(["tiny", "tiny-pr"], _home.Listed);
        Assert.Contains(Hub.Requests, r => r.Target.EndsWith("/revision/refs%2Fpr%2F1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_model_is_named_and_fetched_anew_where_it_may_be()
    {
        await _home.PullAsync();
        File.WriteAllText(Path.Combine(_home.Model, PulledHome.FirstShard), "cut");

        var refused = await Assert.ThrowsAsync<BadInputException>(() => _home.PullAsync());
        await _home.PullAsync(replace: true);

        Assert.Contains($"damaged: missing or of another size are {PulledHome.FirstShard}", refused.What);
        _home.AssertWhole();
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused_before_anything_is_fetched()
    {
        Directory.CreateDirectory(_home.Model);
        File.WriteAllText(Path.Combine(_home.Model, "config.json"), "{}");
        Directory.CreateDirectory(Path.Combine(_home.Models, "unfinished"));

        Assert.Contains("There is a model 'tiny' already", (await Assert.ThrowsAsync<BadInputException>(() => _home.PullAsync())).What);
        Assert.Contains("no complete model", (await Assert.ThrowsAsync<BadInputException>(() => _home.PullAsync(name: "unfinished", replace: true))).What);
        Assert.Contains("came with the program", (await Assert.ThrowsAsync<BadInputException>(() => _home.PullAsync(name: "ioi", replace: true))).Fix);
        Assert.Empty(Hub.Requests);
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_alone_and_into_no_file()
    {
        await _home.PullAsync();

        Assert.Contains(Hub.Requests, r => r.OfStorage);
        Assert.All(Hub.Requests, r => Assert.Equal(r.OfStorage ? "" : $"Bearer {PulledHome.Token}", r.Authorization));
        foreach (var file in Directory.GetFiles(_home.Models, "*", SearchOption.AllDirectories))
            Assert.DoesNotContain(PulledHome.Token, File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Relative_redirects_within_the_hub_are_followed_with_the_token()
    {
        foreach (var (method, path) in new[] { ("GET", "/revision/main"), ("HEAD", "/resolve/" + Hub.Commit + "/config.json"), ("GET", "/resolve/" + Hub.Commit + "/config.json") })
        {
            Hub.Misbehave(method, path, context =>
            {
                context.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
                context.Response.Headers.Location = context.Request.Path + "?again";
                return Task.CompletedTask;
            }, times: 1);
        }

        await _home.PullAsync();

        _home.AssertWhole();
        Assert.All(Hub.Requests.Where(r => r.Target.EndsWith("?again", StringComparison.Ordinal)), r => Assert.NotEqual("", r.Authorization));
        Assert.Equal(3, Hub.Requests.Count(r => r.Target.EndsWith("?again", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Progress_tells_the_bytes_of_the_weights()
    {
        var told = new Told();

        await _home.PullAsync(progress: told);

        var weights = told.All.Where(p => p.Stage == "weights").ToArray();
        Assert.All(weights, p => Assert.Equal(377, p.Total));
        Assert.Equal(377, weights.Max(p => p.Done));
        Assert.Equal("kB", weights[0].Unit);
    }

    [Fact]
    public async Task Offline_a_model_of_the_home_is_found_without_a_request()
    {
        await _home.PullAsync();
        var asked = Hub.Requests.Count;

        var offline = _home.Options with { Offline = true };
        var found = await _home.PullAsync(options: offline);
        await _home.PullAsync(options: offline, revision: Hub.Commit[..10]);
        var other = await Assert.ThrowsAsync<BadInputException>(() => _home.PullAsync(options: offline, revision: "v2"));
        File.Delete(Path.Combine(_home.Model, "config.json"));
        File.WriteAllText(Path.Combine(_home.Model, "config.json"), "");
        var damaged = await Assert.ThrowsAsync<BadInputException>(() => _home.PullAsync(options: offline));

        Assert.Equal(PullOutcome.Kept, found.Outcome);
        Assert.Null(found.Upstream);
        Assert.Contains("revision 'v2' is missing", other.What);
        Assert.Contains("config.json", damaged.What);
        Assert.Equal(asked, Hub.Requests.Count);
    }

    [Fact]
    public async Task Offline_it_is_said_that_a_model_is_missing_and_how_much_of_it_arrived()
    {
        var offline = _home.Options with { Offline = true };

        var nothing = await Assert.ThrowsAsync<BadInputException>(() => _home.PullAsync(options: offline));
        _home.Arrived(PulledHome.FirstShard, new byte[2000]);
        var some = await Assert.ThrowsAsync<BadInputException>(() => _home.PullAsync(options: offline));

        Assert.Contains("Model 'tiny' is not in this home", nothing.What);
        Assert.DoesNotContain("arrived", nothing.What);
        Assert.Contains("2.0 kB have arrived; the rest is missing", some.What);
        Assert.Empty(Hub.Requests);
    }

    [Fact]
    public async Task Two_pulls_of_one_model_do_not_meet()
    {
        Directory.CreateDirectory(_home.Room);
        using var other = new FileStream(Path.Combine(_home.Room, "lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        var refused = await _home.FailsAsync<BadInputException>();

        Assert.Contains("Another process is pulling", refused.What);
    }

    [Fact]
    public async Task Packed_bodies_are_unpacked()
    {
        Hub.Misbehave("GET", "/revision/main", context => Packed(context, Encoding.UTF8.GetBytes(
            $$"""{"sha":"{{Hub.Commit}}","siblings":[{{string.Join(',', Hub.Files.Keys.Select(f => $$"""{"rfilename":"{{f}}"}"""))}}]}""")));
        Hub.Misbehave("GET", "/config.json", context => Packed(context, Hub.Files["config.json"]));
        Hub.Misbehave("GET", FakeHub.StoredAt(_home.Shard), context => Packed(context, _home.Shard));

        await _home.PullAsync();

        _home.AssertWhole();
    }

    private static async Task Packed(HttpContext context, byte[] content)
    {
        context.Response.Headers.ContentEncoding = "gzip";
        await using var packing = new System.IO.Compression.GZipStream(context.Response.Body, System.IO.Compression.CompressionLevel.Fastest);
        await packing.WriteAsync(content);
    }

    private sealed class Told : IProgress<WorkProgress>
    {
        public System.Collections.Concurrent.ConcurrentQueue<WorkProgress> All { get; } = new();

        public void Report(WorkProgress value) => All.Enqueue(value);
    }
}
