using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Testing;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Sweeps.Tests.Hub;

/// <summary>What becomes of a download that was broken off.</summary>
public sealed class ModelPullResumeTests : IAsyncLifetime
{
    private const int Half = 100_000;

    private PulledHome _home = null!;

    private FakeHub Hub => _home.Hub;

    private byte[] Shard => _home.Shard;

    private string StoredShard => FakeHub.StoredAt(Shard);

    public async ValueTask InitializeAsync() => _home = await PulledHome.StartAsync();

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task Stopped_it_keeps_what_came_out_of_sight_and_goes_on_from_there()
    {
        using var stop = new CancellationTokenSource();
        Hub.Misbehave("GET", StoredShard, async context =>
        {
            context.Response.ContentLength = Shard.Length;
            context.Response.Headers.ETag = "\"of-storage\"";
            await context.Response.Body.WriteAsync(Shard.AsMemory(0, Half));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        }, times: 1);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _home.PullAsync(options: _home.Options with { Connections = 1 }, progress: new StopAt(stop, Half / 1000), cancel: stop.Token));
        Assert.Empty(_home.Listed);
        Assert.Equal(Half, new FileInfo(_home.PartialOf(PulledHome.FirstShard)).Length);
        await _home.PullAsync();

        _home.AssertWhole();
        Assert.Equal($"bytes={Half}-", Last().Range);
        Assert.Equal("\"of-storage\"", Last().IfRange);
    }

    [Fact]
    public async Task What_arrived_is_gone_on_with_if_the_storage_still_has_the_same()
    {
        _home.Arrived(PulledHome.FirstShard, Shard[..Half], $"\"s3-{FakeHub.GitSha1(Shard)[..32]}\"");

        await _home.PullAsync();

        _home.AssertWhole();
        var only = Assert.Single(Hub.Requests, r => r.Path == StoredShard);
        Assert.Equal($"bytes={Half}-", only.Range);
    }

    [Fact]
    public async Task A_file_that_arrived_whole_is_verified_and_not_fetched_again()
    {
        _home.Arrived(PulledHome.FirstShard, Shard);
        Directory.CreateDirectory(Path.Combine(_home.Room, "model"));
        File.WriteAllBytes(Path.Combine(_home.Room, "model", "model-00002-of-00002.safetensors"), Hub.Files["model-00002-of-00002.safetensors"]);

        await _home.PullAsync();

        _home.AssertWhole();
        Assert.DoesNotContain(Hub.Requests, r => r.OfStorage);
    }

    [Theory]
    [InlineData(Half)]
    [InlineData(-1)]
    public async Task What_arrived_damaged_is_fetched_again_from_the_start(int length)
    {
        var damaged = Shard[..(length < 0 ? Shard.Length : length)];
        damaged[7] ^= 1;
        _home.Arrived(PulledHome.FirstShard, damaged);

        await _home.PullAsync();

        _home.AssertWhole();
        Assert.Equal("", Last().Range);
    }

    [Fact]
    public async Task What_arrived_longer_than_it_should_be_is_fetched_again()
    {
        _home.Arrived(PulledHome.FirstShard, [.. Shard, 0]);

        await _home.PullAsync();

        _home.AssertWhole();
    }

    [Fact]
    public async Task Where_the_storage_has_changed_its_tag_it_starts_again()
    {
        _home.Arrived(PulledHome.FirstShard, Shard[..Half], "\"an-earlier-one\"");

        await _home.PullAsync();

        _home.AssertWhole();
        var only = Assert.Single(Hub.Requests, r => r.Path == StoredShard);
        Assert.Equal("\"an-earlier-one\"", only.IfRange);
    }

    [Fact]
    public async Task Where_the_file_has_changed_on_the_hub_nothing_of_the_earlier_one_is_used_or_kept()
    {
        _home.Arrived(PulledHome.FirstShard, Shard[..Half]);
        var earlier = _home.PartialOf(PulledHome.FirstShard);
        var changed = Shard.ToArray();
        changed[^1] ^= 1;
        Hub.Files[PulledHome.FirstShard] = changed;

        await _home.PullAsync();

        _home.AssertWhole();
        Assert.False(File.Exists(earlier));
        Assert.All(Hub.Requests, r => Assert.Equal("", r.Range));
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_is_read_from_the_start()
    {
        _home.Arrived(PulledHome.FirstShard, Shard[..Half]);
        Hub.Misbehave("GET", StoredShard, context => context.Response.Body.WriteAsync(Shard).AsTask());

        await _home.PullAsync();

        _home.AssertWhole();
    }

    [Fact]
    public async Task A_range_that_is_refused_starts_again()
    {
        _home.Arrived(PulledHome.FirstShard, Shard[..Half]);
        Hub.Misbehave("GET", StoredShard, context =>
        {
            context.Response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            return Task.CompletedTask;
        }, times: 1);

        await _home.PullAsync();

        _home.AssertWhole();
        Assert.Equal("", Last().Range);
    }

    [Theory]
    [InlineData("bytes 5-10/276576")]
    [InlineData("bytes 100000-276575/999999")]
    [InlineData("")]
    public async Task Another_range_than_was_asked_for_is_not_taken(string range)
    {
        _home.Arrived(PulledHome.FirstShard, Shard[..Half]);
        Hub.Misbehave("GET", StoredShard, async context =>
        {
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = range;
            await context.Response.Body.WriteAsync(new byte[500]);
        }, times: 1);

        await _home.PullAsync();

        _home.AssertWhole();
    }

    [Fact]
    public async Task A_packed_range_is_not_taken()
    {
        _home.Arrived(PulledHome.FirstShard, Shard[..Half]);
        Hub.Misbehave("GET", StoredShard, async context =>
        {
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = $"bytes {Half}-{Shard.Length - 1}/{Shard.Length}";
            context.Response.Headers.ContentEncoding = "gzip";
            await context.Response.Body.WriteAsync(Shard.AsMemory(Half));
        }, times: 1);

        await _home.PullAsync();

        _home.AssertWhole();
    }

    [Fact]
    public async Task A_connection_that_breaks_in_mid_body_is_gone_on_with_in_the_same_run()
    {
        Hub.Misbehave("GET", StoredShard, context => FakeHub.SendHalfAndBreakAsync(context, Shard, Half), times: 1);

        await _home.PullAsync();

        _home.AssertWhole();
        Assert.Equal(2, Hub.Requests.Count(r => r.Path == StoredShard));
    }

    [Fact]
    public async Task Connections_that_break_on_and_on_end_it_and_keep_what_came_out_of_sight()
    {
        Hub.Misbehave("GET", StoredShard, context => FakeHub.SendHalfAndBreakAsync(context, Shard, Half));

        var failure = await _home.FailsAsync<OutsideServiceException>();

        Assert.Contains("broke off", failure.Message);
        Assert.Contains("5 repetitions", failure.Message);
        Assert.Equal(6, Hub.Requests.Count(r => r.Path == StoredShard));
        Assert.True(Directory.Exists(_home.Room));
    }

    [Fact]
    public async Task A_body_that_ends_early_is_gone_on_with()
    {
        Hub.Misbehave("GET", StoredShard, context => context.Response.Body.WriteAsync(Shard.AsMemory(0, Half)).AsTask(), times: 1);

        await _home.PullAsync();

        _home.AssertWhole();
        Assert.Equal($"bytes={Half}-", Last().Range);
    }

    [Fact]
    public async Task A_body_that_ends_early_whatever_is_asked_ends_it()
    {
        Hub.Misbehave("GET", StoredShard, context => context.Response.Body.WriteAsync(Shard.AsMemory(0, Half)).AsTask());

        Assert.Contains($"ended after {Half} of {Shard.Length} bytes", (await _home.FailsAsync<OutsideServiceException>()).Message);
    }

    [Fact]
    public async Task Links_in_place_of_what_arrived_are_not_written_through()
    {
        var elsewhere = Path.Combine(Directory.CreateDirectory(Path.Combine(_home.Models, "..", "elsewhere")).FullName, "file");
        File.WriteAllText(elsewhere, "untouched");
        Directory.CreateDirectory(_home.Room);
        File.CreateSymbolicLink(_home.PartialOf(PulledHome.FirstShard), elsewhere);
        Directory.CreateSymbolicLink(Path.Combine(_home.Room, "model"), Path.GetDirectoryName(elsewhere)!);

        await _home.PullAsync();

        _home.AssertWhole();
        Assert.Equal("untouched", File.ReadAllText(elsewhere));
        Assert.Null(new DirectoryInfo(_home.Model).LinkTarget);
    }

    private FakeHubRequest Last() => Hub.Requests.Last(r => r.Path == StoredShard);

    private sealed class StopAt(CancellationTokenSource stop, long kilobytes) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value)
        {
            if (value.Stage == "weights" && value.Done >= kilobytes)
                stop.Cancel();
        }
    }
}
