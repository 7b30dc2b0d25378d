using System.CommandLine;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core.Specs;

namespace InverseScope.Cli.Commands;

/// <summary><c>spec try F</c>: what a spec says of a few texts.</summary>
internal static class SpecTryCommand
{
    private const long DefaultCount = 10;
    private const long MostTexts = 1_000_000;

    public static Command Create(Shell shell)
    {
        var file = SpecCommands.FileArgument();
        var count = OptionOf.Integer("--count", "How many texts to draw from the task. Default 10.", 1, MostTexts);
        count.Aliases.Add("-n");
        var text = OptionOf.Texts("--text", "Label these texts, instead of drawn ones.", "TEXT");
        var command = new Command("try", "Show a spec's labels on texts of a task, or on texts of your own.")
        {
            file, count, text,
        };
        MeasurementArguments.AddTarget(command);
        Invocation.SetAction(command, shell, invocation => Run(
            invocation,
            invocation.Parse.GetRequiredValue(file),
            invocation.Parse.GetValue(count) ?? DefaultCount,
            invocation.Parse.GetValue(text) ?? []));
        return command;
    }

    private static int Run(Invocation invocation, string file, long count, string[] given)
    {
        var task = given.Length > 0 && invocation.Parse.GetValue(MeasurementArguments.Task) is null
            ? null
            : invocation.Tasks.Find(MeasurementArguments.ReadTask(invocation.Parse));
        var found = SpecFiles.Read(file, SpecFiles.Context(invocation, task));
        if (found.Compiled is not { } compiled)
            return SpecFiles.Refuse(invocation, [found]);

        var random = invocation.Seed.Stream("task-sample");
        var texts = given.Length > 0 ? given : Enumerable.Range(0, (int)count).Select(_ => task!.Draw(random)).ToArray();
        var rows = new List<(string Text, LabelOutcome Outcome)>(texts.Length);
        foreach (var sample in texts)
        {
            invocation.Cancel.ThrowIfCancellationRequested();
            rows.Add((sample, compiled.Feature.Run(sample)));
        }

        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, new
            {
                found.File,
                compiled.Spec.Id,
                compiled.Feature.Hash,
                Ok = true,
                Labels = rows.Select(r => new { r.Text, r.Outcome.Label, r.Outcome.Failure }),
            });
        }
        else
        {
            Tables.Write(invocation.Shell, ["label", "text"], rows.Select(r => new[] { Show(r.Outcome), r.Text }));
        }

        return ExitCode.Done;
    }

    private static string Show(LabelOutcome outcome) =>
        outcome.Label ?? (outcome.Failure is { } failure ? $"(undefined: {failure})" : "(undefined)");
}
