using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Tasks;
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

        if (new[] { Path.Combine(trained, nameOrFolder), nameOrFolder }.Any(GeneratorTrainer.HasBegun))
            throw new BadInputException($"The training of generator '{nameOrFolder}' has not ended.", "The command that began it goes on with it.");

        var names = known.Select(g => g.Name).ToArray();
        throw new BadInputException(
            $"There is no generator '{nameOrFolder}'.{NearestName.Hint(nameOrFolder, names)}",
            $"Known: {(names.Length == 0 ? "none" : string.Join(", ", names))}; or give a generator's folder. 'generator train' makes one.");
    }

    /// <summary>The generator that is named, or where none is, the one that fits target, task and basis.</summary>
    /// <param name="nameOrFolder">
    /// Null where none is named. Of several that fit, the user's come before those shipped, and then the one of the default name is taken.
    /// </param>
    /// <exception cref="BadInputException">There is none, several fit, or the one named does not.</exception>
    public GeneratorEntry Fitting(string? nameOrFolder, TargetDescription target, ITask task, Basis basis)
    {
        if (nameOrFolder is not null)
        {
            var named = Find(nameOrFolder);
            GeneratorRecord.Read(named.Folder).CheckFits(named.Folder, target, task, basis);
            return named;
        }

        var fitting = All.Where(g => GeneratorRecord.TryRead(g.Folder)?.Fits(target, task, basis) == true).ToArray();
        // Who has trained one means that.
        if (fitting.Any(g => !g.Shipped))
            fitting = [.. fitting.Where(g => !g.Shipped)];
        if ((fitting.Length == 1 ? fitting[0] : fitting.FirstOrDefault(g => g.Name == DefaultName(target.Name, task.Name))) is { } found)
            return found;
        throw fitting.Length == 0
            ? new BadInputException(
                $"No generator is trained on model '{target.Name}' and task '{task.Name}' in the basis '{basis.ToString().ToLowerInvariant()}'.",
                "Train one with 'generator train', or use the sampler 'bank'.")
            : new BadInputException(
                $"{fitting.Length} generators fit model '{target.Name}' and task '{task.Name}': {string.Join(", ", fitting.Select(g => g.Name))}.",
                "Name one of them: --generator NAME, or generator: NAME in a plan.");
    }

    /// <summary>The name of a generator that was given none.</summary>
    public static string DefaultName(string model, string task) => model == task ? task : $"{model}-{task}";

    /// <summary>The folder of the generator that is shipped with a model; null if there is none.</summary>
    public static string? ShippedWith(string model) =>
        Path.Combine(ModelCatalog.ShippedModels, model, WithinModel) is var folder && IsFinished(folder) ? folder : null;

    private static bool IsFinished(string folder) => File.Exists(Path.Combine(folder, GeneratorRecord.FileName));

    private static string[] Folders(string parent) =>
        Directory.Exists(parent) ? [.. Directory.GetDirectories(parent).Order(StringComparer.Ordinal)] : [];
}
