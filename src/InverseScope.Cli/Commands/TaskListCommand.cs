using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Output;
using InverseScope.Core;

namespace InverseScope.Cli.Commands;

/// <summary><c>task list</c>: the tasks that are built in or imported.</summary>
internal static class TaskListCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("list", "List the tasks, built in and imported.");
        Invocation.SetAction(command, shell, Run);
        return command;
    }

    private static int Run(Invocation invocation)
    {
        var tasks = invocation.Tasks;
        var rows = tasks.Names.Select(name => Describe(tasks, name)).ToArray();
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, rows);
            return ExitCode.Done;
        }

        Tables.Write(
            invocation.Shell,
            ["task", "#texts", "description"],
            rows.Select(r => new[] { r.Name, r.Texts?.ToString("N0", CultureInfo.InvariantCulture) ?? "open", r.Description }));
        return ExitCode.Done;
    }

    // One broken file must not hide the other tasks.
    private static TaskRow Describe(Core.Tasks.TaskCatalog tasks, string name)
    {
        try
        {
            var task = tasks.Find(name);
            return new TaskRow(name, task.Count, task.Description, task.PositionNames);
        }
        catch (BadInputException e)
        {
            return new TaskRow(name, null, $"cannot be read: {e.Message}", []);
        }
    }

    /// <param name="Texts">Number of texts if the prior can be enumerated, else null.</param>
    private sealed record TaskRow(string Name, long? Texts, string Description, IReadOnlyList<string> Positions);
}
