using System.Text;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Sweeps.Hub;
using InverseScope.Testing;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Sweeps.Tests.Hub;

/// <summary>Hubs that refuse, fail, lie or attack. Each pull ends with a clear error, and no model is in the home.</summary>
public sealed class ModelPullFaultTests : IAsyncLifetime
{
    private PulledHome _home = null!;

    private FakeHub Hub => _home.Hub;

    private string StoredShard => FakeHub.StoredAt(_home.Shard);

    public async ValueTask InitializeAsync() => _home = await PulledHome.StartAsync();

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Theory]
    [InlineData("../escape.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../escape")]
    [InlineData("..\\escape")]
    [InlineData("C:/escape")]
    [InlineData("a//b")]
    [InlineData("./config.json")]
    [InlineData("red\u001b[31m")]
    [InlineData("")]
    public async Task A_path_that_leads_out_of_the_repository_is_refused(string path)
    {
        Hub.Files[path] = [];

        var failure = await _home.FailsAsync<OutsideServiceException>();

        Assert.Contains("leads out of the repository", failure.Message);
        Assert.DoesNotContain(failure.Message, char.IsControl);
        Assert.Single(Hub.Requests);
    }

    [Theory]
    [InlineData("../model-00001-of-00002.safetensors", "not a file beside it")]
    [InlineData("/tmp/x.safetensors", "not a file beside it")]
    [InlineData("pytorch_model.bin", "no safetensors file")]
    public async Task An_index_that_names_something_else_than_shards_beside_it_is_refused(string shard, string fault)
    {
        Hub.Files["pytorch_model.bin"] = [];
        ReplaceInIndex(PulledHome.FirstShard, shard);

        Assert.Contains(fault, (await _home.FailsAsync<BadInputException>()).What);
        Assert.DoesNotContain(Hub.Requests, r => r.OfStorage);
    }

    [Fact]
    public async Task A_shard_of_sixteen_that_the_repository_lacks_is_named_before_weights_are_fetched()
    {
        var shards = Enumerable.Range(1, 16).Select(i => $"model-{i:00000}-of-00016.safetensors").ToArray();
        var map = shards.Select((shard, i) => $"\"h.{i}.weight\": \"{shard}\"");
        Hub.Files["model.safetensors.index.json"] = Encoding.UTF8.GetBytes($"{{ \"weight_map\": {{ {string.Join(", ", map)} }} }}");
        foreach (var shard in shards.Where(s => !s.Contains("00007", StringComparison.Ordinal)))
            Hub.Files[shard] = _home.Shard;

        var failure = await _home.FailsAsync<BadInputException>();

        Assert.Contains("names 16 shards, but the repository lacks model-00007-of-00016.safetensors", failure.What);
        Assert.DoesNotContain(Hub.Requests, r => r.OfStorage);
        AssertNothingIsKept();
    }

    [Fact]
    public async Task A_shard_that_is_listed_but_not_there_is_named()
    {
        Hub.Misbehave("HEAD", PulledHome.FirstShard, context => Status(context, 404, "EntryNotFound"));

        var failure = await _home.FailsAsync<OutsideServiceException>();

        Assert.Contains(PulledHome.FirstShard, failure.Message);
        Assert.Contains("404", failure.Message);
    }

    [Fact]
    public async Task A_config_with_a_missing_key_is_named_before_weights_are_fetched()
    {
        Hub.Files["config.json"] = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(Hub.Files["config.json"]).Replace("\"n_head\": 4,", "", StringComparison.Ordinal));

        var failure = await _home.FailsAsync<BadInputException>();

        Assert.Equal("someone/tiny/config.json lacks n_head. Nothing of it is kept.", failure.What);
        Assert.DoesNotContain(Hub.Requests, r => r.OfStorage);
        AssertNothingIsKept();
    }

    [Theory]
    [InlineData("../../blobs/config")] // What the hub sends of a symbolic link.
    [InlineData("<html>log in</html>")]
    [InlineData("")]
    public async Task A_config_that_is_something_else_is_refused(string content)
    {
        Hub.Files["config.json"] = Encoding.UTF8.GetBytes(content);

        Assert.Contains("someone/tiny/config.json is not JSON", (await _home.FailsAsync<BadInputException>()).What);
        AssertNothingIsKept();
    }

    [Fact]
    public async Task Shards_that_are_no_safetensors_are_refused_though_their_hash_is_right()
    {
        Hub.Files[PulledHome.FirstShard] = _home.Shard[..1000];

        var failure = await _home.FailsAsync<BadInputException>();

        Assert.Contains($"someone/tiny/{PulledHome.FirstShard} is not a valid safetensors file", failure.What);
        AssertNothingIsKept();
    }

    [Fact]
    public async Task Shards_that_do_not_hold_what_the_index_says_are_refused()
    {
        ReplaceInIndex("\"weight_map\": {", "\"weight_map\": {\"transformer.h.9.attn.bias\": \"" + PulledHome.FirstShard + "\",");

        Assert.Contains("its shards disagree: 'transformer.h.9.attn.bias'", (await _home.FailsAsync<BadInputException>()).What);
        AssertNothingIsKept();
    }

    [Fact]
    public async Task Weights_too_few_for_the_config_are_refused()
    {
        Hub.Files["config.json"] = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(Hub.Files["config.json"]).Replace("\"n_layer\": 3", "\"n_layer\": 300", StringComparison.Ordinal));

        Assert.Contains("asks for", (await _home.FailsAsync<BadInputException>()).What);
        AssertNothingIsKept();
    }

    [Fact]
    public async Task Pickled_weights_are_not_fetched()
    {
        foreach (var name in Hub.Files.Keys.Where(f => f.Contains("safetensors", StringComparison.Ordinal)).ToArray())
            Hub.Files.Remove(name);
        Hub.Files["pytorch_model.bin"] = "pickle"u8.ToArray();

        var failure = await _home.FailsAsync<BadInputException>();

        Assert.Contains("only pickled weights (pytorch_model.bin)", failure.What);
        Assert.Contains("--revision", failure.Fix);
        Assert.Single(Hub.Requests);
    }

    [Theory]
    [InlineData("config.json", "no config.json")]
    [InlineData("model.safetensors.index.json", "neither model.safetensors nor model.safetensors.index.json is there")]
    public async Task A_repository_without_config_or_weights_is_no_model(string lacking, string message)
    {
        Hub.Files.Remove(lacking);

        Assert.Contains(message, (await _home.FailsAsync<BadInputException>()).What);
    }

    [Theory]
    [InlineData(PulledHome.FirstShard)]
    [InlineData("config.json")]
    public async Task A_content_of_another_hash_is_removed_and_not_used(string name)
    {
        var other = Hub.Files[name].ToArray();
        other[^2] ^= 1;
        Hub.Misbehave("GET", name == "config.json" ? "/config.json" : StoredShard, context => context.Response.Body.WriteAsync(other).AsTask());

        var failure = await _home.FailsAsync<OutsideServiceException>();

        Assert.Contains($"someone/tiny/{name}: what the hub sends is not what it declares ({(name == "config.json" ? "git-blob-sha1" : "sha256")}:", failure.Message);
        Assert.DoesNotContain(Directory.GetFiles(_home.Room), f => f.StartsWith(Path.Combine(_home.Room, name), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_body_without_end_is_left_once_it_is_longer_than_declared()
    {
        Hub.Misbehave("GET", StoredShard, async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(new byte[1 << 16], context.RequestAborted);
        });

        Assert.Contains($"sends more than the {_home.Shard.Length} bytes", (await _home.FailsAsync<OutsideServiceException>()).Message);
        Assert.True(!Directory.Exists(_home.Room) || Directory.GetFiles(_home.Room).Sum(f => new FileInfo(f).Length) < 2 * _home.Shard.Length);
    }

    [Fact]
    public async Task A_packed_body_without_end_is_left_too()
    {
        Hub.Misbehave("GET", "/config.json", async context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            await using var packing = new System.IO.Compression.GZipStream(context.Response.Body, System.IO.Compression.CompressionLevel.Fastest);
            for (var i = 0; i < 1000 && !context.RequestAborted.IsCancellationRequested; i++)
                await packing.WriteAsync(new byte[1 << 16]);
        });

        Assert.Contains("sends more than", (await _home.FailsAsync<OutsideServiceException>()).Message);
    }

    [Fact]
    public async Task A_listing_without_end_is_left()
    {
        Hub.Misbehave("GET", "/revision/main", async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(new byte[1 << 20], context.RequestAborted);
        });

        Assert.Contains("sends more than 33.6 MB", (await _home.FailsAsync<OutsideServiceException>()).Message);
    }

    [Theory]
    [InlineData("9223372036854775807", "which no such file has")]
    [InlineData("99999999999999999999", "its size is told as")]
    [InlineData("17000000000000", "The files to come take 17,000.0 GB")]
    [InlineData("-5", "its size is told as '-5'")]
    [InlineData("many", "its size is told as 'many'")]
    public async Task A_size_that_cannot_be_is_refused(string size, string message)
    {
        Hub.Misbehave("HEAD", PulledHome.FirstShard, async context =>
        {
            await Hub.BehaveAsync(context);
            context.Response.Headers["X-Linked-Size"] = size;
        });

        Assert.Contains(message, (await _home.FailsAsync<OutsideServiceException>()).Message);
        Assert.DoesNotContain(Hub.Requests, r => r.OfStorage);
    }

    [Fact]
    public async Task A_config_larger_than_any_is_refused()
    {
        Hub.Misbehave("HEAD", "/config.json", async context =>
        {
            await Hub.BehaveAsync(context);
            context.Response.ContentLength = 1L << 40;
        });

        Assert.Contains("someone/tiny/config.json is told to have 1,099.5 GB", (await _home.FailsAsync<OutsideServiceException>()).Message);
    }

    [Theory]
    [InlineData("file:///etc/passwd", "to file")]
    [InlineData("ftp://127.0.0.1/x", "to ftp")]
    [InlineData("http://", "to no address")]
    [InlineData(null, "to no address")]
    public async Task A_redirect_that_leads_out_of_the_web_is_not_followed(string? location, string message)
    {
        Hub.Misbehave("GET", PulledHome.FirstShard, context =>
        {
            context.Response.StatusCode = StatusCodes.Status302Found;
            if (location is not null)
                context.Response.Headers.Location = location;
            return Task.CompletedTask;
        });

        Assert.Contains(message, (await _home.FailsAsync<OutsideServiceException>()).Message);
    }

    [Theory]
    [InlineData("https://hub/a", "http://hub/a", false)]
    [InlineData("https://hub/a", "https://elsewhere/b", true)]
    [InlineData("https://hub/a", "//elsewhere/b", true)]
    [InlineData("http://hub/a", "https://hub/a", true)]
    [InlineData("https://hub/a/b", "/c", true)]
    public void Encryption_is_not_given_up_by_a_redirect(string from, string location, bool followed)
    {
        if (followed)
            Assert.Equal(Uri.UriSchemeHttps, HubClient.Redirected(new Uri(from), location).Scheme);
        else
            Assert.Throws<OutsideServiceException>(() => HubClient.Redirected(new Uri(from), location));
    }

    [Fact]
    public async Task Redirects_in_a_circle_are_left()
    {
        Hub.Misbehave("GET", PulledHome.FirstShard, context =>
        {
            context.Response.Redirect(context.Request.Path);
            return Task.CompletedTask;
        });

        Assert.Contains("redirects on and on", (await _home.FailsAsync<OutsideServiceException>()).Message);
        Assert.Equal(11, Hub.Requests.Count(r => r.Method == "GET" && r.Path.EndsWith(PulledHome.FirstShard, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("<!DOCTYPE html><html>log in</html>", "a web page")]
    [InlineData("{\"error\": 1}", "something else")]
    [InlineData("{\"sha\": 1, \"siblings\": 2}", "something else")]
    [InlineData("{\"sha\": \"../../x\", \"siblings\": []}", "names the commit '../../x'")]
    public async Task A_page_instead_of_a_listing_is_told_as_what_it_is(string body, string message)
    {
        Hub.Misbehave("GET", "/revision/main", context => context.Response.WriteAsync(body));

        Assert.Contains(message, (await _home.FailsAsync<OutsideServiceException>()).Message);
    }

    [Theory]
    [InlineData("X-Repo-Commit", "cccccccccccccccccccccccccccccccccccccccc", "it is of commit cccc")]
    [InlineData("X-Repo-Commit", "", "where 0123456789")]
    [InlineData("X-Linked-ETag", "\"d41d8cd98f00b204e9800998ecf8427e\"", "no hash is told")]
    public async Task A_file_without_the_hash_of_this_commit_is_refused(string header, string value, string message)
    {
        Hub.Misbehave("HEAD", PulledHome.FirstShard, async context =>
        {
            await Hub.BehaveAsync(context);
            context.Response.Headers[header] = value;
        });

        Assert.Contains(message, (await _home.FailsAsync<OutsideServiceException>()).Message);
    }

    [Fact]
    public async Task A_redirect_elsewhere_without_a_hash_is_refused()
    {
        Hub.Misbehave("HEAD", PulledHome.FirstShard, context =>
        {
            context.Response.Redirect(new Uri(Hub.Storage, StoredShard).AbsoluteUri);
            return Task.CompletedTask;
        });

        Assert.Contains("without its hash", (await _home.FailsAsync<OutsideServiceException>()).Message);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task A_gated_model_says_how_to_get_access(int status)
    {
        Hub.Misbehave("HEAD", "/config.json", context => Status(context, status, "GatedRepo"));

        var failure = await _home.FailsAsync<BadInputException>(_home.Options with { Token = null });

        Assert.Contains($"/someone/tiny may not be read: the hub answered {status}", failure.What);
        Assert.Contains("accept it on", failure.Fix);
        Assert.Contains("set HF_TOKEN", failure.Fix);
    }

    [Fact]
    public async Task With_a_token_that_does_not_help_its_account_is_the_hint()
    {
        Hub.Misbehave("GET", "/revision/main", context => Status(context, 403, null));

        Assert.Contains("the account of HF_TOKEN", (await _home.FailsAsync<BadInputException>()).Fix);
    }

    [Theory]
    [InlineData(404, null, "There is no model")]
    [InlineData(401, "RepoNotFound", "or it is private")]
    [InlineData(404, "RevisionNotFound", "has no revision 'main'")]
    public async Task An_unknown_repository_or_revision_is_told(int status, string? code, string message)
    {
        Hub.Misbehave("GET", "/revision/main", context => Status(context, status, code));

        Assert.Contains(message, (await _home.FailsAsync<BadInputException>()).What);
        Assert.Single(Hub.Requests);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(504)]
    [InlineData(408)]
    [InlineData(429)]
    public async Task A_hub_that_fails_in_passing_is_asked_again(int status)
    {
        foreach (var (method, path) in new[] { ("GET", "/revision/main"), ("HEAD", "/config.json"), ("GET", StoredShard) })
            Hub.Misbehave(method, path, context => Status(context, status, null), times: 2);

        await _home.PullAsync();

        _home.AssertWhole();
    }

    [Fact]
    public async Task A_hub_that_goes_on_failing_is_given_up()
    {
        Hub.Misbehave("GET", "/revision/main", context => Status(context, 502, null));

        var failure = await _home.FailsAsync<OutsideServiceException>();

        Assert.Contains("answered 502 (BadGateway), and again at each of 5 repetitions", failure.Message);
        Assert.Equal(6, Hub.Requests.Count);
    }

    [Fact]
    public async Task A_hub_that_cannot_be_reached_is_told_with_its_address()
    {
        var address = Hub.Address;
        await Hub.DisposeAsync();

        var failure = await _home.FailsAsync<OutsideServiceException>(new HubOptions { Endpoint = address, RetryDelay = TimeSpan.Zero });

        Assert.Contains($"{address.Authority}/api/models/someone/tiny/revision/main cannot be reached", failure.Message);
    }

    [Fact]
    public async Task A_signature_that_ran_out_is_asked_for_anew()
    {
        Hub.Misbehave("GET", StoredShard, context => Status(context, 403, null), times: 1);

        await _home.PullAsync();

        _home.AssertWhole();
    }

    [Theory]
    [InlineData("30")]
    [InlineData("Sat, 01 Jan 2050 00:00:30 GMT")]
    public async Task What_the_hub_asks_to_wait_is_waited(string wait)
    {
        var waited = new List<TimeSpan>();
        var clock = new TimerClock(new DateTimeOffset(2050, 1, 1, 0, 0, 0, TimeSpan.Zero), due =>
        {
            waited.Add(due);
            return true;
        });
        Hub.Misbehave("GET", "/revision/main", context =>
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            context.Response.Headers.RetryAfter = wait;
            return Task.CompletedTask;
        }, times: 1);

        await _home.PullAsync(options: _home.Options with { Silence = Timeout.InfiniteTimeSpan }, clock: clock);

        _home.AssertWhole();
        Assert.Equal([TimeSpan.FromSeconds(30)], waited);
    }

    [Fact]
    public async Task A_wait_that_is_too_long_ends_it()
    {
        Hub.Misbehave("GET", "/revision/main", context =>
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            context.Response.Headers.RetryAfter = "3600";
            return Task.CompletedTask;
        });

        Assert.Contains("asks to wait 60 minutes", (await _home.FailsAsync<OutsideServiceException>()).Message);
        Assert.Single(Hub.Requests);
    }

    [Fact]
    public async Task Waits_between_repetitions_double_up_to_the_longest()
    {
        var waited = new List<double>();
        var clock = new TimerClock(DateTimeOffset.UnixEpoch, due =>
        {
            waited.Add(due.TotalSeconds);
            return true;
        });
        Hub.Misbehave("GET", "/revision/main", context => Status(context, 503, null));

        await Assert.ThrowsAsync<OutsideServiceException>(() => _home.PullAsync(
            options: new HubOptions { Endpoint = Hub.Address, Silence = Timeout.InfiniteTimeSpan, LongestDelay = TimeSpan.FromSeconds(10) }, clock: clock));

        Assert.Equal([1, 2, 4, 8, 10], waited);
    }

    [Fact]
    public async Task A_hub_that_falls_silent_in_mid_body_is_asked_again()
    {
        var silent = false;
        Hub.Misbehave("GET", StoredShard, async context =>
        {
            context.Response.ContentLength = _home.Shard.Length;
            await context.Response.Body.WriteAsync(_home.Shard.AsMemory(0, 1000));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        }, times: 1);

        // The next wait after the thousand bytes is the one that nothing ends.
        await _home.PullAsync(
            options: _home.Options with { Connections = 1 },
            clock: new TimerClock(DateTimeOffset.UnixEpoch, _ => Interlocked.Exchange(ref silent, false)),
            progress: new Once(() => silent = true));

        _home.AssertWhole();
        Assert.Equal(["", "bytes=1000-"], Hub.Requests.Where(r => r.Path == StoredShard).Select(r => r.Range));
    }

    private static Task Status(HttpContext context, int status, string? code)
    {
        context.Response.StatusCode = status;
        if (code is not null)
            context.Response.Headers["X-Error-Code"] = code;
        return Task.CompletedTask;
    }

    private void ReplaceInIndex(string what, string by) => Hub.Files["model.safetensors.index.json"] = Encoding.UTF8.GetBytes(
        Encoding.UTF8.GetString(Hub.Files["model.safetensors.index.json"]).Replace(what, by, StringComparison.Ordinal));

    private void AssertNothingIsKept() =>
        Assert.Equal(["lock"], Directory.GetFileSystemEntries(_home.Room, "*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)));

    private sealed class Once(Action act) : IProgress<WorkProgress>
    {
        private bool _acted;

        public void Report(WorkProgress value)
        {
            if (value.Stage != "weights" || _acted)
                return;
            _acted = true;
            act();
        }
    }
}
