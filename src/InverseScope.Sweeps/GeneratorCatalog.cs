using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Generators;

namespace InverseScope.Sweeps;

/// <summary>A generator that can be named.</summary>
/// <param name="Name">On the command line and in results.</param>
/// <param name="Shipped">Whether it came with the program.</param>
public sealed record GeneratorEntry(string Name, string Folder, bool Shipped);

/// <summary>Finds trained generators by name, by folder, or by what they were trained on.</summary>
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

    /// <summary>The one generator with control layers that was trained on a target and task.</summary>
    /// <exception cref="BadInputException">There is none, or more than one.</exception>
    public GeneratorEntry FindFor(TargetDescription target, ITask task)
    {
        GeneratorEntry[] fitting = [.. All.Where(g => Fits(g, target, task))];
        return fitting switch
        {
            [var one] => one,
            [] => throw new BadInputException(
                $"No generator was trained on model '{target.Name}' and task '{task.Name}'.", "Train one with 'generator train', or use another sampler (--sampler bank)."),
            _ => throw new BadInputException(
                $"Several generators were trained on model '{target.Name}' and task '{task.Name}': {string.Join(", ", fitting.Select(g => g.Name))}.",
                "Name one with --generator (in a sweep: generator: NAME)."),
        };
    }

    private static bool Fits(GeneratorEntry entry, TargetDescription target, ITask task)
    {
        try
        {
            var record = GeneratorRecord.Read(entry.Folder);
            return record.ModelHash == target.ContentHash && record.TaskFingerprint == task.Fingerprint
                && record.Options.Architecture.Conditioning == ConditioningKind.Control;
        }
        catch (BadInputException)
        {
            // Damaged: who names it is told.
            return false;
        }
    }

    private static bool IsFinished(string folder) => File.Exists(Path.Combine(folder, GeneratorRecord.FileName));

    private static string[] Folders(string parent) =>
        Directory.Exists(parent) ? [.. Directory.GetDirectories(parent).Order(StringComparer.Ordinal)] : [];
}
