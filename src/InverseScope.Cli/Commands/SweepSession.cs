using System.Globalization;
using InverseScope.Agent.Labels;
using InverseScope.Agent.Transcripts;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Stages;
using InverseScope.Sweeps.Store;
using InverseScope.Torch.Models;

namespace InverseScope.Cli.Commands;

/// <summary>Runs a sweep, new or resumed, and tells what it found.</summary>
internal static class SweepSession
{
    private const int FindingsShown = 20;

    /// <param name="begin">Gives the id of the sweep to run.</param>
    /// <param name="languageModels">Null: as the plan says.</param>
    /// <returns>The exit code.</returns>
    public static int Run(Invocation invocation, Func<SweepRunner, string> begin, Func<SweepStore, LanguageModelFactory>? languageModels = null)
    {
        invocation.Home.Make();
        using var thread = Compute.Start(invocation.Parse);
        using var store = SweepStore.Open(invocation.Home.Store);
        var models = invocation.Models;
        string? id = null;
        var runner = new SweepRunner(
            invocation.Home,
            store,
            (model, weights, task, options, seed) => Backends.Open(invocation, thread, models.Find(model), task, options, seed, weights),
            model =>
            {
                var entry = models.Find(model);
                using var target = TargetModel.Open(entry.Folder, thread, entry.Name);
                target.CheckFiles();
                return new TargetOutline(target.Description, SpecFiles.Tokenizer(invocation, model));
            },
            invocation.Tasks,
            invocation.Shell.Clock,
            CommandLine.Version,
            languageModels?.Invoke(store) ?? (options => store.Sweep(id!).ReplayOf is { } answered
                ? Replay(answered)(store)(options)
                : LanguageModelAccess.Open(options, invocation.Shell.Variable, invocation.Shell.Clock, invocation.Cancel)));
        id = begin(runner);
        invocation.Say($"{CommandLine.Name}: {id}: {Proposers(runner.PlanOf(id))}");
        StoredSweep sweep;
        using (var progress = invocation.StartProgress())
            sweep = runner.Run(id, progress, invocation.Cancel);
        var report = SavedReport.Find(invocation.Home, id);
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, new
            {
                sweep.Id,
                sweep.State,
                sweep.StopReason,
                Report = report is null ? null : SavedReport.PathOf(invocation.Home, id, ReportFormat.Html),
                report?.Summary,
                report?.TaskVector,
            });
        }
        else if (report is not null)
        {
            Tell(invocation, report);
        }

        if (sweep.State == SweepState.Finished)
            return ExitCode.Done;
        invocation.Say($"Stopped ({sweep.StopReason}); everything done so far is kept. Go on with: {CommandLine.Name} sweep resume {id}");
        return ExitCode.Stopped;
    }

    private static string Proposers(SweepPlan plan)
    {
        string[] who =
        [
            .. plan.Search ? ["the symbolic search"] : Array.Empty<string>(),
            .. plan.LanguageModel is { Propose.Count: > 0 } asked ? [$"the language model {VisibleText.Of(asked.Chat.Model)}, through {asked.Chat.Provider}"] : Array.Empty<string>(),
        ];
        var proposed = who.Length == 0 ? "only specs of people are tested" : $"proposals by {string.Join(" and ", who)}";
        return plan.LanguageModel switch
        {
            null => $"{proposed}; no language model is given ('--language-model NAME', or language_model in the plan).",
            { Propose.Count: 0 } labels => $"{proposed}; the language model {VisibleText.Of(labels.Chat.Model)} labels, through {labels.Chat.Provider}.",
            _ => $"{proposed}.",
        };
    }

    /// <summary>Answers as a sweep was given them, without a language model.</summary>
    public static Func<SweepStore, LanguageModelFactory> Replay(string id) => store =>
    {
        // Found out before a sweep is begun, so that none is left behind that could not be run.
        TranscriptEntry[] entries = [.. store.Transcripts.Calls(id).Select(c => store.Transcripts.Entry(c.Id))];
        return entries.Length == 0
            ? throw new BadInputException(
                $"Sweep '{id}' asked no language model anything, so that there is nothing to replay.", "'sweep run' with its plan and seed repeats it.")
            : _ => new LanguageModelAccess(new ReplayChat(entries[^1].Model, entries), store.Sweep(id).EmbeddingModel is { } by ? new ReplayEmbedder(by) : null, null);
    };

    private static void Tell(Invocation invocation, ReportDocument report)
    {
        var (sites, hypotheses) = (report.Summary.Sites, report.Summary.Hypotheses);
        // A task-vector experiment may stand alone.
        if (sites.Total > 0 || report.TaskVector is null)
        {
            invocation.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{sites.Done} of {sites.Total} sites investigated, {hypotheses.Total} {(hypotheses.Total == 1 ? "hypothesis" : "hypotheses")} tested: {hypotheses.Confirmed} confirmed, {hypotheses.Refuted} refuted, {hypotheses.Undecided} undecided."));
        }

        var established = report.Summary.Established;
        if (established.Count > 0)
        {
            Tables.Write(
                invocation.Shell,
                ["#site", "#κ", "#interval", "#rate", "#chance", "#bits", "feature"],
                established.Take(FindingsShown).Select(f => new[]
                {
                    f.Site, Number(f.Kappa), $"[{Number(f.KappaCi?.Lower)}, {Number(f.KappaCi?.Upper)}]", Number(f.Fcr), Number(f.Chance),
                    Number(f.Bits), f.ControlsOff.Count == 0 ? f.Title : $"{f.Title}  (!)",
                }));
        }

        if (established.Count > FindingsShown)
            invocation.Out.WriteLine($"… and {established.Count - FindingsShown} more in the report.");
        var off = established.Count(f => f.ControlsOff.Count > 0);
        if (off > 0)
        {
            var named = established.SelectMany(f => f.ControlsOff).CountBy(c => c).OrderByDescending(c => c.Value).Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Key} at {c.Value}"));
            invocation.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"(!) At {off} of them a control came out otherwise ({string.Join(", ", named)}): see the report."));
        }

        if (report.TaskVector is { } taskVector)
            invocation.Out.WriteLine($"Task vector: {taskVector.Statement}");
        if (report.Summary.NeedsAPerson.Count is var matters && matters > off)
            invocation.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{matters} {(matters == 1 ? "matter needs" : "matters need")} a person: see the top of the report."));
        foreach (var broken in report.Summary.Broke)
            invocation.Out.WriteLine($"broke: {broken.Site} {broken.Detail}");
        invocation.Out.WriteLine($"Report: {SavedReport.PathOf(invocation.Home, report.Sweep.Id, ReportFormat.Html)}");
    }

    private static string Number(double? value) => value?.ToString("0.00", CultureInfo.InvariantCulture) ?? "–";
}
