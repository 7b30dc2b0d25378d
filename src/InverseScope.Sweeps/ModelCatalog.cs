using InverseScope.Core;
using InverseScope.Core.Machine;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;

namespace InverseScope.Sweeps;

/// <summary>A target model that can be named.</summary>
/// <param name="Name">On the command line and in results.</param>
/// <param name="Folder">In Hugging Face layout.</param>
/// <param name="Shipped">Whether it came with the program.</param>
public sealed record ModelEntry(string Name, string Folder, bool Shipped);

/// <summary>Finds target models by name, shipped or imported, or by their folder.</summary>
/// <param name="imported">Folder with a user's models, a folder each; need not exist.</param>
public sealed class ModelCatalog(string imported)
{
    private const string ReferenceNumbers = "golden.json";

    internal static string ShippedModels => Path.Combine(AppContext.BaseDirectory, "models");

    /// <summary>Shipped models, then imported ones, each in alphabetical order.</summary>
    public IReadOnlyList<ModelEntry> All =>
    [
        .. Folders(ShippedModels).Select(f => new ModelEntry(Path.GetFileName(f), f, Shipped: true)),
        .. Folders(imported)
            .Where(f => !Directory.Exists(Path.Combine(ShippedModels, Path.GetFileName(f))))
            .Select(f => new ModelEntry(Path.GetFileName(f), f, Shipped: false)),
    ];

    /// <summary>The model of a name, or of a folder.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public ModelEntry Find(string nameOrFolder)
    {
        var known = All;
        if (known.FirstOrDefault(m => m.Name == nameOrFolder) is { } named)
            return named;
        if (Directory.Exists(nameOrFolder))
        {
            var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(nameOrFolder));
            return new ModelEntry(Path.GetFileName(folder), folder, Shipped: false);
        }

        var names = known.Select(m => m.Name).ToArray();
        throw new BadInputException(
            $"There is no model '{nameOrFolder}'.{NearestName.Hint(nameOrFolder, names)}",
            $"Known: {(names.Length == 0 ? "none" : string.Join(", ", names))}; or give a folder in Hugging Face layout.");
    }

    /// <summary>Checks a folder, weights included, and keeps a copy of what the model needs.</summary>
    /// <param name="replace">Whether an imported model of that name gives way.</param>
    /// <param name="thread">Loads the weights once, so that a wrong shape is found now.</param>
    /// <exception cref="BadInputException">The folder is no model that can be run, or the name is taken.</exception>
    /// <exception cref="OutsideServiceException">The disk is full.</exception>
    public ModelEntry Import(string folder, string name, bool replace, TorchThread thread)
    {
        if (All.FirstOrDefault(m => m.Name == name) is { } taken && (taken.Shipped || !replace))
        {
            throw new BadInputException(
                $"There is a model '{name}' already.",
                taken.Shipped
                    ? "It came with the program: choose another name with --name."
                    : "Choose another name with --name, or replace it with --force.");
        }

        using (var target = TargetModel.Open(folder, thread, name))
            target.LoadWeights();
        var entry = new ModelEntry(name, Path.Combine(imported, name), Shipped: false);
        try
        {
            Directory.CreateDirectory(imported);
            WholeFile.WriteFolder(entry.Folder, arriving =>
            {
                foreach (var file in TargetContent.Files(folder).Append(Path.Combine(folder, ReferenceNumbers)).Where(File.Exists))
                    File.Copy(file, Path.Combine(arriving, Path.GetFileName(file)));
            });
        }
        catch (IOException e)
        {
            throw new OutsideServiceException($"The model cannot be copied to '{imported}': {e.Message}", e);
        }

        return entry;
    }

    // A folder without a config is a training that has not ended; one that is still being copied has another name than a model.
    private static string[] Folders(string parent) => Directory.Exists(parent)
        ? [.. Directory.GetDirectories(parent)
            .Where(f => !f.EndsWith(WholeFile.ArrivingEnding, StringComparison.Ordinal) && File.Exists(Path.Combine(f, ConfigFile.Name)))
            .Order(StringComparer.Ordinal)]
        : [];
}
