using InverseScope.Core;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;

namespace InverseScope.Service.Desk;

/// <summary>
/// What may be named in the service: what the catalogues list, and files in the home. On a command line a path is a person's own file; here it
/// would be any file of the machine, asked for by whoever reaches the service.
/// </summary>
internal static class Named
{
    /// <exception cref="BadInputException">There is no task of this name.</exception>
    public static ITask Task(Workspace workspace, string name)
    {
        var names = workspace.Tasks.Names;
        return names.Contains(name)
            ? workspace.Tasks.Find(name)
            : throw new BadInputException($"There is no task '{name}'.{NearestName.Hint(name, names)}", $"Known: {string.Join(", ", names)}.");
    }

    /// <exception cref="BadInputException">There is no model of this name.</exception>
    public static ModelEntry Model(Workspace workspace, string name)
    {
        var known = workspace.Models.All;
        string[] names = [.. known.Select(m => m.Name)];
        return known.FirstOrDefault(m => m.Name == name)
            ?? throw new BadInputException($"There is no model '{name}'.{NearestName.Hint(name, names)}", $"Known: {(names.Length == 0 ? "none" : string.Join(", ", names))}.");
    }

    /// <exception cref="BadInputException">The plan names a model, a task or a file outside the home.</exception>
    public static void Check(Workspace workspace, SweepPlan plan)
    {
        Check(workspace, "model", plan.Model);
        Check(workspace, "task", plan.Task);
        Check(workspace, "generator", plan.Measurement.Generator);
        Check(workspace, "script", plan.LanguageModel?.Chat.Script);
        foreach (var file in plan.SpecFiles)
            Check(workspace, "specs", file);
    }

    // A name without a folder is looked up in catalogues of the home, unless something of that name lies where the service was started.
    private static void Check(Workspace workspace, string key, string? nameOrPath)
    {
        if (nameOrPath is null)
            return;
        var isPath = nameOrPath.Contains('/', StringComparison.Ordinal) || nameOrPath.Contains('\\', StringComparison.Ordinal)
            || nameOrPath is "." or ".." || (Path.Exists(nameOrPath) && !IsListed(workspace, key, nameOrPath));
        if (isPath && !Path.GetFullPath(nameOrPath).StartsWith(workspace.Home.Path + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new BadInputException(
                $"'{key}' names something outside the home of the service.", "Import models and tasks and name them, save specs in the service, and put other files into its home.");
        }
    }

    private static bool IsListed(Workspace workspace, string key, string name) => key switch
    {
        "model" => workspace.Models.All.Any(m => m.Name == name),
        "task" => workspace.Tasks.Names.Contains(name),
        "generator" => workspace.Generators.All.Any(g => g.Name == name),
        _ => false,
    };
}
