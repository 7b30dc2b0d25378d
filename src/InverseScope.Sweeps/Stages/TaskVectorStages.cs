using System.Globalization;
using System.Text.Json;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Stages;

/// <summary>
/// The task-vector experiment as stages: what the target answers without a patch, once, then each site; each committed before the
/// next begins.
/// </summary>
internal sealed class TaskVectorStages
{
    private const string UnpatchedStage = "task vector answers/2";
    private const string SiteStage = "task vector/2";
    private const int ExamplesShown = 3;

    private readonly SweepPlan _plan;
    private readonly StageLog _log;
    private readonly IReadOnlyList<TaskVectorPair> _pairs;
    private readonly TaskVectorExperiment _experiment;

    /// <exception cref="BadInputException">The task has no pairs of texts for it, or no pair has the position of the sites.</exception>
    public TaskVectorStages(SweepPlan plan, ITask task, IInversionBackend backend, RunSeed seed, StageLog log)
    {
        (_plan, _log) = (plan, log);
        Sites = SitesOf(plan, backend.Target, task);
        _pairs = Pairs(plan, task, seed);
        CheckPosition(Sites[0], _pairs, task, backend);
        _experiment = new TaskVectorExperiment(backend, _pairs);
    }

    public IReadOnlyList<Site> Sites { get; }

    /// <summary>Whether a plan can be carried out.</summary>
    /// <exception cref="BadInputException">A site that the target does not have, several positions, or a task without pairs.</exception>
    public static void Check(SweepPlan plan, TargetDescription target, ITask task)
    {
        SitesOf(plan, target, task);
        Pairs(plan, task, new RunSeed(plan.Seed));
    }

    public bool IsDone(Site site) => _log.IsDone(site.ToString(), SiteStage, "");

    public void Investigate(Site site, CancellationToken cancel)
    {
        var unpatched = Read<UnpatchedAnswers[]>(_log.Run("", UnpatchedStage, "", () =>
        {
            var found = _experiment.Unpatched(site, cancel);
            return (Write(found), Sentence($"right on target and source of {found.Count(u => u.AreUsed)} of {found.Count} pairs"));
        }));
        _log.Run(site.ToString(), SiteStage, "", () =>
        {
            var found = _experiment.Measure(site, unpatched, cancel);
            return (Write(found), Sentence($"{found.Success?.Count ?? 0} of {found.Success?.Of ?? 0} pairs take the source's task"));
        });
    }

    /// <param name="failed">Faults by site.</param>
    /// <param name="stopped">Why the sweep ended early; null if it did not.</param>
    public TaskVectorRecord Record(IReadOnlyDictionary<Site, string> failed, string? stopped)
    {
        static (string, string) Missing() => throw new InvalidOperationException("The stage is not done.");
        var unpatched = _log.IsDone("", UnpatchedStage, "") ? Read<UnpatchedAnswers[]>(_log.Run("", UnpatchedStage, "", Missing)) : null;
        RateRecord? Accuracy(Func<UnpatchedAnswers, bool?> of, Func<TaskVectorPair, string> text) =>
            TaskVectorExperiment.Rate([.. _pairs.Zip(unpatched ?? []).Where(p => of(p.Second) is not null).Select(p => (of(p.Second) == true, text(p.First)))]);
        return new TaskVectorRecord
        {
            PairsWanted = _plan.TaskVectorPairs,
            Pairs = _pairs.Count,
            Sources = _pairs.Select(p => p.Source).Distinct(StringComparer.Ordinal).Count(),
            PairsUsed = unpatched?.Count(u => u.AreUsed),
            TargetAccuracy = Accuracy(u => u.Target, p => p.Target),
            SourceAccuracy = Accuracy(u => u.Source, p => p.Source),
            SameTaskAccuracy = Accuracy(u => u.SameTask, p => p.SameTask),
            Sites = [.. Sites.Select(site => IsDone(site) ? Read<TaskVectorSiteRecord>(_log.Run(site.ToString(), SiteStage, "", Missing))
                : failed.TryGetValue(site, out var why) ? TaskVectorSiteRecord.Of(site, SiteStatus.Failed) with { Reason = why }
                : TaskVectorSiteRecord.Of(site, SiteStatus.Skipped) with { Reason = $"the sweep ended first ({stopped})" })],
            Examples = [.. _pairs.Take(ExamplesShown).Select(p => new TaskVectorExample
            {
                Target = p.Target, Source = p.Source, OwnAnswer = p.OwnAnswer.Trim(), SourceAnswer = p.SourceAnswer.Trim(), MovedAnswer = p.MovedAnswer.Trim(),
            })],
        };
    }

    // The positions of the plan are for what is investigated: a task vector stands where the answer comes next.
    private static IReadOnlyList<Site> SitesOf(SweepPlan plan, TargetDescription target, ITask task)
    {
        var sites = SitePattern.ExpandAll(plan.TaskVectorSites, target.Layers, target.Heads, null, task);
        var positions = sites.Select(s => s.Position.ToString()).Distinct().ToArray();
        return positions.Length == 1 ? sites : throw new BadInputException(
            $"The sites of task_vector must all be at one position, not at {string.Join(" and ", positions)}: the experiment compares layers.",
            "Patterns without @position are at the last token, as in task_vector: { pairs: 200, sites: ['L*.attn'] }.");
    }

    private static IReadOnlyList<TaskVectorPair> Pairs(SweepPlan plan, ITask task, RunSeed seed) =>
        TaskVectorPair.Draw(task, plan.TaskVectorPairs, seed.Stream("task vector", task.Fingerprint));

    // Which token a position is, only the target's tokenizer tells.
    private static void CheckPosition(Site site, IReadOnlyList<TaskVectorPair> pairs, ITask task, IInversionBackend backend)
    {
        var (targets, sources) = (backend.CharactersRead(site, [.. pairs.Select(p => p.Target)]), backend.CharactersRead(site, [.. pairs.Select(p => p.Source)]));
        if (targets.Zip(sources).Any(p => p is (not null, not null)))
            return;
        throw new BadInputException(
            $"Site '{site}' of task_vector: in no pair of texts of task '{task.Name}' do both have the position {site.Position}.",
            $"Its positions: {(task.PositionNames.Count == 0 ? "none by name" : string.Join(", ", task.PositionNames))}; "
            + $"also @last, @-2, @5, @tok:\"x\". A text reads \"{pairs[0].Target}\".");
    }

    private static string Write<T>(T value) => JsonSerializer.Serialize(value, ReportJson.LineOptions);

    private static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, ReportJson.LineOptions)!;

    private static string Sentence(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
