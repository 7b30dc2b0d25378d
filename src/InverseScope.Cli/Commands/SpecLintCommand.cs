using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core.Sampling;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics;
using InverseScope.Core.Tasks;

namespace InverseScope.Cli.Commands;

/// <summary><c>spec lint F…</c>: compiles specs, runs their tests and looks at their labels over a sample of the prior.</summary>
internal static class SpecLintCommand
{
    private const int Texts = 2000;
    private const double MostlyUndefined = 0.95;
    private const double NearlyUnique = 0.9;
    private const double SamePartition = 0.98;

    public static Command Create(Shell shell)
    {
        var files = SpecCommands.FilesArgument();
        var command = new Command("lint", "Check specs: syntax, types, their tests and, with --task, their labels.") { files, MeasurementArguments.Task };
        Invocation.SetAction(command, shell, invocation => Run(invocation, invocation.Parse.GetRequiredValue(files)));
        return command;
    }

    private static int Run(Invocation invocation, string[] files)
    {
        var task = invocation.Parse.GetValue(MeasurementArguments.Task) is { } name ? invocation.Tasks.Find(name) : null;
        var specs = SpecFiles.Read(files, new CompileContext(task?.Lexicons));
        var looks = task is null ? [] : Look(invocation, task, specs);
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, specs.Select(s => new
            {
                s.File,
                s.Compiled?.Spec.Id,
                s.Compiled?.Feature.Hash,
                Ok = s.Errors.Count == 0,
                s.Errors,
                Labels = looks.FirstOrDefault(l => l.File == s.File),
            }));
        }
        else
        {
            Write(invocation, specs, looks);
        }

        SpecFiles.WriteErrors(invocation.Shell, specs);
        return SpecFiles.CodeOf(specs);
    }

    private static void Write(Invocation invocation, IReadOnlyList<FoundSpec> specs, IReadOnlyList<LabelLook> looks)
    {
        if (looks.Count > 0)
        {
            Tables.Write(
                invocation.Shell,
                ["spec", "#labels", "#entropy", "#undefined", "#µs/text", "remarks"],
                looks.Select(l => new[]
                {
                    l.Id, Invariant($"{l.Labels:N0}"), Invariant($"{l.EntropyBits:0.00}"), Invariant($"{l.UndefinedShare:0.0 %}"),
                    Invariant($"{l.MicrosecondsPerText:0.0}"), string.Join("; ", l.Remarks),
                }));
        }

        var sound = specs.Count(s => s.Errors.Count == 0);
        invocation.Out.WriteLine(Invariant($"{sound} of {specs.Count} specs are in order."));
    }

    private static List<LabelLook> Look(Invocation invocation, ITask task, IReadOnlyList<FoundSpec> specs)
    {
        var random = invocation.Seed.Stream("lint", task.Fingerprint);
        var pool = new TextPool();
        var ids = Enumerable.Range(0, Texts).Select(_ => pool.Add(task.Draw(random))).ToArray();
        var looks = new List<LabelLook>();
        var partitions = new List<(string Id, int[] Codes)>();
        foreach (var found in specs.Where(s => s.Compiled is not null))
        {
            var (spec, feature) = found.Compiled!;
            var column = new LabelColumn(feature, pool);
            var codes = new int[ids.Length];
            var began = invocation.Shell.Clock.GetTimestamp();
            column.Read(ids, codes, invocation.Cancel);
            var microseconds = invocation.Shell.Clock.GetElapsedTime(began).TotalMicroseconds / pool.Count;
            looks.Add(Describe(found.File, spec.Id, codes, microseconds, partitions));
            partitions.Add((spec.Id, codes));
        }

        return looks;
    }

    private static LabelLook Describe(
        string file, string id, int[] codes, double microseconds, IReadOnlyList<(string Id, int[] Codes)> earlier)
    {
        var defined = codes.Where(c => c != LabelColumn.Undefined).ToArray();
        var counts = defined.GroupBy(c => c).Select(g => g.Count()).ToArray();
        var entropy = counts.Sum(n => -(double)n / defined.Length * Math.Log2((double)n / defined.Length));
        var undefined = 1 - (double)defined.Length / codes.Length;
        var remarks = new List<string>();
        if (undefined > MostlyUndefined)
            remarks.Add("undefined nearly everywhere");
        if (counts.Length == 1)
            remarks.Add("constant: nothing to measure");
        if (defined.Length > 1 && counts.Length > NearlyUnique * defined.Length)
            remarks.Add("another label for nearly every text");
        remarks.AddRange(earlier
            .Where(e => counts.Length > 1 && AdjustedMutualInformation.Of(e.Codes, codes) >= SamePartition)
            .Select(e => $"the same partition as {e.Id}"));
        return new LabelLook(file, id, counts.Length, entropy, undefined, microseconds, remarks);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A spec's labels over texts of the prior.</summary>
    private sealed record LabelLook(
        string File, string Id, int Labels, double EntropyBits, double UndefinedShare, double MicrosecondsPerText,
        IReadOnlyList<string> Remarks);
}
