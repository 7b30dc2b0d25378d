using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Cli.Commands;

/// <summary><c>spec eval F… --sites …</c>: the whole evaluation of given specs at given sites.</summary>
internal static class SpecEvalCommand
{
    private const long DefaultReferences = 300;

    private static readonly Option<string[]> Where = OptionOf.Texts(
        "--where", "References only where a variable of the task has a value, e.g. harmful=true; several must all hold.", "NAME=VALUE");

    public static Command Create(Shell shell)
    {
        var files = SpecCommands.FilesArgument();
        var command = new Command("eval", "Measure specs at sites: consistency, chance, κ, e-value, bits and verdict.")
        {
            files, MeasurementArguments.Sites, MeasurementArguments.References, Where,
        };
        MeasurementArguments.AddTarget(command);
        MeasurementArguments.AddSampling(command);
        Invocation.SetAction(command, shell, invocation => Run(invocation, invocation.Parse.GetRequiredValue(files)));
        return command;
    }

    private static int Run(Invocation invocation, string[] files)
    {
        var parse = invocation.Parse;
        var task = invocation.Tasks.Find(MeasurementArguments.ReadTask(parse));
        var found = SpecFiles.Read(files, SpecFiles.Context(invocation, task));
        if (found.Any(s => s.Errors.Count > 0))
            return SpecFiles.Refuse(invocation, found);
        var library = new SpecLibrary(task);
        string[] rejected = [.. found.Select(s => (s.File, Why: library.WhyRejected(s.Compiled!))).Where(s => s.Why is not null).Select(s => $"{s.File}: {s.Why}")];
        if (rejected.Length > 0)
            throw new BadInputException(string.Join(Environment.NewLine, rejected));
        var options = MeasurementArguments.Read(parse, DefaultsFor(MeasurementArguments.ReadSampler(parse)));
        var model = invocation.Models.Find(MeasurementArguments.ReadModel(parse));
        using var thread = Compute.Start(parse);
        invocation.Home.Make();
        using var backend = Backends.Open(invocation, thread, model, task, options, invocation.Seed);
        var sites = MeasurementArguments.ReadSites(parse, backend.Target.Layers, backend.Target.Heads, task);
        var rule = new SweepPlan { Name = "", Model = "", Task = "", Sites = [] };
        IReadOnlyList<HypothesisRecord> records;
        using (var progress = invocation.StartProgress())
        {
            records = SpecEvaluation.Measure(
                backend,
                task,
                [.. found.Select(s => new HypothesisDraft(s.Compiled!.Spec, s.Compiled.Feature, HypothesisAuthor.Person, null, []))],
                sites,
                (int)(parse.GetValue(MeasurementArguments.References) ?? DefaultReferences),
                ReadWhere(parse.GetValue(Where) ?? []),
                rule.MinimumKappa,
                rule.FalseDiscoveryRate,
                invocation.Seed,
                progress,
                invocation.Cancel);
        }

        if (invocation.Json)
            invocation.Out.WriteLine(JsonSerializer.Serialize(records, ReportJson.Options));
        else
            Write(invocation, records);
        return ExitCode.Done;
    }

    private static Dictionary<string, string> ReadWhere(string[] given)
    {
        var where = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in given)
        {
            if (one.Split('=', 2) is not [{ Length: > 0 } name, { Length: > 0 } value] || !where.TryAdd(name, value))
                throw new BadInputException($"--where takes NAME=VALUE, each name once, found '{one}'.");
        }

        return where;
    }

    // An enumerated prior is known exactly: every neighbour with its weight, the reference among them, however few.
    private static MeasurementOptions DefaultsFor(SamplerKind? sampler) => sampler == SamplerKind.Enumerate
        ? new MeasurementOptions { Sampler = SamplerKind.Enumerate, Samples = 0, IncludeReference = true, MinimumEss = 0 }
        : new MeasurementOptions();

    private static void Write(Invocation invocation, IReadOnlyList<HypothesisRecord> records)
    {
        Tables.Write(
            invocation.Shell,
            ["#site", "spec", "#rate", "#chance", "#κ, 95 %", "#effect, pairs", "#bits", "#ESS", "#verdict"],
            records.Select(r => new[]
            {
                r.Site, r.Title, Number(r.Fcr, "0.000"), Number(r.Chance, "0.000"), WithInterval(r.Kappa, r.KappaCi),
                r.EffectCi is null ? "–" : string.Create(CultureInfo.InvariantCulture, $"{WithInterval(null, r.EffectCi)} {r.Pairs}"),
                Number(r.Bits, "0.00"), Number(r.Ess, "0"), r.Verdict.ToString().ToLowerInvariant(),
            }));
        invocation.Out.WriteLine("κ is of all references; the verdict rests on the effect, whose test ends as soon as it is sure, after so many pairs.");
        foreach (var record in records.Where(r => r.Verdict is not (HypothesisVerdict.Confirmed or HypothesisVerdict.Refuted)))
            invocation.Out.WriteLine($"{record.Site} {record.Title}: {record.Verdict.ToString().ToLowerInvariant()}, because {record.VerdictReason}");
    }

    private static string WithInterval(double? value, ReportInterval? interval) =>
        $"{(value is null ? "" : Number(value, "0.00") + " ")}{(interval is { } i ? $"[{Number(i.Lower, "0.00")}, {Number(i.Upper, "0.00")}]" : "")}";

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
