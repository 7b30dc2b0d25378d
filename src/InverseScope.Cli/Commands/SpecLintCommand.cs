using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;

namespace InverseScope.Cli.Commands;

/// <summary><c>spec lint F…</c>: compiles specs, runs their tests and looks at their labels over a sample of the prior.</summary>
internal static class SpecLintCommand
{
    private const int Texts = 2000;

    public static Command Create(Shell shell)
    {
        var files = SpecCommands.FilesArgument();
        var command = new Command("lint", "Check specs: syntax, types, their tests and, with --task, their labels.") { files };
        MeasurementArguments.AddTarget(command);
        Invocation.SetAction(command, shell, invocation => Run(invocation, invocation.Parse.GetRequiredValue(files)));
        return command;
    }

    private static int Run(Invocation invocation, string[] files)
    {
        var task = invocation.Parse.GetValue(MeasurementArguments.Task) is { } name ? invocation.Tasks.Find(name) : null;
        var specs = SpecFiles.Read(files, SpecFiles.Context(invocation, task, checksOnly: true));
        var reports = Look(invocation, task, specs);
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, specs.Select(s => new
            {
                s.File,
                s.Compiled?.Spec.Id,
                s.Compiled?.Feature.Hash,
                Ok = s.Errors.Count == 0 && reports.GetValueOrDefault(s)?.IsRejected != true,
                s.Errors,
                Labels = reports.GetValueOrDefault(s),
            }));
        }
        else
        {
            Write(invocation, specs, reports);
        }

        SpecFiles.WriteErrors(invocation.Shell, specs);
        var code = SpecFiles.CodeOf(specs);
        return code == ExitCode.Done && reports.Values.Any(r => r.IsRejected) ? ExitCode.Negative : code;
    }

    // What a language model would have to label is checked without its labels.
    private static Dictionary<FoundSpec, LintReport> Look(Invocation invocation, ITask? task, IReadOnlyList<FoundSpec> specs)
    {
        FoundSpec[] sound = [.. specs.Where(s => s.Compiled is { Spec.Llm: null })];
        if (task is null || sound.Length == 0)
            return [];
        var random = invocation.Seed.Stream("lint", task.Fingerprint);
        var lint = new SpecLint(Enumerable.Range(0, Texts).Select(_ => task.Draw(random)), invocation.Shell.Clock);
        var reports = lint.Check([.. sound.Select(s => s.Compiled!)], invocation.Cancel);
        return sound.Zip(reports).ToDictionary();
    }

    private static void Write(
        Invocation invocation, IReadOnlyList<FoundSpec> specs, Dictionary<FoundSpec, LintReport> reports)
    {
        if (reports.Count > 0)
        {
            Tables.Write(
                invocation.Shell,
                ["spec", "#labels", "#entropy", "#undefined", "#failed", "#µs/text"],
                specs.Where(reports.ContainsKey).Select(s => (s.Compiled!.Spec.Id, Report: reports[s])).Select(row => new[]
                {
                    row.Id, Number(row.Report.Labels, "N0"), Number(row.Report.EntropyBits, "0.00"),
                    Number(row.Report.UndefinedShare, "0.0 %"), Number(row.Report.FailedTexts, "N0"),
                    Number(row.Report.MicrosecondsPerText, "0.0"),
                }));
            foreach (var spec in specs.Where(reports.ContainsKey))
            {
                foreach (var finding in reports[spec].Findings)
                    invocation.Out.WriteLine($"{spec.Compiled!.Spec.Id}: {finding.Message}.");
            }
        }

        foreach (var asked in specs.Where(s => s.Compiled?.Spec.Llm is not null))
            invocation.Say($"{asked.File}: it asks a language model, so that its tests and labels were not checked.");
        var sound = specs.Count(s => s.Errors.Count == 0 && reports.GetValueOrDefault(s)?.IsRejected != true);
        invocation.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{sound} of {specs.Count} specs are in order."));
    }

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
