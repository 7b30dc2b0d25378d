using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Reports;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;

namespace InverseScope.Cli.Commands;

/// <summary><c>generator eval</c>: how well generators invert, side by side.</summary>
internal static class GeneratorEvalCommand
{
    private const int DefaultReferences = 40;
    private const int DefaultSamples = 25;
    private const int WorstShown = 10;
    private static readonly double[] DefaultEpsilons = [0.02, 0.05, 0.1, 0.2];

    public static Command Create(Shell shell)
    {
        var names = new Argument<string[]>("GENERATOR") { Description = "Names or folders of generators of the same target and task.", Arity = ArgumentArity.OneOrMore };
        var epsilons = OptionOf.Numbers("--epsilons", "Distances at which a sample is refused. Default 0.02 0.05 0.1 0.2.");
        var samples = OptionOf.Integer("--samples", "Texts for each reference, and with --exact draws of P(x; ẑ). Default 25.", 1, 10_000);
        var exact = new Option<bool>("--exact") { Description = "Also compare with the exact P(x; ẑ), on every text of a prior that can be enumerated: total variation and missed mass at --epsilon." };
        var specs = OptionOf.Texts("--specs", "With --exact, also compare consistency rates of these specs with the exact ones: by --draws texts of the generator, by a bank of --bank-size draws, and by both.", "FILE");
        var command = new Command("eval", "Measure generators: refusal rates, bits, distinct samples, site by site.")
        {
            names, epsilons, samples, exact, specs, MeasurementArguments.References, MeasurementArguments.Sites,
        };
        MeasurementArguments.AddEvaluation(command);
        Invocation.SetAction(command, shell, invocation => Run(
            invocation, invocation.Parse.GetRequiredValue(names), invocation.Parse.GetValue(epsilons) is { Length: > 0 } given ? [.. given.Distinct()] : DefaultEpsilons,
            (int)(invocation.Parse.GetValue(samples) ?? DefaultSamples), invocation.Parse.GetValue(exact), invocation.Parse.GetValue(specs) ?? []));
        return command;
    }

    private static int Run(Invocation invocation, string[] names, double[] epsilons, int samples, bool exact, string[] specs)
    {
        var parse = invocation.Parse;
        GeneratorEntry[] entries = [.. names.Select(invocation.Generators.Find)];
        using var thread = Compute.Start(parse);
        GeneratorRecord[] records = [.. entries.Select(e => GeneratorRecord.Read(e.Folder))];
        var first = records[0];
        var model = invocation.Models.Find(MeasurementArguments.GivenModel(parse) ?? KnownName(
            first.Model, "model", "--model", invocation.Models.All.Select(m => m.Name)));
        var task = invocation.Tasks.Find(MeasurementArguments.GivenTask(parse) ?? first.Task);
        if (exact && !ExactConditional.IsPossible(task))
            throw new BadInputException($"Task '{task.Name}' has too many texts to enumerate.", "Leave --exact out.");
        if (specs.Length == 0 && MeasurementArguments.GivesDraws(parse))
            throw new BadInputException("--draws and --bank-size are how many texts consistency rates are measured by.", "Add --exact and --specs, or leave them out.");
        if (specs.Length > 0 && !exact)
            throw new BadInputException("--specs are compared with exact rates.", "Add --exact.");
        var found = SpecFiles.Read(specs, SpecFiles.Context(invocation, task));
        if (found.Any(s => s.Errors.Count > 0))
            return SpecFiles.Refuse(invocation, found);
        using var target = TargetModel.Open(model.Folder, thread, model.Name, format: (task as TextFileTask)?.Format);
        var measurement = MeasurementArguments.Read(parse, new MeasurementOptions { Basis = first.Options.Basis });
        foreach (var (entry, record) in entries.Zip(records))
            record.CheckFits(entry.Folder, target.Description, task, measurement.Basis);
        var references = GeneratorEvaluation.References(
            task, records, (int)(parse.GetValue(MeasurementArguments.References) ?? DefaultReferences), invocation.Seed);
        var given = MeasurementArguments.GivenSites(parse, target.Description.Layers, target.Description.Heads, task);
        Site[][] sites = [.. records.Select(record => given?.ToArray() ?? [.. record.Sites.Select(s => SitePattern.ExpandAll(
            [s], target.Description.Layers, target.Description.Heads, null, task).Single())])];
        foreach (var ((entry, record), of) in entries.Zip(records).Zip(sites))
            record.CheckSites(entry.Folder, of);
        var measured = new List<Measured>();
        using (var progress = invocation.StartProgress())
        {
            var draws = exact ? Exact(sites.SelectMany(s => s).Distinct().ToArray()) : [];
            var evaluation = new GeneratorEvaluation(target, task, references, measurement, invocation.Seed);
            foreach (var (entry, of) in entries.Zip(sites))
            {
                using var generator = Generator.Open(entry.Folder, thread);
                var results = new List<SiteInversion>();
                foreach (var (done, site) in of.Index())
                {
                    invocation.Cancel.ThrowIfCancellationRequested();
                    progress?.Report(new WorkProgress($"inverting with {entry.Name}", done, of.Length, "sites"));
                    results.Add(evaluation.Measure(generator, site, samples, epsilons, new DrawOptions(measurement.Temperature, measurement.TopP), draws.GetValueOrDefault(site), invocation.Cancel));
                }

                measured.Add(Measured.Of(entry.Name, generator.Record, epsilons, results, found.Count == 0 ? null : Rates(entry, of)));
            }

            IReadOnlyList<AgreementCell> Rates(GeneratorEntry entry, Site[] of) => new ConsistencyAgreement(
                options => Backends.Open(invocation, thread, model, task, options, invocation.Seed), measurement with { Generator = entry.Folder }).Measure(
                [.. found.Select(s => new HypothesisDraft(s.Compiled!.Spec, s.Compiled.Feature, HypothesisAuthor.Person, null, []))], of,
                [.. references.Distinct()], invocation.Seed, progress, invocation.Cancel);

            Dictionary<Site, ExactDraw[][]> Exact(Site[] all) => all.Zip(new ExactConditional(target, task, measurement, invocation.Seed)
                .Draw(all, references, samples, progress, invocation.Cancel)).ToDictionary(s => s.First, s => s.Second);
        }

        if (invocation.Json)
            Json.WriteDocument(invocation.Out, new { Model = target.Description.Name, Task = task.Name, Measurement = new { measurement.Distance, measurement.NormBand, measurement.Basis, measurement.Kernel, measurement.Epsilon, measurement.Temperature, measurement.TopP }, Generators = measured });
        else
            Write(invocation, measured, epsilons, measurement);
        return ExitCode.Done;
    }

    // The record has names: what was given by its folder must be given again.
    private static string KnownName(string name, string what, string option, IEnumerable<string> known) => known.Contains(name)
        ? name
        : throw new BadInputException($"The generator was trained on {what} '{name}', which is not known by that name here.", $"Give its folder with {option}.");

    private static void Write(Invocation invocation, IReadOnlyList<Measured> measured, double[] epsilons, MeasurementOptions measurement)
    {
        Tables.Write(
            invocation.Shell,
            ["generator", "kind", "#ε", "#refused, mean", "#worst", "worst site", "#bits", "#distinct", "#no text"],
            measured.SelectMany(m => epsilons.Select((e, i) => new[]
            {
                i == 0 ? m.Generator : "", i == 0 ? m.Conditioning.ToString().ToLowerInvariant() : "", Invariant($"{e}"), Invariant($"{m.Mean.RefusalRate[i].Rate:0.0 %}"),
                Invariant($"{m.Worst.RefusalRate[i].Rate:0.0 %}"), m.Worst.Sites[i], i == 0 ? Invariant($"{m.Mean.Bits:0.00}") : "",
                i == 0 ? Invariant($"{m.Mean.DistinctShare:0.0 %}") : "", i == 0 ? Invariant($"{m.Mean.InvalidShare + m.Mean.UnfinishedShare:0.0 %}") : "",
            })));
        foreach (var m in measured.Where(m => m.Mean.PriorGap > TokenBitsRecord.TolerablePriorGap))
            invocation.Out.WriteLine(Invariant($"The backbone of {m.Generator} has not learnt the prior: {m.Mean.PriorGap:0.00} of its bits are that, and not the activations. Train it longer (--backbone-steps)."));
        if (measured.All(m => m.Mean.TotalVariation is not null))
        {
            invocation.Out.WriteLine();
            invocation.Out.WriteLine(Invariant($"Against the exact P(x; ẑ) at ε = {measurement.Epsilon} ({measurement.Kernel.ToString().ToLowerInvariant()} kernel):"));
            Tables.Write(
                invocation.Shell,
                ["generator", "#total variation", "#missed mass"],
                measured.Select(m => new[] { m.Generator, Invariant($"{m.Mean.TotalVariation:0.000}"), Invariant($"{m.Mean.MissedMass:0.0 %}") }));
        }

        if (measured.All(m => m.Agreement is not null))
        {
            invocation.Out.WriteLine();
            invocation.Out.WriteLine("Consistency rates against the exact ones, over sites and specs:");
            Tables.Write(
                invocation.Shell,
                ["generator", "by", "#within own 95 % interval", "#mean error", "site and spec furthest off"],
                measured.SelectMany(m => m.Agreement!.Ways.Select((w, i) => new[]
                {
                    i == 0 ? m.Generator : "", w.By, w.Within is null ? "" : Invariant($"{w.Within} of {w.Cells} ({w.Within / (double)w.Cells:0.0 %})"), Invariant($"{w.MeanError:0.000}"),
                    w.Furthest is { } c ? Invariant($"{c.Site} {c.Title}: {c.Rate:0.000} for {c.Exact:0.000}") : "",
                })));
        }

        var at = Array.IndexOf(epsilons, 0.1) is >= 0 and var known ? known : epsilons.Length - 1;
        var worst = measured[0].Sites.OrderByDescending(s => s.RefusalRate[at].Rate).Take(WorstShown).Select(s => s.Site).ToArray();
        invocation.Out.WriteLine();
        invocation.Out.WriteLine(Invariant($"The sites that {measured[0].Generator} refuses most at ε = {epsilons[at]}:"));
        Tables.Write(
            invocation.Shell,
            ["site", .. measured.SelectMany(m => new[] { $"#{m.Generator}", "#bits" })],
            worst.Select(site => new[] { site }.Concat(measured.SelectMany(m => m.Sites.FirstOrDefault(s => s.Site == site) is { } s
                ? new[] { Invariant($"{s.RefusalRate[at].Rate:0.0 %}"), Invariant($"{s.Bits:0.00}") }
                : ["–", "–"])).ToArray()));
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Refusal(double Epsilon, double Rate);

    private sealed record SiteResult(string Site, int References, IReadOnlyList<Refusal> RefusalRate, double? Bits, double? PriorGap, double DistinctShare, double InvalidShare, double UnfinishedShare, double? TotalVariation, double? MissedMass);

    private sealed record Mean(IReadOnlyList<Refusal> RefusalRate, double? Bits, double? PriorGap, double DistinctShare, double InvalidShare, double UnfinishedShare, double? TotalVariation, double? MissedMass);

    private sealed record Worst(IReadOnlyList<Refusal> RefusalRate, IReadOnlyList<string> Sites);

    private sealed record Furthest(string Site, string Title, double Rate, double Exact);

    /// <param name="Within">Of the cells, those whose interval holds the exact rate; null where there is no interval.</param>
    /// <param name="Furthest">Null without a cell.</param>
    private sealed record Way(string By, int Cells, int? Within, double? MeanError, Furthest? Furthest)
    {
        public static Way Of(string by, IReadOnlyList<AgreementCell> rates, Func<AgreementCell, AgreementEstimate> of, bool intervals = true)
        {
            var errors = rates.Where(c => c.Exact is not null && of(c).Rate is not null).Select(c => (Cell: c, Error: Math.Abs(of(c).Rate!.Value - c.Exact!.Value))).ToArray();
            var worst = errors.Length == 0 ? null : errors.MaxBy(e => e.Error).Cell;
            return new Way(
                by,
                errors.Length,
                intervals ? rates.Count(c => of(c).Holds(c.Exact) == true) : null,
                errors.Length == 0 ? null : errors.Average(e => e.Error),
                worst is null ? null : new Furthest(worst.Site, worst.Title, of(worst).Rate!.Value, worst.Exact!.Value));
        }
    }

    private sealed record Agreement(IReadOnlyList<Way> Ways, IReadOnlyList<AgreementCell> Rates)
    {
        public static Agreement Of(IReadOnlyList<AgreementCell> rates) => new(
            [
                Way.Of("its texts, weighted", rates, c => c.Weighted), Way.Of("its texts and a bank", rates, c => c.Mixed), Way.Of("the bank alone", rates, c => c.Bank),
                Way.Of("its texts, unweighted", rates, c => new AgreementEstimate(c.Unweighted, null), intervals: false),
            ],
            rates);
    }

    private sealed record Measured(string Generator, ConditioningKind Conditioning, Mean Mean, Worst Worst, Agreement? Agreement, IReadOnlyList<SiteResult> Sites)
    {
        public static Measured Of(string name, GeneratorRecord record, double[] epsilons, IReadOnlyList<SiteInversion> results, IReadOnlyList<AgreementCell>? rates)
        {
            SiteInversion[] worst = [.. epsilons.Select(e => results.MaxBy(r => r.RefusalRate[e])!)];
            return new Measured(
                name,
                record.Options.Architecture.Conditioning,
                new Mean([.. epsilons.Select(e => new Refusal(e, results.Average(r => r.RefusalRate[e])))], results.Average(r => r.Bits), results.Average(r => r.PriorGap), results.Average(r => r.DistinctShare), results.Average(r => r.InvalidShare), results.Average(r => r.UnfinishedShare),
                    results.Average(r => r.TotalVariation), results.Average(r => r.MissedMass)),
                new Worst([.. epsilons.Select((e, i) => new Refusal(e, worst[i].RefusalRate[e]))], [.. worst.Select(w => w.Site)]),
                rates is null ? null : Agreement.Of(rates),
                [.. results.Select(r => new SiteResult(r.Site, r.References, [.. epsilons.Select(e => new Refusal(e, r.RefusalRate[e]))], r.Bits, r.PriorGap, r.DistinctShare, r.InvalidShare, r.UnfinishedShare, r.TotalVariation, r.MissedMass))]);
        }
    }
}
