using System.CommandLine;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;

namespace InverseScope.Cli.Commands;

/// <summary><c>task import FILE</c>: a user's texts or templates become a task of this home.</summary>
internal static class TaskImportCommand
{
    public static Command Create(Shell shell)
    {
        var file = new Argument<string>("file")
        {
            Description = "A file: .txt with one text in each line, .jsonl with a field \"text\", or templates as .yaml.",
            HelpName = "FILE",
        };
        var name = OptionOf.Text("--name", "The task's name. Default: the file's.", "NAME");
        var force = new Option<bool>("--force") { Description = "Replace a task of that name." };
        var command = new Command("import", "Check a file of texts or templates and keep it as a task.") { file, name, force };
        Invocation.SetAction(command, shell, invocation => Run(
            invocation,
            invocation.Parse.GetRequiredValue(file),
            invocation.Parse.GetValue(name),
            invocation.Parse.GetValue(force)));
        return command;
    }

    private static int Run(Invocation invocation, string file, string? givenName, bool force)
    {
        if (!File.Exists(file))
            throw new BadInputException($"There is no file '{file}'.");
        var name = givenName ?? Path.GetFileNameWithoutExtension(file);
        NameRule.Check(name, "task");
        var task = invocation.Tasks.Find(Path.GetFullPath(file));
        var replaced = invocation.Tasks.Names.Contains(name);
        var earlier = replaced ? ImportedFile(invocation, name) : null;
        if (replaced && (earlier is null || !force))
        {
            throw new BadInputException(
                $"There is a task '{name}' already.",
                earlier is null ? "It is built in: choose another with --name." : "Replace it with --force, or choose another with --name.");
        }

        invocation.Home.Make();
        Directory.CreateDirectory(invocation.Home.Tasks);
        var target = Path.Combine(invocation.Home.Tasks, name + Path.GetExtension(file));
        File.Copy(file, target + ".new", overwrite: true);
        if (earlier is not null)
            File.Delete(earlier);
        File.Move(target + ".new", target, overwrite: true);
        if (invocation.Json)
            Json.WriteDocument(invocation.Out, new { Name = name, File = target, Texts = task.Count, task.Fingerprint });
        else
            invocation.Out.WriteLine($"Task '{name}': {task.Description} Kept as {target}.");
        return ExitCode.Done;
    }

    private static string? ImportedFile(Invocation invocation, string name) =>
        Directory.Exists(invocation.Home.Tasks)
            ? Directory.EnumerateFiles(invocation.Home.Tasks).FirstOrDefault(f => Path.GetFileNameWithoutExtension(f) == name)
            : null;
}
