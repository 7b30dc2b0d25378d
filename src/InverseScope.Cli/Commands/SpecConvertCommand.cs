using System.CommandLine;
using InverseScope.Cli.Options;
using InverseScope.Core.Specs;

namespace InverseScope.Cli.Commands;

/// <summary><c>spec convert F</c>: a spec in the other notation, with the same meaning and hash.</summary>
internal static class SpecConvertCommand
{
    public static Command Create(Shell shell)
    {
        var file = SpecCommands.FileArgument();
        var to = OptionOf.Choice<SpecFormat>("--to", "The notation. Default: the other one.");
        var command = new Command("convert", "Write a spec as YAML or as JSON; its meaning and hash stay.") { file, to };
        Invocation.SetAction(command, shell, invocation => Run(
            invocation, invocation.Parse.GetRequiredValue(file), invocation.Parse.GetValue(to)));
        return command;
    }

    private static int Run(Invocation invocation, string file, SpecFormat? to)
    {
        var text = SpecFiles.Text(file);
        var spec = FeatureSpecText.Parse(text, folder: Path.GetDirectoryName(Path.GetFullPath(file))).OrThrow(file).Spec;
        var isJson = text.AsSpan().TrimStart() is ['{', ..];
        invocation.Out.WriteLine(FeatureSpecText.Print(spec, to ?? (isJson ? SpecFormat.Yaml : SpecFormat.Json)).TrimEnd());
        return ExitCode.Done;
    }
}
