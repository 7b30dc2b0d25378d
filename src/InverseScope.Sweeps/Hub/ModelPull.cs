using InverseScope.Core;
using InverseScope.Core.Machine;
using InverseScope.Core.Sampling;
using InverseScope.Torch.Models;

namespace InverseScope.Sweeps.Hub;

/// <summary>What came of a pull. Named in the command's JSON.</summary>
public enum PullOutcome
{
    /// <summary>It was fetched.</summary>
    Pulled,

    /// <summary>It was in the home already, as it was asked for.</summary>
    Kept,

    /// <summary>It was in the home already, and stays as it is; the hub has another commit by now.</summary>
    Outdated,
}

/// <param name="Source">Of the model that the home has now.</param>
/// <param name="Upstream">The commit that the hub has; null if it was not asked.</param>
public sealed record PulledModel(ModelEntry Entry, PullOutcome Outcome, ModelSource Source, string? Upstream);

/// <summary>What is pulled, and as what.</summary>
/// <param name="Revision">Branch, tag or commit; null: the main branch, or whatever the home has.</param>
/// <param name="Name">Of the model in the home; safe as the name of a folder.</param>
/// <param name="Replace">Whether an imported model of that name gives way.</param>
public sealed record PullRequest(HubRepository Repository, string? Revision, string Name, bool Replace);

/// <summary>
/// Pulls models from the hub into a home. Files arrive in a hidden folder, where they stay when it is broken off; a model
/// appears under its name by one rename, when all its files are verified and fit each other.
/// </summary>
/// <param name="models">Folder with a user's models.</param>
public sealed class ModelPull(HubOptions options, string models, TimeProvider clock)
{
    private const string Arriving = ".arriving";
    private const string Whole = "model";
    private const string Former = "former";
    private const string Lock = "lock";

    /// <exception cref="BadInputException">
    /// There is no such model, it may not be read, it is none that can be run, or its name is taken; offline: it is not here.
    /// </exception>
    /// <exception cref="OutsideServiceException">The hub failed, or the disk is too small; what came is kept for the next run.</exception>
    /// <exception cref="IOException">The disk failed; what came is kept for the next run.</exception>
    /// <exception cref="OperationCanceledException">Stopped; what came is kept for the next run.</exception>
    public async Task<PulledModel> RunAsync(PullRequest request, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        var present = Present(request);
        if (options.Offline)
            return FromHome(request, present);
        using var client = new HubClient(options, clock);
        var listing = await client.ListAsync(request.Repository, request.Revision, cancel);
        if (Settled(request, present, listing.Commit) is { } settled)
            return settled;
        var room = Path.Combine(models, Arriving, request.Repository.FolderName);
        var source = await FetchAsync(client, request, listing, room, progress, cancel);
        return new PulledModel(new ModelEntry(request.Name, Path.Combine(models, request.Name), Shipped: false), PullOutcome.Pulled, source, listing.Commit);
    }

    /// <summary>The model of that name in the home, if it came from this repository.</summary>
    /// <exception cref="BadInputException">The name is taken by something else.</exception>
    private (ModelEntry Entry, ModelSource Source)? Present(PullRequest request)
    {
        var entry = new ModelCatalog(models).All.FirstOrDefault(m => m.Name == request.Name);
        var source = entry is null ? null : ModelSource.TryRead(entry.Folder);
        if (source?.Repository == request.Repository.Id)
            return (entry!, source);
        if (entry is { Shipped: true })
            throw new BadInputException($"There is a model '{request.Name}' already.", "It came with the program: choose another name with --name.");
        if (entry is not null && !request.Replace)
        {
            throw new BadInputException(
                $"There is a model '{request.Name}' already{(source is null ? "" : $", pulled from {source.Repository}")}.",
                "Choose another name with --name, or replace it with --force.");
        }

        if (entry is null && Path.Exists(Path.Combine(models, request.Name)))
        {
            throw new BadInputException(
                $"{Path.Combine(models, request.Name)} is in the way, and is no complete model.", "Choose another name with --name, or remove it.");
        }

        return null;
    }

    private PulledModel FromHome(PullRequest request, (ModelEntry Entry, ModelSource Source)? present)
    {
        const string Online = $"Pull it where the hub can be reached, without --offline and {HubOptions.OfflineVariable}.";
        if (present is not var (entry, source))
        {
            var begun = Path.Combine(models, Arriving, request.Repository.FolderName);
            var bytes = Directory.Exists(begun)
                ? new DirectoryInfo(begun).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length)
                : 0;
            throw new BadInputException(
                $"Model '{request.Name}' is not in this home, and nothing is fetched offline."
                + (bytes > 0 ? $" Of {request.Repository} {HubText.Size(bytes)} have arrived; the rest is missing." : ""),
                Online);
        }

        if (request.Revision is { } revision && revision != source.Revision && !source.Commit.StartsWith(revision, StringComparison.Ordinal))
        {
            throw new BadInputException(
                $"Model '{request.Name}' is here at {source.Revision} (commit {source.Commit}); revision '{HubText.Shown(revision)}' is missing, and nothing is fetched offline.",
                Online);
        }

        return source.Lacking(entry.Folder) is { Count: > 0 } lacking
            ? throw new BadInputException(
                $"Model '{request.Name}' is damaged, and nothing is fetched offline: missing or of another size are {string.Join(", ", lacking)}.", Online)
            : new PulledModel(entry, PullOutcome.Kept, source, null);
    }

    /// <summary>What the home answers by itself; null if the model must be fetched.</summary>
    /// <exception cref="BadInputException">The model that is here is not what was asked for, and may not be replaced.</exception>
    private static PulledModel? Settled(PullRequest request, (ModelEntry Entry, ModelSource Source)? present, string commit)
    {
        if (present is not var (entry, source))
            return null;
        // Sizes tell of what broke off, not of what was changed: whoever wants it replaced gets it anew.
        if (request.Replace)
            return null;
        var lacking = source.Lacking(entry.Folder);
        if (source.Commit == commit && lacking.Count == 0)
            return new PulledModel(entry, PullOutcome.Kept, source, commit);
        if (lacking.Count > 0)
        {
            throw new BadInputException(
                $"Model '{request.Name}' is damaged: missing or of another size are {string.Join(", ", lacking)}.", "Fetch it anew with --force.");
        }

        return request.Revision is null
            ? new PulledModel(entry, PullOutcome.Outdated, source, commit)
            : throw new BadInputException(
                $"Model '{request.Name}' is here at commit {source.Commit}, but revision '{HubText.Shown(request.Revision)}' is {commit}.",
                "Replace it with --force, or keep both by giving this one another name with --name.");
    }

    private async Task<ModelSource> FetchAsync(
        HubClient client, PullRequest request, HubListing listing, string room, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        var repository = request.Repository;
        var describing = ModelFiles.Describing(repository, listing.Files);
        var folder = MakeRoom(room);
        ModelSource source;
        using (Claim(repository, room))
        {
            var download = new HubDownload(client.Source(repository, listing.Commit), folder, room);
            Prune(folder, name => describing.Contains(name) || ModelFiles.IsWeights(name));
            var described = await DescribeAsync(client, repository, listing.Commit, describing, cancel);
            await FetchAsync(download, described, "config and tokenizer", progress, cancel);
            var weighing = Usable(repository, room, () =>
            {
                _ = ConfigFile.Read(folder);
                return ModelFiles.Weighing(repository, listing.Files, folder);
            });
            HubFile[] all = [.. described, .. await DescribeAsync(client, repository, listing.Commit, weighing, cancel)];
            Prune(folder, all.Select(f => f.Name).Contains);
            Prune(room, all.SelectMany(HubDownload.PartialNames).Concat([Whole, Lock]).Contains);
            await FetchAsync(download, all[described.Length..], "weights", progress, cancel);
            Usable(repository, room, () =>
            {
                TargetContent.Check(folder);
                return true;
            });
            source = new ModelSource(
                ModelSource.CurrentSchema, repository.Id, options.Endpoint.AbsoluteUri, request.Revision ?? "main", listing.Commit, clock.GetUtcNow(),
                [.. all.Select(f => new ModelSourceFile(f.Name, f.Size, f.Hash.ToString()))]);
            source.Write(folder);
            Appear(folder, Path.Combine(models, request.Name), Path.Combine(room, Former));
        }

        Directory.Delete(room, recursive: true);
        return source;
    }

    private async Task<HubFile[]> DescribeAsync(
        HubClient client, HubRepository repository, string commit, IReadOnlyList<string> names, CancellationToken cancel)
    {
        var files = new HubFile[names.Count];
        await Parallel.ForEachAsync(Enumerable.Range(0, names.Count), Concurrently(cancel), async (i, stop) =>
        {
            files[i] = await client.DescribeAsync(repository, commit, names[i], stop);
            ModelFiles.CheckSize(repository, files[i]);
        });
        return files;
    }

    private async Task FetchAsync(
        HubDownload download, IReadOnlyList<HubFile> files, string what, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        CheckSpace(files, download);
        var tally = new PullProgress(what, files.Sum(f => f.Size), progress);
        await Parallel.ForEachAsync(
            files, Concurrently(cancel), async (file, stop) => await download.FetchAsync(file, tally.Add, stop));
    }

    private ParallelOptions Concurrently(CancellationToken cancel) =>
        new() { MaxDegreeOfParallelism = options.Connections, CancellationToken = cancel };

    private void CheckSpace(IReadOnlyList<HubFile> files, HubDownload download) =>
        DiskSpace.Check(files.Sum(file => file.Size - download.Present(file)), DiskSpace.Free(models), "The files to come", models);

    /// <summary>Removes what arrived if it is no model that can be used: a second run would fetch the same.</summary>
    private static T Usable<T>(HubRepository repository, string room, Func<T> check)
    {
        try
        {
            return check();
        }
        catch (BadInputException e)
        {
            foreach (var entry in new DirectoryInfo(room).EnumerateFileSystemInfos().Where(f => f.Name != Lock))
                Remove(entry);
            // The folder that it names is gone, and was never the user's.
            string Told(string text) => text.Replace(Path.Combine(room, Whole), repository.Id, StringComparison.Ordinal);
            throw new BadInputException($"{Told(e.What)} Nothing of it is kept.", e.Fix is null ? null : Told(e.Fix), e);
        }
    }

    private static string MakeRoom(string room)
    {
        var folder = new DirectoryInfo(Path.Combine(room, Whole));
        foreach (var place in new[] { folder.Parent!.Parent!, folder.Parent, folder })
        {
            // A link would lead the download elsewhere.
            if (place.LinkTarget is not null)
                place.Delete();
            place.Create();
        }

        return folder.FullName;
    }

    private static FileStream Claim(HubRepository repository, string room)
    {
        try
        {
            return new FileStream(Path.Combine(room, Lock), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new BadInputException($"Another process is pulling {repository} into this home.", "Wait until it ends, or stop it.", e);
        }
    }

    private static void Prune(string folder, Func<string, bool> keeps)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().Where(e => !keeps(e.Name)))
            Remove(entry);
    }

    private static void Remove(FileSystemInfo entry)
    {
        if (entry is DirectoryInfo { LinkTarget: null } folder)
            folder.Delete(recursive: true);
        else
            entry.Delete();
    }

    private static void Appear(string folder, string target, string former)
    {
        if (!Directory.Exists(target))
        {
            Directory.Move(folder, target);
            return;
        }

        Directory.Move(target, former);
        try
        {
            Directory.Move(folder, target);
        }
        catch
        {
            Directory.Move(former, target);
            throw;
        }
    }

    /// <summary>Adds up what several downloads report.</summary>
    private sealed class PullProgress(string what, long total, IProgress<WorkProgress>? progress)
    {
        private const long Megabyte = 1_000_000;
        private long _done;

        public void Add(long bytes)
        {
            var done = Interlocked.Add(ref _done, bytes);
            progress?.Report(total >= 10 * Megabyte
                ? new WorkProgress(what, done / Megabyte, total / Megabyte, "MB")
                : new WorkProgress(what, done / 1000, total / 1000, "kB"));
        }
    }
}
