using System.Net.Http.Headers;
using InverseScope.Core.Tasks;
using InverseScope.Service.Artifacts;
using InverseScope.Sweeps;
using InverseScope.Torch.Models;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Tests.Artifacts;

/// <summary>A model of a service, and the empty home of another machine that fetches it by way of a relay.</summary>
internal sealed class ArtifactHome : IAsyncDisposable
{
    public const string Shard = "model-00001-of-00002.safetensors";

    private readonly TempFolder _ours = new();

    private ArtifactHome(ArtifactService service, Relay relay)
    {
        (Theirs, Relay, Name) = (service.Home, relay, service.AddModel());
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = service.Address };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ArtifactService.Key);
        Hash = TargetContent.Hash(ServedModel);
    }

    /// <summary>The service's.</summary>
    public Home Theirs { get; }

    /// <summary>The worker's.</summary>
    public Home Ours => new(_ours["home"]);

    public Relay Relay { get; }

    /// <summary>Asks the service itself, with its key.</summary>
    public HttpClient Client { get; }

    /// <summary>Of the model.</summary>
    public string Name { get; }

    /// <summary>Content hash of the model.</summary>
    public string Hash { get; }

    public string ServedModel => Path.Combine(Theirs.Models, Name);

    /// <summary>Bytes of the model's largest file.</summary>
    public int ShardSize => (int)new FileInfo(Path.Combine(ServedModel, Shard)).Length;

    /// <summary>Where the model gathers on the worker.</summary>
    public string Place => Path.Combine(Ours.Path, "artifacts", "models", Hash);

    public string PartialOfShard => Path.Combine(
        Place, ".arriving", "parts", $"{Shard}.{FakeHub.Sha256(File.ReadAllBytes(Path.Combine(ServedModel, Shard)))}.part");

    // The clock of the tests takes longer silences than its waits for deadlines, which do not pass by themselves.
    public ArtifactOptions Options => new() { Service = Relay.Address, ApiKey = ArtifactService.Key, Connections = 1, Silence = TimeSpan.FromMinutes(10) };

    public static async Task<ArtifactHome> StartAsync(ArtifactService service) => new(service, await Relay.StartAsync(service.Address));

    /// <param name="clock">Null: one whose waits are over at once.</param>
    public ArtifactPull Pull(ArtifactOptions? options = null, TimeProvider? clock = null) => new(Ours, options ?? Options, clock ?? new FastClock());

    public async Task<LocalArtifact> ModelAsync(string? name = null, string? hash = null, ArtifactOptions? options = null, TimeProvider? clock = null, CancellationToken? cancel = null)
    {
        using var pull = Pull(options, clock);
        return await pull.ModelAsync(name ?? Name, hash ?? Hash, cancel ?? TestContext.Current.CancellationToken);
    }

    public async Task<ITask> TaskAsync(string source, string fingerprint)
    {
        using var pull = Pull();
        return await pull.TaskAsync(source, fingerprint, TestContext.Current.CancellationToken);
    }

    /// <summary>The pull fails in this way, and nothing is there that could be taken for the model.</summary>
    public async Task<T> FailsAsync<T>(ArtifactOptions? options = null)
        where T : Exception
    {
        var failure = await Assert.ThrowsAsync<T>(() => ModelAsync(options: options));
        Assert.Empty(Pulled);
        Assert.DoesNotContain(ArtifactService.Key, failure.ToString(), StringComparison.Ordinal);
        return failure;
    }

    /// <summary>What is there as a whole model.</summary>
    public IReadOnlyList<string> Pulled =>
        Directory.Exists(Place) ? [.. Directory.GetDirectories(Place).Where(f => !Path.GetFileName(f).StartsWith('.'))] : [];

    /// <summary>Sends the first bytes of what is left of the shard, and breaks the connection.</summary>
    public void CutShard(int after, int times) => Relay.Misbehave(Shard, async (context, body) =>
    {
        await SendStartAsync(context, body, after);
        context.Abort();
    }, times);

    /// <summary>Sends the first bytes of what is left of the shard. They have arrived when it ends: those on their way are lost with a connection.</summary>
    public async Task SendStartAsync(HttpContext context, byte[] body, int bytes)
    {
        context.Response.ContentLength = body.Length;
        await Relay.SendAsync(context, body.AsMemory(0, bytes));
        await context.Response.Body.FlushAsync();
        Assert.True(SpinWait.SpinUntil(
            () => (new FileInfo(PartialOfShard) is { Exists: true } partial ? partial.Length : 0) == ShardSize - body.Length + bytes, TimeSpan.FromSeconds(30)));
    }

    public void AssertWhole(LocalArtifact model)
    {
        Assert.Equal(Hash, TargetContent.Hash(model.Folder));
        Assert.Equal(Path.Combine(Place, Name), model.Folder);
        Assert.Equal([model.Folder], Pulled);
        Assert.False(Directory.Exists(Path.Combine(Place, ".arriving")));
    }

    public async ValueTask DisposeAsync()
    {
        await Relay.DisposeAsync();
        Client.Dispose();
        _ours.Dispose();
    }
}
