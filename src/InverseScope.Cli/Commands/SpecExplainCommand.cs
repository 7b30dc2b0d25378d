using System.CommandLine;
using InverseScope.Cli.Output;
using InverseScope.Core.Specs;

namespace InverseScope.Cli.Commands;

/// <summary><c>spec explain F…</c>: what specs compute, in a sentence each.</summary>
internal static class SpecExplainCommand
{
    public static Command Create(Shell shell)
    {
        var files = SpecCommands.FilesArgument();
        var command = new Command("explain", "Say in a sentence what each spec computes.") { files };
        Invocation.SetAction(command, shell, invocation => Run(invocation, invocation.Parse.GetRequiredValue(files)));
        return command;
    }

    private static int Run(Invocation invocation, string[] files)
    {
        var specs = files.Select(file => (File: file, Result: FeatureSpecFile.Parse(file))).ToArray();
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, specs.Select(s => new
            {
                s.File,
                s.Result.Value?.Spec.Id,
                Hash = s.Result.Value?.Spec.ComputeHash(),
                Ok = s.Result.Value is not null,
                Explanation = s.Result.Value is { } parsed ? FeatureExplanation.Of(parsed.Spec) : null,
                s.Result.Errors,
            }));
        }
        else
        {
            foreach (var spec in specs.Select(s => s.Result.Value?.Spec).OfType<FeatureSpec>())
                invocation.Out.WriteLine($"{spec.Id}: {FeatureExplanation.Of(spec)}");
        }

        FoundSpec[] found = [.. specs.Select(s => new FoundSpec(s.File, null, s.Result.Errors))];
        SpecFiles.WriteErrors(invocation.Shell, found);
        return SpecFiles.CodeOf(found);
    }
}
