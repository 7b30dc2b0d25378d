using InverseScope.Core;
using InverseScope.Sweeps.Hub;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Hub;

public sealed class HubOptionsTests
{
    [Fact]
    public void An_empty_environment_gives_the_public_hub_without_a_token()
    {
        var options = HubOptions.FromEnvironment(_ => "");

        Assert.Equal("https://huggingface.co/", options.Endpoint.AbsoluteUri);
        Assert.Null(options.Token);
        Assert.False(options.Offline);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("true", true)]
    [InlineData("YES", true)]
    [InlineData("0", false)]
    [InlineData("off", false)]
    public void Offline_is_told_as_to_other_clients_of_the_hub(string value, bool offline) =>
        Assert.Equal(offline, HubOptions.FromEnvironment(v => v == "HF_HUB_OFFLINE" ? value : null).Offline);

    [Theory]
    [InlineData("huggingface.co")]
    [InlineData("file:///models")]
    [InlineData("ftp://hub")]
    [InlineData("https://user:password@hub")]
    [InlineData("https://hub?x=1")]
    public void An_endpoint_that_is_no_address_of_a_hub_is_refused(string endpoint)
    {
        var fault = Assert.Throws<BadInputException>(() => HubOptions.FromEnvironment(v => v == "HF_ENDPOINT" ? endpoint : null));

        Assert.Contains("HF_ENDPOINT", fault.What);
        Assert.DoesNotContain("password", fault.Message);
    }

    [Theory]
    [InlineData("https://hub.example", true)]
    [InlineData("http://hub.example", false)]
    [InlineData("http://127.0.0.1:8080", true)]
    public void The_token_does_not_leave_this_machine_without_encryption(string endpoint, bool sent) =>
        Assert.Equal(sent, Options("hf_abc", endpoint).SendsToken);

    [Fact]
    public void A_token_is_not_shown()
    {
        Assert.DoesNotContain("hf_abc", Options("hf_abc").ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hf_a", Assert.Throws<BadInputException>(() => Options("hf_a\nX: y")).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("openai-community/gpt2", "gpt2")]
    [InlineData("gpt2", "gpt2")]
    [InlineData("google/gemma-2-2b_it.x", "gemma-2-2b_it.x")]
    public void A_repository_is_named_as_on_the_hub(string id, string name) => Assert.Equal(name, new HubRepository(id).Name);

    [Theory]
    [InlineData("")]
    [InlineData("a/b/c")]
    [InlineData("../x")]
    [InlineData("a/..")]
    [InlineData("a/x..y")]
    [InlineData("https://huggingface.co/a/b")]
    [InlineData("a b/c")]
    [InlineData("a/b\n")]
    public void What_names_no_repository_is_refused(string id) =>
        Assert.Contains("OWNER/NAME", Assert.Throws<BadInputException>(() => new HubRepository(id)).Fix);

    [Theory]
    [InlineData("\"8AB686EAFEB1F44702738C8B0F24F2567C36DA6D\"", "git-blob-sha1:8ab686eafeb1f44702738c8b0f24f2567c36da6d")]
    [InlineData("W/\"8ab686eafeb1f44702738c8b0f24f2567c36da6d\"", "git-blob-sha1:8ab686eafeb1f44702738c8b0f24f2567c36da6d")]
    [InlineData("\"d41d8cd98f00b204e9800998ecf8427e\"", null)]
    [InlineData("\"zzb686eafeb1f44702738c8b0f24f2567c36da6d\"", null)]
    [InlineData(null, null)]
    public void A_hash_is_read_from_the_tag(string? tag, string? hash) => Assert.Equal(hash, HubHash.OfETag(tag)?.ToString());

    [Fact]
    public void Small_files_are_named_as_git_names_them()
    {
        // printf 'hello\n' | git hash-object --stdin
        var hello = "hello\n"u8.ToArray();
        using var hash = HubHash.OfETag("ce013625030ba8dba906f756967f9e9ca394464a")!.Begin(hello.Length);
        hash.AppendData(hello);

        Assert.Equal("ce013625030ba8dba906f756967f9e9ca394464a", Convert.ToHexStringLower(hash.GetHashAndReset()));
        Assert.Equal("ce013625030ba8dba906f756967f9e9ca394464a", FakeHub.GitSha1(hello));
    }

    [Fact]
    public async Task A_download_that_moves_on_is_repeated_as_often_as_it_takes()
    {
        var retry = new HubRetry(new HubOptions { RetryDelay = TimeSpan.Zero, Retries = 1 }, TimeProvider.System);
        var (reached, attempts) = (0L, 0);

        await retry.RunAsync(
            _ =>
            {
                reached += 2 << 20;
                return ++attempts < 50 ? throw new HubTransientException("broke off") : ValueTask.FromResult(true);
            },
            CancellationToken.None,
            () => reached);

        Assert.Equal(50, attempts);
    }

    private static HubOptions Options(string token, string? endpoint = null) =>
        HubOptions.FromEnvironment(v => v switch { "HF_TOKEN" => token, "HF_ENDPOINT" => endpoint, _ => null });
}
