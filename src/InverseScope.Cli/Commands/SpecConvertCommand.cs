using System.CommandLine;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
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
        var parsed = FeatureSpecFile.Parse(file);
        if (parsed.Value is not { } found)
            return SpecFiles.Refuse(invocation, [new FoundSpec(file, null, parsed.Errors)]);
        var format = to ?? (found.Format == SpecFormat.Json ? SpecFormat.Yaml : SpecFormat.Json);
        var text = FeatureSpecText.Print(found.Spec, format);
        if (invocation.Json)
            Json.WriteDocument(invocation.Out, new { file, found.Spec.Id, Hash = found.Spec.ComputeHash(), format, text });
        else
            invocation.Out.WriteLine(text.TrimEnd());
        return ExitCode.Done;
    }
}
