using InverseScope.Core;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;

namespace InverseScope.Service.Desk;

/// <summary>
/// What may be named in the service: what the catalogues list. On a command line a path is a person's own file; here it
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
}
