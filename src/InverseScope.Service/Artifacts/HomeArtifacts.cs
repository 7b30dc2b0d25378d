using System.Collections.Concurrent;
using InverseScope.Core;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;
using InverseScope.Torch.Models;

namespace InverseScope.Service.Artifacts;

/// <summary>A model among the catalogues of a home.</summary>
/// <param name="Hash">Of its files.</param>
internal sealed record HashedModel(string Name, string Folder, string Hash);

/// <summary>
/// Finds what the catalogues of a home hold by its content hash. What cannot be read has none; another than the first that was looked at costs
/// the reading of its files, once. Thread-safe.
/// </summary>
internal sealed class HomeArtifacts(Home home, FileHashes hashes)
{
    private readonly ModelCatalog _models = new(home.Models);
    private readonly GeneratorCatalog _generators = new(home.Generators);
    private readonly TaskCatalog _tasks = new(home.Tasks);

    // Names of models and tasks that were found, by what was asked for: looked at first when it is asked for again.
    private readonly ConcurrentDictionary<string, string> _found = new(StringComparer.Ordinal);

    /// <param name="hash">Of the model in some number type.</param>
    /// <param name="name">Looked at first; null if none is told.</param>
    public HashedModel? Model(string hash, string? name)
    {
        foreach (var model in First(_models.All, m => m.Name, hash, name))
        {
            if (HashOf(model.Folder) is not { } of || !TargetContent.CanBe(of, hash))
                continue;
            _found[hash] = model.Name;
            return new HashedModel(model.Name, model.Folder, of);
        }

        return null;
    }

    /// <summary>The folder of a generator whose files are those that it was made with.</summary>
    public string? Generator(string hash) => _generators.All.Select(g => g.Folder).FirstOrDefault(folder => IsGenerator(folder, hash));

    /// <summary>A task, built in or of a file.</summary>
    /// <param name="name">Looked at first; null if none is told.</param>
    /// <returns>The task, and its file; null for one that is built in.</returns>
    public (ITask Task, string? File)? Task(string fingerprint, string? name)
    {
        foreach (var known in First(_tasks.Names, n => n, fingerprint, name))
        {
            if (Readable(() => _tasks.Find(known)) is not { } task || task.Fingerprint != fingerprint)
                continue;
            _found[fingerprint] = known;
            return (task, _tasks.FileOf(known));
        }

        return null;
    }

    /// <summary>The content hash of what a name stands for here; null if nothing that can be read has it.</summary>
    public string? HashOf(ArtifactKind kind, string name) => kind switch
    {
        ArtifactKind.Models => _models.All.FirstOrDefault(m => m.Name == name) is { } model ? HashOf(model.Folder) : null,
        ArtifactKind.Generators => _generators.All.FirstOrDefault(g => g.Name == name || Path.GetFileName(g.Folder) == name) is { } generator
            ? Readable(() => Torch.Generators.Generator.RecordedHash(generator.Folder))
            : null,
        _ => _tasks.Names.Contains(name) ? Readable(() => _tasks.Find(name))?.Fingerprint : null,
    };

    /// <summary>Of the files of a model; null if they cannot be read.</summary>
    public string? HashOf(string folder) => Readable(() => TargetContent.Hash(folder, hashes.Of));

    /// <summary>Whether a folder holds the generator of this hash, with the files that it was made with.</summary>
    public bool IsGenerator(string folder, string hash) =>
        Readable(() => Torch.Generators.Generator.RecordedHash(folder)) == hash
        && Readable(() => Torch.Generators.Generator.IsAsTrained(folder, hashes.Of) ? folder : null) is not null;

    private static T? Readable<T>(Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is BadInputException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private IEnumerable<T> First<T>(IEnumerable<T> all, Func<T, string> nameOf, string hash, string? name)
    {
        var found = _found.GetValueOrDefault(hash);
        return all.OrderByDescending(one => nameOf(one) == found).ThenByDescending(one => nameOf(one) == name);
    }
}
