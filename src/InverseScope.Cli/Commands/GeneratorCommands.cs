using System.CommandLine;

namespace InverseScope.Cli.Commands;

/// <summary><c>generator</c>: conditional generators, made and measured.</summary>
internal static class GeneratorCommands
{
    public static Command Create(Shell shell) =>
        new("generator", "Conditional generators: write texts for an activation where a bank has too few.")
        {
            GeneratorListCommand.Create(shell),
            GeneratorTrainCommand.Create(shell),
            GeneratorEvalCommand.Create(shell),
        };
}
