using System.CommandLine;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;

namespace InverseScope.Cli.Commands;

/// <summary><c>model import DIR</c>: a folder in Hugging Face layout becomes a model of this home.</summary>
internal static class ModelImportCommand
{
    public static Command Create(Shell shell)
    {
        var folder = new Argument<string>("folder")
        {
            Description = "A folder in Hugging Face layout: config.json, safetensors, tokenizer.",
            HelpName = "DIR",
        };
        var name = OptionOf.Text("--name", "The model's name. Default: the folder's.", "NAME");
        var force = new Option<bool>("--force") { Description = "Replace an imported model of that name." };
        var command = new Command("import", "Check a model folder, weights included, and keep a copy.") { folder, name, force };
        Invocation.SetAction(command, shell, invocation => Run(
            invocation,
            invocation.Parse.GetRequiredValue(folder),
            invocation.Parse.GetValue(name),
            invocation.Parse.GetValue(force)));
        return command;
    }

    private static int Run(Invocation invocation, string folder, string? givenName, bool force)
    {
        var name = givenName ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        NameRule.Check(name, "model");
        using var thread = Compute.Start(invocation.Parse);
        var entry = invocation.Models.Import(folder, name, force, thread);
        if (invocation.Json)
            Json.WriteDocument(invocation.Out, entry);
        else
            invocation.Out.WriteLine($"Model '{entry.Name}' is kept in {entry.Folder}.");
        return ExitCode.Done;
    }
}
