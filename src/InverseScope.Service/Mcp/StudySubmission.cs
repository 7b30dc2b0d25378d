using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Agent.Proposals;
using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Service.Desk;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Stages;

namespace InverseScope.Service.Mcp;

/// <summary>
/// Hands what an agent chose to a sweep, which tests it on references that no agent saw, and tells the verdicts. Whoever submits again
/// and again will find something by chance, so each submission on a model and task is held to a smaller false discovery rate than the
/// one before it, such that all of them together keep the rate of one sweep; and each draws its references anew.
/// </summary>
internal sealed class StudySubmission(Workspace workspace, SweepRunner runner, ISweepQueue queue, SweepDesk desk, ReportShelf reports)
{
    private readonly Lock _lock = new();

    /// <summary>Stores a sweep of chosen specs and lets it wait for its turn.</summary>
    /// <param name="chosen">Scored in the study, at least one.</param>
    /// <param name="agent">How the client calls itself.</param>
    /// <returns>The sweep's id.</returns>
    /// <exception cref="BadInputException">The sweep cannot be begun.</exception>
    public string Submit(StudySubject subject, IReadOnlyList<ProposedSpec> chosen, string agent)
    {
        // Who counts must have stored before the next one counts.
        lock (_lock)
        {
            var earlier = Earlier(subject);
            var number = earlier.Count + 1;
            var plan = new SweepPlan
            {
                Name = "agent",
                Model = subject.Model,
                Task = subject.Task,
                Sites = [subject.Site],
                Measurement = subject.Measurement,
                ExploreReferences = subject.References,
                Seed = new RunSeed(subject.Seed).Stream("submission", subject.Model, subject.Task, subject.Site, Invariant($"{number}")).NextLong(long.MaxValue),
                Search = false,
            };
            plan = plan with { FalseDiscoveryRate = RateOf(number, plan.FalseDiscoveryRate) };
            var now = workspace.Clock.GetUtcNow();
            var before = earlier.Count == 0
                ? Invariant($"the first submission of an agent on this model and task; false discovery rate {plan.FalseDiscoveryRate:0.####}")
                : Invariant($"submission {number} of agents on this model and task, after {string.Join(", ", earlier)}; false discovery rate {plan.FalseDiscoveryRate:0.####}, so that all of them together keep that of one sweep");
            var sweep = runner.Begin(plan, "none: it was submitted through the Model Context Protocol; 'inversescope sweep resume' lets it go on, and no command begins it again", [.. chosen.Select(s => new ProposalResult(
                s.Spec,
                HypothesisAuthor.Mcp,
                new ExploreRecord { References = s.Score.References, Fcr = s.Score.Fcr, Chance = s.Score.Chance, Kappa = s.Score.Kappa, Bits = s.Score.Bits },
                [
                    .. s.Trail.Select(t => new TrailStep { Time = now, Step = t.Step, Detail = t.Detail }),
                    new TrailStep { Time = now, Step = "submitted", Detail = before },
                ])
            {
                Proposers = [agent],
            })]);
            queue.Add(sweep.Id);
            return sweep.Id;
        }
    }

    /// <summary>What a submission must keep to, so that the rates of all of them add up to <paramref name="whole"/>.</summary>
    /// <param name="number">From 1.</param>
    public static double RateOf(int number, double whole) => whole / ((double)number * (number + 1));

    /// <summary>Where a submission stands, and its verdicts when it is tested; no texts, which would be those of confirm references.</summary>
    public JsonObject Told(string id)
    {
        var view = desk.Find(id);
        var told = new JsonObject { ["sweep"] = id, ["status"] = view.Status.ToString().ToLowerInvariant() };
        if (view.Status != SweepStatus.Finished)
        {
            // What it failed of may hold texts.
            told["note"] = view.Status is SweepStatus.Queued or SweepStatus.Running
                ? "It is being tested. Call results with wait_seconds."
                : "It did not come to its end; a person finds why in the service, and can let it go on.";
            return told;
        }

        told["verdicts"] = new JsonArray([.. (reports.Find(id)?.Document.Sites ?? []).SelectMany(s => s.Hypotheses).Select(h => new JsonObject
        {
            ["hash"] = h.SpecHash,
            ["title"] = h.Title,
            ["verdict"] = h.Verdict.ToString()!.ToLowerInvariant(),
            ["kappa"] = Rounded(h.Kappa),
            ["kappa_interval"] = h.KappaCi is { } interval ? new JsonArray(Rounded(interval.Lower), Rounded(interval.Upper)) : null,
            ["e_value"] = h.EValue is { } e && double.IsFinite(e) ? double.Parse(e.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : null,
        })]);
        return told;
    }

    private List<string> Earlier(StudySubject subject) =>
    [
        .. workspace.Store.Sweeps().Where(s => s.Given is not null && s.ReplayOf is null)
            .Where(s => JsonSerializer.Deserialize<SweepPlan>(s.Plan, ReportJson.LineOptions)! is var plan && plan.Model == subject.Model && plan.Task == subject.Task)
            .Select(s => s.Id),
    ];

    private static JsonNode? Rounded(double? value) => value is { } v ? Math.Round(v, 3) : null;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
