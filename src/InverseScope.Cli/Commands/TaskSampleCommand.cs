using System.CommandLine;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;

namespace InverseScope.Cli.Commands;

/// <summary><c>task sample T -n N</c>: texts drawn from a task's prior.</summary>
internal static class TaskSampleCommand
{
    private const long DefaultCount = 10;

    public static Command Create(Shell shell)
    {
        var task = TaskCommands.TaskArgument();
        var count = OptionOf.Integer("--count", "How many. Default 10.");
        count.Aliases.Add("-n");
        var command = new Command("sample", "Draw texts from a task's prior, one a line.") { task, count };
        Invocation.SetAction(command, shell, invocation => Run(
            invocation, invocation.Parse.GetRequiredValue(task), invocation.Parse.GetValue(count) ?? DefaultCount));
        return command;
    }

    private static int Run(Invocation invocation, string name, long count)
    {
        var task = invocation.Tasks.Find(name);
        var random = invocation.Seed.Stream("task-sample");
        for (long i = 0; i < count; i++)
        {
            invocation.Cancel.ThrowIfCancellationRequested();
            var text = task.Draw(random);
            if (invocation.Json)
                Json.WriteLine(invocation.Out, new { Text = text, LogProbability = task.LogProbability(text) });
            else
                invocation.Out.WriteLine(text);
        }

        return ExitCode.Done;
    }
}
