using InverseScope.Core.Sampling;
using InverseScope.Sweeps.Hub;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Hub;

/// <summary>A home that pulls from a fake hub, which has a sharded model of the tests unless it is given another.</summary>
internal sealed class PulledHome : IAsyncDisposable
{
    public const string Token = "hf_secretsecret";
    public const string FirstShard = "model-00001-of-00002.safetensors";

    private readonly TempFolder _folder = new();

    private PulledHome(FakeHub hub) => Hub = hub;

    public FakeHub Hub { get; }

    public string Models => _folder["models"];

    public string Model => Path.Combine(Models, "tiny");

    /// <summary>Where files arrive.</summary>
    public string Room => Path.Combine(Models, ".arriving", "someone--tiny");

    public HubOptions Options => new() { Endpoint = Hub.Address, Token = new HubToken(Token), RetryDelay = TimeSpan.Zero };

    public IReadOnlyList<string> Listed => [.. new ModelCatalog(Models).All.Where(m => !m.Shipped).Select(m => m.Name)];

    public byte[] Shard => Hub.Files[FirstShard];

    /// <summary>The partial file of a content that the storage serves.</summary>
    public string PartialOf(string name) => Path.Combine(Room, $"{name}.{FakeHub.Sha256(Hub.Files[name])}.part");

    public static string Golden(string model) => Repository.Path("tests", "InverseScope.Torch.Tests", "Golden", model);

    public static async Task<PulledHome> StartAsync(string model = "gpt2-tiny-bf16-sharded") =>
        new((await FakeHub.StartAsync()).With(Golden(model)));

    public Task<PulledModel> PullAsync(
        string? revision = null, string name = "tiny", bool replace = false, HubOptions? options = null, TimeProvider? clock = null,
        IProgress<WorkProgress>? progress = null, CancellationToken cancel = default) =>
        new ModelPull(options ?? Options, Models, clock ?? TimeProvider.System)
            .RunAsync(new PullRequest(new HubRepository(FakeHub.Repository), revision, name, replace), progress, cancel);

    /// <summary>The pull fails in this way, and no model is in the home, not even a part of one that could be taken for it.</summary>
    public async Task<T> FailsAsync<T>(HubOptions? options = null)
        where T : Exception
    {
        var failure = await Assert.ThrowsAsync<T>(() => PullAsync(options: options));
        Assert.Empty(Listed);
        Assert.False(Path.Exists(Model));
        Assert.DoesNotContain(Token, failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret-signature", failure.ToString(), StringComparison.Ordinal);
        return failure;
    }

    /// <summary>Puts the first bytes of a file where an earlier pull would have left them.</summary>
    public void Arrived(string name, byte[] bytes, string? tag = null)
    {
        Directory.CreateDirectory(Room);
        File.WriteAllBytes(PartialOf(name), bytes);
        if (tag is not null)
            File.WriteAllText(PartialOf(name) + ".etag", tag);
    }

    public void AssertWhole()
    {
        Assert.Equal(["tiny"], Listed);
        foreach (var file in Directory.GetFiles(Model).Select(f => Path.GetFileName(f)).Where(f => f != ModelSource.FileName))
            Assert.Equal(Hub.Files[file], File.ReadAllBytes(Path.Combine(Model, file)));
        Assert.False(Directory.Exists(Room));
    }

    public async ValueTask DisposeAsync()
    {
        await Hub.DisposeAsync();
        _folder.Dispose();
    }
}
