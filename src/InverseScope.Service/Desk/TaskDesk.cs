using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Service.Desk;

/// <summary>A task in a line.</summary>
/// <param name="Texts">Number of texts if the prior can be enumerated, else null.</param>
public sealed record TaskRow(string Name, long? Texts, string Description, IReadOnlyList<string> Positions);

/// <summary>Everything about one task, with a few of its texts.</summary>
/// <param name="Fingerprint">Changes whenever the prior does.</param>
/// <param name="Texts">As in <see cref="TaskRow"/>.</param>
/// <param name="Variables">What specs and references may ask of its texts.</param>
public sealed record TaskView(
    string Name, string Description, string Fingerprint, long? Texts, IReadOnlyList<string> Positions, IReadOnlyList<string> Variables,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Lexicons, IReadOnlyList<string> Examples);

/// <summary>A draw from a task's prior.</summary>
/// <param name="LogProbability">Natural logarithm; null where it is not known.</param>
public sealed record TaskText(string Text, double? LogProbability);

/// <summary>Tasks that can be named.</summary>
public sealed class TaskDesk(Workspace workspace)
{
    private const int Examples = 4;

    public IReadOnlyList<TaskRow> All => [.. workspace.Tasks.Names.Select(RowOf)];

    /// <exception cref="BadInputException">There is none of this name.</exception>
    public ITask Find(string name) => Named.Task(workspace, name);

    public static TaskView Describe(ITask task, long seed) => new(
        task.Name, task.Description, task.Fingerprint, task.Count, task.PositionNames, (task as IVariableTask)?.Variables ?? [], task.Lexicons,
        [.. Draw(task, Examples, seed, CancellationToken.None).Select(t => t.Text)]);

    /// <summary>Texts drawn from the prior; the same ones for a seed.</summary>
    public static IReadOnlyList<TaskText> Draw(ITask task, int count, long seed, CancellationToken cancel)
    {
        var random = new RunSeed(seed).Stream("task-sample");
        var texts = new List<TaskText>(count);
        for (var i = 0; i < count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            var text = task.Draw(random);
            texts.Add(new TaskText(text, task.LogProbability(text)));
        }

        return texts;
    }

    // One broken file must not hide the other tasks.
    private TaskRow RowOf(string name)
    {
        try
        {
            var task = workspace.Tasks.Find(name);
            return new TaskRow(name, task.Count, task.Description, task.PositionNames);
        }
        catch (BadInputException e)
        {
            return new TaskRow(name, null, $"cannot be read: {e.Message}", []);
        }
    }
}
