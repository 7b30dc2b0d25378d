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
        var keys = OptionOf.Texts("--key-variable", "Environment variables whose values plans may have sent to their language models. Default OPENAI_API_KEY.", "NAME");
        command.Add(keys);
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
            if (invocation.Parse.GetValue(keys) is { Length: > 0 } named)
                options = options with { KeyVariables = named };
            using var compute = WorkerCommand.Compute(invocation);
            McpStdio.RunAsync(options, _ => compute, invocation.Cancel).GetAwaiter().GetResult();
            return ExitCode.Done;
        });
        return command;
    }
}
