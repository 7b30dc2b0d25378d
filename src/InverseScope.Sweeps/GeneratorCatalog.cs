using InverseScope.Core;
using InverseScope.Torch.Generators;

namespace InverseScope.Sweeps;

/// <summary>A generator that can be named.</summary>
/// <param name="Name">On the command line and in results.</param>
/// <param name="Shipped">Whether it came with the program.</param>
public sealed record GeneratorEntry(string Name, string Folder, bool Shipped);

/// <summary>Finds trained generators by name or by folder.</summary>
/// <param name="trained">Folder with a user's generators, a folder each; need not exist.</param>
public sealed class GeneratorCatalog(string trained)
{
    // A shipped generator lies within the folder of its target.
    private const string WithinModel = "generator";

    /// <summary>A user's generators, then shipped ones, each in alphabetical order. Unfinished ones are left out.</summary>
    public IReadOnlyList<GeneratorEntry> All =>
    [
        .. Folders(trained).Where(IsFinished).Select(f => new GeneratorEntry(Path.GetFileName(f), f, Shipped: false)),
        .. Folders(ModelCatalog.ShippedModels)
            .Select(f => new GeneratorEntry(Path.GetFileName(f), Path.Combine(f, WithinModel), Shipped: true))
            .Where(g => IsFinished(g.Folder) && !Directory.Exists(Path.Combine(trained, g.Name))),
    ];

    /// <summary>The generator of a name, or of a folder.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public GeneratorEntry Find(string nameOrFolder)
    {
        var known = All;
        if (known.FirstOrDefault(g => g.Name == nameOrFolder) is { } named)
            return named;
        if (IsFinished(nameOrFolder))
        {
            var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(nameOrFolder));
            return new GeneratorEntry(Path.GetFileName(folder), folder, Shipped: false);
        }

        var names = known.Select(g => g.Name).ToArray();
        throw new BadInputException(
            $"There is no generator '{nameOrFolder}'.{NearestName.Hint(nameOrFolder, names)}",
            $"Known: {(names.Length == 0 ? "none" : string.Join(", ", names))}; or give a generator's folder. 'generator train' makes one.");
    }

    private static bool IsFinished(string folder) => File.Exists(Path.Combine(folder, GeneratorRecord.FileName));

    private static string[] Folders(string parent) =>
        Directory.Exists(parent) ? [.. Directory.GetDirectories(parent).Order(StringComparer.Ordinal)] : [];
}
