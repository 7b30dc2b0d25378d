using System.CommandLine;

namespace InverseScope.Cli.Commands;

/// <summary><c>spec …</c>: hand-written feature specs.</summary>
internal static class SpecCommands
{
    public static Command Create(Shell shell) => new("spec", "Feature specs: hypotheses as functions from text to label.")
    {
        SpecSchemaCommand.Create(shell),
        SpecLintCommand.Create(shell),
        SpecTryCommand.Create(shell),
        SpecEvalCommand.Create(shell),
        SpecExplainCommand.Create(shell),
        SpecConvertCommand.Create(shell),
    };

    public static Argument<string[]> FilesArgument() => new("file")
    {
        Description = "Spec files, YAML or JSON.",
        HelpName = "FILE",
        Arity = ArgumentArity.OneOrMore,
    };

    public static Argument<string> FileArgument() => new("file") { Description = "A spec file, YAML or JSON.", HelpName = "FILE" };
}
