using System.CommandLine;

namespace InverseScope.Cli.Commands;

/// <summary><c>task …</c>: the priors over input texts.</summary>
internal static class TaskCommands
{
    public static Command Create(Shell shell) => new("task", "Tasks: the priors that input texts are drawn from.")
    {
        TaskListCommand.Create(shell),
        TaskShowCommand.Create(shell),
        TaskSampleCommand.Create(shell),
        TaskImportCommand.Create(shell),
    };

    /// <summary>The task that a command is about.</summary>
    public static Argument<string> TaskArgument() => new("task") { Description = "A task's name, or a file.", HelpName = "TASK" };
}
