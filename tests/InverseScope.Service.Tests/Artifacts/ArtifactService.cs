using InverseScope.Service.Tests.Desk;
using InverseScope.Sweeps;

namespace InverseScope.Service.Tests.Artifacts;

/// <summary>A service with a key, whose home gets a model for each test.</summary>
public sealed class ArtifactService : IAsyncLifetime
{
    public const string Key = "0123456789abcdef0123456789abcdef";

    private readonly TempFolder _folder = new();
    private ServiceHost _host = null!;
    private int _models;

    public Home Home => new(_folder.Path);

    public Uri Address => _host.Client.BaseAddress!;

    public static string Golden => Repository.Path("tests", "InverseScope.Torch.Tests", "Golden", "gpt2-tiny-bf16-sharded");

    public async ValueTask InitializeAsync() =>
        _host = await ServiceHost.StartAsync(Home, options => options with { ApiKey = Key, Limits = options.Limits with { WrongKeys = 1000 } }, new PlantedCompute());

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Copies a model in that differs from all others, even where a line is added to it.</summary>
    /// <returns>Its name.</returns>
    public string AddModel()
    {
        var number = Interlocked.Increment(ref _models);
        var name = FormattableString.Invariant($"tiny-{number}");
        Copy(Golden, Path.Combine(Home.Models, name));
        File.AppendAllText(Path.Combine(Home.Models, name, "config.json"), new string('\n', 2 * number));
        return name;
    }

    public static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}

/// <summary>Tests that share one service.</summary>
[CollectionDefinition(Name)]
public sealed class ArtifactCollection : ICollectionFixture<ArtifactService>
{
    public const string Name = "artifacts";
}
