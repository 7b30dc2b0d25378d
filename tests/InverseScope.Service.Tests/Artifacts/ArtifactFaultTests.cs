using System.Text;
using InverseScope.Core;
using InverseScope.Service.Artifacts;
using InverseScope.Torch.Models;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Tests.Artifacts;

/// <summary>What becomes of a model whose way from the service is broken, cut or bent.</summary>
[Collection(ArtifactCollection.Name)]
public sealed class ArtifactFaultTests(ArtifactService service) : IAsyncLifetime
{
    private ArtifactHome _home = null!;

    private Relay Relay => _home.Relay;

    private RelayedRequest[] OfShard => [.. Relay.FilesAsked.Where(r => r.Path.EndsWith(ArtifactHome.Shard, StringComparison.Ordinal))];

    public async ValueTask InitializeAsync() => _home = await ArtifactHome.StartAsync(service);

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task A_connection_that_breaks_is_gone_on_with_where_it_broke(int after)
    {
        _home.CutShard(after, times: 1);

        _home.AssertWhole(await _home.ModelAsync());

        Assert.Equal(["", after == 0 ? "" : $"bytes={after}-"], OfShard.Select(r => r.Range));
        Assert.Equal(_home.ShardSize, OfShard.Sum(r => r.Sent));
    }

    [Fact]
    public async Task A_connection_that_breaks_again_and_again_costs_no_byte_twice()
    {
        _home.CutShard(50_000, times: 4);

        _home.AssertWhole(await _home.ModelAsync());

        Assert.Equal(["", "bytes=50000-", "bytes=100000-", "bytes=150000-", "bytes=200000-"], OfShard.Select(r => r.Range));
        Assert.Equal(_home.ShardSize, OfShard.Sum(r => r.Sent));
    }

    [Fact]
    public async Task Stopped_it_keeps_what_came_out_of_sight_and_goes_on_from_there()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Relay.Misbehave(ArtifactHome.Shard, async (context, body) =>
        {
            await _home.SendStartAsync(context, body, 100_000);
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        }, times: 1);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _home.ModelAsync(cancel: stop.Token));
        Assert.Empty(_home.Pulled);
        _home.AssertWhole(await _home.ModelAsync());

        Assert.Equal("bytes=100000-", OfShard[^1].Range);
        Assert.Equal(_home.ShardSize, OfShard.Sum(r => r.Sent));
    }

    [Fact]
    public async Task What_had_arrived_whole_before_it_was_killed_is_verified_and_not_fetched_again()
    {
        ArtifactService.Copy(_home.ServedModel, Path.Combine(_home.Place, ".arriving", "whole"));

        _home.AssertWhole(await _home.ModelAsync());

        Assert.Empty(Relay.FilesAsked);
    }

    [Theory]
    [InlineData(100_000, "")]
    [InlineData(-1, "")]
    public async Task What_an_earlier_pull_left_damaged_is_fetched_from_its_start(int length, string range)
    {
        var left = await File.ReadAllBytesAsync(Path.Combine(_home.ServedModel, ArtifactHome.Shard), TestContext.Current.CancellationToken);
        left[7] ^= 1;
        Directory.CreateDirectory(Path.GetDirectoryName(_home.PartialOfShard)!);
        await File.WriteAllBytesAsync(_home.PartialOfShard, length < 0 ? left : left[..length], TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(_home.PartialOfShard)!, "of-another.part"), "x", TestContext.Current.CancellationToken);

        _home.AssertWhole(await _home.ModelAsync());

        Assert.Equal(range, OfShard[^1].Range);
    }

    [Fact]
    public async Task A_byte_that_changed_on_the_way_is_noticed_and_nothing_is_used()
    {
        Relay.Misbehave(ArtifactHome.Shard, async (context, body) =>
        {
            body[12_345] ^= 1;
            await Relay.SendAsync(context, body);
        }, times: 1);

        var fault = await _home.FailsAsync<OutsideServiceException>();

        Assert.Contains($"{ArtifactHome.Shard}: what the service sends is not what it declares (sha256:", fault.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_home.PartialOfShard));
        _home.AssertWhole(await _home.ModelAsync());
    }

    [Fact]
    public async Task An_answer_that_begins_anew_where_the_rest_was_asked_for_is_taken_from_its_start()
    {
        var whole = await File.ReadAllBytesAsync(Path.Combine(_home.ServedModel, ArtifactHome.Shard), TestContext.Current.CancellationToken);
        _home.CutShard(100_000, times: 1);
        Relay.Misbehave(ArtifactHome.Shard, async (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status200OK;
            context.Response.Headers.Remove("Content-Range");
            await Relay.SendAsync(context, whole);
        }, times: 1);

        _home.AssertWhole(await _home.ModelAsync());

        Assert.Equal("bytes=100000-", OfShard[^1].Range);
    }

    [Fact]
    public async Task A_model_that_changes_at_the_service_between_two_tries_is_not_mixed_with_its_former_self()
    {
        var shard = Path.Combine(_home.ServedModel, ArtifactHome.Shard);
        Relay.Misbehave(ArtifactHome.Shard, async (context, body) =>
        {
            await _home.SendStartAsync(context, body, 100_000);
            body[^1] ^= 1;
            await File.WriteAllBytesAsync(shard, body);
            context.Abort();
        }, times: 1);

        var changed = await _home.FailsAsync<OutsideServiceException>();
        var gone = await _home.FailsAsync<BadInputException>();

        Assert.Contains("changed there while it was fetched", changed.Message, StringComparison.Ordinal);
        Assert.Contains("nowhere to be had", gone.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_bytes_than_were_declared_are_left()
    {
        Relay.Misbehave("config.json", async (context, body) =>
        {
            context.Response.ContentLength = null;
            await Relay.SendAsync(context, (byte[])[.. body, 1, 2, 3]);
        });

        var fault = await _home.FailsAsync<OutsideServiceException>();

        Assert.Contains("sends more than", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "needs a key")]
    [InlineData("fedcba9876543210fedcba9876543210", "refuses the key")]
    public async Task A_key_that_is_missing_or_wrong_is_told(string? key, string told)
    {
        var fault = await _home.FailsAsync<BadInputException>(_home.Options with { ApiKey = key });

        Assert.Contains(told, fault.What, StringComparison.Ordinal);
        Assert.Contains("INVERSESCOPE_API_KEY", fault.Fix, StringComparison.Ordinal);
        Assert.Single(Relay.Requests);
    }

    [Fact]
    public async Task A_service_that_is_gone_is_tried_some_times_and_told()
    {
        var clock = new FastClock();
        var (address, options) = (Relay.Address, _home.Options with { Retries = 3 });
        await Relay.DisposeAsync();

        var fault = await Assert.ThrowsAsync<OutsideServiceException>(
            () => _home.ModelAsync(options: options, clock: clock));

        Assert.Contains($"{address}api/v1/artifacts/models/{_home.Hash} cannot be reached", fault.Message, StringComparison.Ordinal);
        Assert.Contains("again at each of 3 repetitions", fault.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 4], clock.Waits.Select(w => w.TotalSeconds));
    }

    [Fact]
    public async Task A_service_that_is_overloaded_for_a_while_is_waited_for()
    {
        Relay.Misbehave(_home.Hash, (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "7";
            return Task.CompletedTask;
        }, times: 2);

        _home.AssertWhole(await _home.ModelAsync());
    }

    [Theory]
    [InlineData("../outside.json")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../outside")]
    [InlineData("a\\\\b")]
    [InlineData("c:x")]
    [InlineData(".lock")]
    [InlineData("a//b")]
    [InlineData("")]
    public async Task A_list_with_a_path_that_leads_elsewhere_is_refused_as_a_whole(string path)
    {
        Relay.Misbehave(_home.Hash, (context, body) => Relay.SendAsync(
            context, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(body).Replace("\"config.json\"", $"\"{path}\"", StringComparison.Ordinal))));

        var fault = await _home.FailsAsync<OutsideServiceException>();

        Assert.Contains("cannot be fetched: its path, size or hash is none", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Relay.FilesAsked);
        Assert.False(Directory.Exists(_home.Ours.Path));
    }

    [Fact]
    public async Task Files_that_are_as_declared_but_make_up_another_model_are_removed()
    {
        var (lie, place) = (new string('d', 64), Path.Combine(_home.Ours.Path, "artifacts", "models", new string('d', 64)));
        var manifest = await _home.Client.GetStringAsync($"/api/v1/artifacts/models/{_home.Hash}", TestContext.Current.CancellationToken);
        Answer(lie, Encoding.UTF8.GetBytes(manifest.Replace(_home.Hash, lie, StringComparison.Ordinal)));
        foreach (var file in TargetContent.Files(_home.ServedModel))
            Answer($"{lie}/files/{Path.GetFileName(file)}", await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));

        var fault = await Assert.ThrowsAsync<OutsideServiceException>(() => _home.ModelAsync(hash: lie));

        Assert.Contains("another content hash", fault.Message, StringComparison.Ordinal);
        Assert.Equal([".lock"], new DirectoryInfo(place).EnumerateFileSystemInfos().Select(f => f.Name));
    }

    [Theory]
    [InlineData("<html>log in</html>", "text/html")]
    [InlineData("{}", "application/json")]
    [InlineData("null", "application/json")]
    public async Task An_answer_that_is_no_list_of_files_is_told(string answer, string type)
    {
        Relay.Misbehave(_home.Hash, async (context, _) =>
        {
            context.Response.ContentType = type;
            await Relay.SendAsync(context, Encoding.UTF8.GetBytes(answer));
        });

        var fault = await _home.FailsAsync<OutsideServiceException>();

        Assert.Contains("list of files", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_home_that_cannot_be_written_is_told()
    {
        Directory.CreateDirectory(_home.Ours.Path);
        await File.WriteAllTextAsync(Path.Combine(_home.Ours.Path, "artifacts"), "in the way", TestContext.Current.CancellationToken);

        var fault = await _home.FailsAsync<OutsideServiceException>();

        Assert.Contains($"The home '{_home.Ours.Path}' does not take it", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_disk_cannot_hold_is_not_begun()
    {
        Relay.Misbehave(_home.Hash, (context, body) => Relay.SendAsync(
            context, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(body).Replace($"\"size\":{_home.ShardSize}", "\"size\":900000000000000000", StringComparison.Ordinal))));

        var fault = await _home.FailsAsync<OutsideServiceException>();

        Assert.Contains($"are free in '{_home.Ours.Path}'", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Relay.FilesAsked);
    }

    [Fact]
    public void Options_that_cannot_be_used_are_refused_at_once()
    {
        var options = new ArtifactOptions();

        Assert.Throws<BadInputException>(() => _home.Pull(options with { Shared = Path.Combine(_home.Ours.Path, "none") }));
        Assert.Throws<BadInputException>(() => _home.Pull(options with { Service = new Uri("ftp://rack") }));
        Assert.Throws<BadInputException>(() => _home.Pull(options with { Service = new Uri("/relative", UriKind.Relative) }));
        Assert.Throws<BadInputException>(() => _home.Pull(options with { ApiKey = "a key\r\nX: y" }));
    }

    private void Answer(string pathEnd, byte[] content) => Relay.Misbehave(pathEnd, async (context, _) =>
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        await Relay.SendAsync(context, content);
    });
}
