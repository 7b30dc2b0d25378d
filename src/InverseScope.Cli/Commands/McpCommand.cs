using System.CommandLine;
using InverseScope.Cli.Options;
using InverseScope.Service;
using InverseScope.Service.Mcp;

namespace InverseScope.Cli.Commands;

/// <summary><c>mcp</c>: the Model Context Protocol over standard input and output, for a client that starts this program.</summary>
internal static class McpCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("mcp", "Let a client of the Model Context Protocol propose hypotheses, over standard input and output.");
        MeasurementArguments.AddCompute(command);
        Invocation.SetAction(command, shell, invocation =>
        {
            var options = new ServiceOptions
            {
                Home = invocation.Home,
                Version = CommandLine.Version,
                Variable = shell.Variable,
                Clock = shell.Clock,
            };
            using var compute = WorkerCommand.Compute(invocation);
            McpStdio.RunAsync(options, _ => compute, invocation.Cancel).GetAwaiter().GetResult();
            return ExitCode.Done;
        });
        return command;
    }
}
