using System.CommandLine;

namespace InverseScope.Cli.Commands;

/// <summary><c>model …</c>: the targets whose activations are studied.</summary>
internal static class ModelCommands
{
    public static Command Create(Shell shell) => new("model", "Models: the targets whose activations are studied.")
    {
        ModelListCommand.Create(shell),
        ModelShowCommand.Create(shell),
        ModelImportCommand.Create(shell),
        ModelPullCommand.Create(shell),
        ModelCheckCommand.Create(shell),
        ModelTrainCommand.Create(shell),
    };
}
