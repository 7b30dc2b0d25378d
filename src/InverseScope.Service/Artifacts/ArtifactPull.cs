using InverseScope.Core;
using InverseScope.Core.Machine;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Hub;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;

namespace InverseScope.Service.Artifacts;

/// <summary>
/// Finds models, generators and tasks by the hash of their content: in a home, in a shared folder, or at the service, from where they come into
/// <c>artifacts/KIND/HASH</c> of the home. Files arrive in a hidden folder, where they stay when it is broken off; the whole appears by one
/// rename, when its content is what was asked for. Several may pull the same, in this process or others: one does, the others wait. Thread-safe.
/// </summary>
public sealed class ArtifactPull : IDisposable
{
    private const string Arriving = ".arriving";
    private const string Lock = ".lock";
    private const int ShownDigits = 12;

    // Of what one file holds.
    private const string TaskFolder = "task";

    private static readonly TimeSpan NextLook = TimeSpan.FromMilliseconds(200);

    private readonly Home _home;
    private readonly ArtifactOptions _options;
    private readonly TimeProvider _clock;
    private readonly FileHashes _hashes = new();
    private readonly HomeArtifacts _local;
    private readonly HomeArtifacts? _shared;
    private readonly ArtifactClient? _client;

    /// <param name="home">Of this machine; made where something is fetched into it.</param>
    /// <exception cref="BadInputException">The options cannot be used.</exception>
    public ArtifactPull(Home home, ArtifactOptions options, TimeProvider clock)
    {
        options.Check();
        (_home, _options, _clock) = (home, options, clock);
        _local = new HomeArtifacts(home, _hashes);
        _shared = options.Shared is { } shared ? new HomeArtifacts(new Home(shared), _hashes) : null;
        _client = options.Service is { } service ? new ArtifactClient(service, options.ApiKey, options.Connection, clock) : null;
    }

    /// <summary>A model's folder, which <see cref="ModelCatalog.Find"/> takes.</summary>
    /// <param name="hash">As its description has it, in whatever number type it computes.</param>
    /// <exception cref="BadInputException">It is nowhere, or the service refuses to give it.</exception>
    /// <exception cref="OutsideServiceException">The service failed or sent something else, or the disk is full; what came is kept.</exception>
    /// <exception cref="OperationCanceledException">Stopped; what came is kept.</exception>
    public Task<LocalArtifact> ModelAsync(string name, string hash, CancellationToken cancel) =>
        FolderAsync(new Wanted(ArtifactKind.Models, name, hash), cancel);

    /// <summary>A generator's folder, which <see cref="GeneratorCatalog.Find"/> takes.</summary>
    /// <param name="name">As its description has it.</param>
    /// <param name="hash">As its description has it.</param>
    /// <exception cref="BadInputException">It is nowhere, or the service refuses to give it.</exception>
    /// <exception cref="OutsideServiceException">The service failed or sent something else, or the disk is full; what came is kept.</exception>
    /// <exception cref="OperationCanceledException">Stopped; what came is kept.</exception>
    public Task<LocalArtifact> GeneratorAsync(string name, string hash, CancellationToken cancel) =>
        FolderAsync(new Wanted(ArtifactKind.Generators, name, hash), cancel);

    /// <summary>A task with this fingerprint.</summary>
    /// <param name="source">As <see cref="TaskCatalog.SourceOf"/> tells it: a name, or the path of a file, here or on another machine.</param>
    /// <exception cref="BadInputException">It is nowhere, or the service refuses to give it.</exception>
    /// <exception cref="OutsideServiceException">The service failed or sent something else, or the disk is full; what came is kept.</exception>
    /// <exception cref="OperationCanceledException">Stopped; what came is kept.</exception>
    public async Task<ITask> TaskAsync(string source, string fingerprint, CancellationToken cancel)
    {
        var wanted = new Wanted(ArtifactKind.Tasks, source, fingerprint);
        return _local.Task(fingerprint, source)?.Task
            ?? TaskAt(source, fingerprint)
            ?? TaskIn(Earlier(wanted), fingerprint)
            ?? _shared?.Task(fingerprint, source)?.Task
            ?? TaskIn(await FetchAsync(wanted, cancel), fingerprint)
            ?? throw Nowhere(wanted);
    }

    public void Dispose() => _client?.Dispose();

    private async Task<LocalArtifact> FolderAsync(Wanted wanted, CancellationToken cancel)
    {
        // The reading of large files is no work of whoever waits.
        if (await Task.Run(() => Present(wanted), cancel) is { } present)
            return present;
        return await FetchAsync(wanted, cancel) is { } folder
            ? new LocalArtifact(wanted.Name, folder, ArtifactOrigin.Pulled)
            : throw Nowhere(wanted);
    }

    // What was fetched once is looked at before what may take the reading of many models.
    private LocalArtifact? Present(Wanted wanted)
    {
        if (Earlier(wanted) is { } earlier)
            return new LocalArtifact(wanted.Name, earlier, ArtifactOrigin.Pulled);
        if (FolderIn(_local, wanted) is { } here)
            return new LocalArtifact(wanted.Name, here, ArtifactOrigin.Home);
        return _shared is not null && FolderIn(_shared, wanted) is { } shared ? new LocalArtifact(wanted.Name, shared, ArtifactOrigin.Shared) : null;
    }

    private static string? FolderIn(HomeArtifacts artifacts, Wanted wanted) => wanted.Kind == ArtifactKind.Models
        ? artifacts.Model(wanted.Hash, wanted.Name)?.Folder
        : artifacts.Generator(wanted.Hash);

    private static ITask? TaskIn(string? folder, string fingerprint) =>
        folder is not null && Directory.GetFiles(folder) is [var file] ? TaskAt(file, fingerprint) : null;

    private static ITask? TaskAt(string path, string fingerprint)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            return new TaskCatalog().Find(path) is { } task && task.Fingerprint == fingerprint ? task : null;
        }
        catch (BadInputException)
        {
            return null;
        }
    }

    /// <summary>The folder of what was fetched before and is still as it was; null if there is none.</summary>
    private string? Earlier(Wanted wanted)
    {
        var parent = Path.GetDirectoryName(PlaceOf(wanted.Kind, wanted.Hash))!;
        return Directory.Exists(parent)
            ? Directory.GetDirectories(parent).Where(place => wanted.CanBe(Path.GetFileName(place))).Select(place => Whole(place, wanted)).FirstOrDefault(f => f is not null)
            : null;
    }

    private string? Whole(string place, Wanted wanted) => Visible(place).FirstOrDefault(folder => wanted.Kind switch
    {
        ArtifactKind.Models => _local.HashOf(folder) is { } hash && wanted.CanBe(hash),
        ArtifactKind.Generators => _local.IsGenerator(folder, wanted.Hash),
        _ => TaskIn(folder, wanted.Hash) is not null,
    });

    private static IEnumerable<string> Visible(string place) =>
        Directory.GetDirectories(place).Where(f => Path.GetFileName(f)[0] != '.').Order(StringComparer.Ordinal);

    /// <returns>The folder of the whole; null if the service has none, or there is no service.</returns>
    private async Task<string?> FetchAsync(Wanted wanted, CancellationToken cancel)
    {
        if (_client is null)
            return null;
        var lead = $"{wanted.What} is not on this machine and cannot be fetched.";
        try
        {
            if (await _client.FindAsync(wanted.Kind, wanted.Hash, wanted.Name, cancel) is not { } manifest)
                return null;
            if (!wanted.CanBe(manifest.Hash))
                throw new OutsideServiceException($"The service has another under its hash: {manifest.Hash[..ShownDigits]}….");
            var place = PlaceOf(wanted.Kind, manifest.Hash);
            Directory.CreateDirectory(place);
            await using (await ClaimAsync(place, cancel))
                return Whole(place, wanted) ?? await FetchAsync(_client, manifest, wanted, place, cancel);
        }
        catch (BadInputException e)
        {
            throw new BadInputException($"{lead} {e.What}", e.Fix, e);
        }
        catch (Exception e) when (e is OutsideServiceException or IOException or UnauthorizedAccessException)
        {
            throw new OutsideServiceException($"{lead} {(e is OutsideServiceException ? e.Message : $"The home '{_home.Path}' does not take it: {e.Message}")}", e);
        }
    }

    private async Task<string> FetchAsync(ArtifactClient client, ArtifactManifest manifest, Wanted wanted, string place, CancellationToken cancel)
    {
        var arriving = Path.Combine(place, Arriving);
        var (folder, partials) = (Path.Combine(arriving, "whole"), Path.Combine(arriving, "parts"));
        HubFile[] files = [.. manifest.Files.Select(f => new HubFile(f.Path, f.Size, HubHash.OfETag(f.Sha256)!))];
        Prepare(folder, [.. files.Select(f => f.Name)]);
        Prepare(partials, [.. files.SelectMany(HubDownload.PartialNames)]);
        var download = new HubDownload(client.Source(manifest, wanted.What), folder, partials);
        DiskSpace.Check(files.Sum(f => f.Size - download.Present(f)), DiskSpace.Free(_home.Path), "The files to come", _home.Path);
        await Parallel.ForEachAsync(
            files, new ParallelOptions { MaxDegreeOfParallelism = _options.Connections, CancellationToken = cancel },
            async (file, stop) => await download.FetchAsync(file, _ => { }, stop));
        if (!IsWanted(folder, manifest, wanted))
        {
            Directory.Delete(arriving, recursive: true);
            throw new OutsideServiceException("All its files came as the service declares them, but together they have another content hash. They were removed; nothing of them is used.");
        }

        // Damaged since it was fetched.
        foreach (var former in Visible(place))
            Directory.Delete(former, recursive: true);
        var target = Path.Combine(place, wanted.FolderName);
        Directory.Move(folder, target);
        Directory.Delete(arriving, recursive: true);
        return target;
    }

    /// <summary>Whether files whose own hashes are right make up what was asked for.</summary>
    private static bool IsWanted(string folder, ArtifactManifest manifest, Wanted wanted)
    {
        var hashes = manifest.Files.ToDictionary(f => Path.GetFullPath(Path.Combine(folder, f.Path)), f => Convert.FromHexString(f.Sha256), StringComparer.Ordinal);
        byte[] HashOf(string path) => hashes.GetValueOrDefault(Path.GetFullPath(path)) ?? throw new BadInputException($"There is no file {path}.");
        try
        {
            return wanted.Kind switch
            {
                ArtifactKind.Models => wanted.CanBe(TargetContent.Hash(folder, HashOf)),
                ArtifactKind.Generators => Generator.RecordedHash(folder) == wanted.Hash && Generator.IsAsTrained(folder, HashOf),
                _ => TaskIn(folder, wanted.Hash) is not null,
            };
        }
        catch (BadInputException)
        {
            return false;
        }
    }

    // Leaves what an earlier run left of the same files.
    private static void Prepare(string folder, IReadOnlyCollection<string> names)
    {
        Directory.CreateDirectory(folder);
        foreach (var name in names)
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, name))!);
        var paths = names.Select(name => Path.GetFullPath(Path.Combine(folder, name))).ToHashSet(StringComparer.Ordinal);
        foreach (var other in Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Where(path => !paths.Contains(Path.GetFullPath(path))))
            File.Delete(other);
    }

    // Held by the system for as long as the process lives: one that is killed leaves no claim.
    private async Task<FileStream> ClaimAsync(string place, CancellationToken cancel)
    {
        var path = Path.Combine(place, Lock);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                await Task.Delay(NextLook, _clock, cancel);
            }
        }
    }

    private string PlaceOf(ArtifactKind kind, string hash) => Path.Combine(_home.Path, "artifacts", kind.ToString().ToLowerInvariant(), hash);

    private BadInputException Nowhere(Wanted wanted)
    {
        var places = new List<string> { $"not in the home '{_home.Path}'{Other(_local, wanted)}" };
        if (_shared is not null)
            places.Add($"not in the shared folder '{_options.Shared}'{Other(_shared, wanted)}");
        places.Add(_options.Service is { } service ? $"not at the service {HubText.Shown(service)}" : "and no address of a service is given that may have it");
        return new BadInputException(
            $"{wanted.What} is nowhere to be had: {string.Join(", ", places)}.", "Put the same files into one of these places; what was changed since has another hash.");
    }

    private static string Other(HomeArtifacts artifacts, Wanted wanted) => artifacts.HashOf(wanted.Kind, wanted.Name) is { } other
        ? $" (its '{wanted.Name}' has another hash: {other[..ShownDigits]}…)"
        : "";

    /// <summary>What is looked for.</summary>
    private sealed record Wanted
    {
        public Wanted(ArtifactKind kind, string name, string hash)
        {
            (Kind, Name, Hash) = (kind, name, hash);
            var noun = kind switch
            {
                ArtifactKind.Models => "Model",
                ArtifactKind.Generators => "Generator",
                _ => "Task",
            };
            if (!ArtifactManifest.IsHash(hash))
                throw new BadInputException($"{noun} '{name}': '{HubText.Shown(hash)}' is no content hash.", "It has 64 hexadecimal digits in lower case.");
            What = $"{noun} '{HubText.Shown(name)}' with the content hash {hash[..ShownDigits]}…";
        }

        public ArtifactKind Kind { get; }

        public string Name { get; }

        public string Hash { get; }

        /// <summary>As a sentence begins.</summary>
        public string What { get; }

        /// <summary>Models and generators are called after their folders.</summary>
        public string FolderName => Kind == ArtifactKind.Tasks ? TaskFolder
            : Name.Length > 0 && Name[0] != '.' && Path.GetFileName(Name) == Name && Name.IndexOfAny(Path.GetInvalidFileNameChars()) < 0 ? Name
            : Hash[..ShownDigits];

        /// <param name="hash">Of files.</param>
        public bool CanBe(string hash) => Kind == ArtifactKind.Models ? TargetContent.CanBe(hash, Hash) : hash == Hash;
    }
}
