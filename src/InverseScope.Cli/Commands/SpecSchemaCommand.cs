using System.CommandLine;
using System.Text.Json;
using InverseScope.Core.Specs;

namespace InverseScope.Cli.Commands;

/// <summary><c>spec schema</c>: the JSON Schema of specs.</summary>
internal static class SpecSchemaCommand
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create(Shell shell)
    {
        var command = new Command("schema", "Print the JSON Schema of specs, for editors and language models.");
        Invocation.SetAction(command, shell, invocation =>
        {
            invocation.Out.WriteLine(FeatureSpecText.Schema().ToJsonString(Indented));
            return ExitCode.Done;
        });
        return command;
    }
}
