using System.Globalization;
using System.Text.Json.Nodes;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Stages;

/// <summary>
/// The last step of a sweep: corrects for the number of hypotheses by e-BH, which holds under any dependence, decides
/// verdicts, and assembles the report.
/// </summary>
internal static class SweepReport
{
    private const double Confidence = 0.95;

    public static ReportDocument Build(
        StoredSweep sweep, SweepPlan plan, ITask task, TargetDescription target, GeneratorDescription? generator, SiteInvestigation stages,
        IReadOnlyList<Site> sites, IReadOnlyDictionary<Site, string> failed, IReadOnlyDictionary<Site, string> parked, IReadOnlyList<KnownSiteRecord>? knownSites,
        string? knownSiteFault, TaskVectorRecord? taskVector, CallSum languageModel)
    {
        var confirmed = sites.Where(stages.IsDone).ToDictionary(s => s, stages.Results);
        // What was planned and ran to its end is corrected as a whole; where it ended early, somebody may have looked.
        var correction = sites.All(s => confirmed.ContainsKey(s) || failed.ContainsKey(s)) ? Correction.EBenjaminiHochberg : Correction.Online;
        var decided = new VerdictRule(plan.MinimumKappa, plan.FalseDiscoveryRate)
            .Decide([.. confirmed.SelectMany(c => c.Value.Hypotheses)], correction)
            .ToLookup(h => h.Site, StringComparer.Ordinal);
        var records = new List<SiteRecord>();
        foreach (var site in sites)
        {
            if (!confirmed.TryGetValue(site, out var result))
            {
                records.Add(Unfinished(site, sweep, failed, parked));
                continue;
            }

            records.Add(Finished(site, plan, result, [.. decided[site.ToString()]]));
        }

        return ReportDocument.Of(Sweep(sweep, plan, task, target, generator, correction, confirmed.Values, languageModel), records, knownSites, knownSiteFault, taskVector);
    }

    private static SiteRecord Unfinished(Site site, StoredSweep sweep, IReadOnlyDictionary<Site, string> failed, IReadOnlyDictionary<Site, string> parked)
    {
        if (failed.TryGetValue(site, out var why))
        {
            return SiteRecord.Of(site, SiteStatus.Failed) with
            {
                Verdict = SiteVerdict.Failed,
                VerdictReason = $"{why} (tried again by 'sweep resume {sweep.Id}')",
            };
        }

        if (parked.TryGetValue(site, out var waits))
            return SiteRecord.Of(site, SiteStatus.Skipped) with { VerdictReason = $"{SiteRecord.Parked}: {waits} ('sweep resume {sweep.Id}' takes it up again)" };
        return sweep.State == SweepState.Running
            ? SiteRecord.Of(site, SiteStatus.Queued) with { VerdictReason = "the sweep has not come to it yet" }
            : SiteRecord.Of(site, SiteStatus.Skipped) with { VerdictReason = $"the sweep ended first ({sweep.StopReason})" };
    }

    private static SiteRecord Finished(
        Site site, SweepPlan plan, ConfirmResult result, IReadOnlyList<HypothesisRecord> hypotheses)
    {
        var standing = hypotheses.Where(h => h.Verdict == HypothesisVerdict.Confirmed).Select(h => h.SpecHash).ToHashSet();
        var bits = result.Bits;
        // The joint bits are those of the features that stood out on their own; the correction may have dropped one.
        var isJoint = standing.SetEquals(result.JointOf);
        double? explained = standing.Count == 0 ? 0 : isJoint ? bits.Joint : null;
        var residual = standing.Count == 0 ? bits.Total : isJoint ? bits.Residual : null;
        var (verdict, reason) = Verdict(result, hypotheses, standing.Count, residual, plan.MinimumKappa);
        return SiteRecord.Of(site, SiteStatus.Done) with
        {
            Verdict = verdict,
            VerdictReason = reason,
            Bits = bits.Total,
            BitsCi = bits.TotalCi,
            ExplainedBits = bits.Total is null ? null : explained,
            ExplainedBitsCi = standing.Count > 0 && isJoint ? bits.JointCi : null,
            ResidualBits = residual,
            ResidualBitsCi = standing.Count == 0 ? bits.TotalCi : isJoint ? bits.ResidualCi : null,
            RefusalRate = result.RefusalRate,
            TokenBits = result.TokenBits,
            ProposerCosts = result.Costs,
            Ess = result.Ess,
            Epsilon = plan.Measurement.Epsilon,
            References = result.References,
            Hypotheses = hypotheses,
        };
    }

    private static (SiteVerdict Verdict, string Reason) Verdict(
        ConfirmResult result, IReadOnlyList<HypothesisRecord> hypotheses, int confirmed, double? residual, double minimumKappa)
    {
        var measured = result.References.Confirm - result.References.NotMeasured;
        if (!(measured >= Math.Max(10, result.References.Confirm.GetValueOrDefault() / 10)))
        {
            return (SiteVerdict.NotMeasured, Text(
                $"only {measured} of {result.References.Confirm} references have samples enough: a wider ε or more draws may help"));
        }

        if (confirmed == 0)
        {
            // By its interval on all references; the pairs of the sequential test may have been too few for either verdict.
            var open = hypotheses.Count(h => h.Verdict == HypothesisVerdict.Undecided && h.KappaCi?.Upper >= minimumKappa);
            if (open > 0)
                return (SiteVerdict.Undecided, Text($"nothing confirmed; {open} of {hypotheses.Count} hypotheses could not be decided"));
            return (SiteVerdict.EncodesNoneOfWhatWasTried, hypotheses.Count == 0
                ? "nothing that varies in the prior stood out on the explore references"
                : Text($"none of {hypotheses.Count} hypotheses was confirmed"));
        }

        if (residual is not { } left || result.Bits.Total is not { } bits)
            return (SiteVerdict.PartlyExplained, Text($"{confirmed} confirmed; the bits they leave were not measured"));
        if (result.Bits is { LeaveNothing: true, AreCarried: false })
        {
            return (SiteVerdict.PartlyExplained, Text(
                $"{confirmed} confirmed, but they say more than the site carries ({result.Bits.Joint:0.0} of {result.Bits.JointEntropy:0.0} bits): it encodes something coarser"));
        }

        return result.Bits.LeaveNothing
            ? (SiteVerdict.Explained, left > 0
                ? Text($"{confirmed} confirmed; they account for {bits - left:0.0} of {bits:0.0} bits")
                : Text($"{confirmed} confirmed; they account for all of its {bits:0.0} bits"))
            : (SiteVerdict.PartlyExplained, Text($"{confirmed} confirmed; {left:0.0} of {bits:0.0} bits are left"));
    }

    private static SweepRecord Sweep(
        StoredSweep sweep, SweepPlan plan, ITask task, TargetDescription target, GeneratorDescription? generator, Correction correction,
        IReadOnlyCollection<ConfirmResult> results, CallSum languageModel) =>
        new()
        {
            Id = sweep.Id,
            Name = sweep.Name,
            Task = task.Name,
            TaskFingerprint = task.Fingerprint,
            TaskSize = task.Count,
            Model = target,
            Sites = plan.Sites,
            Generator = generator,
            Samplers = plan.Measurement.Sampler == SamplerKind.Mixture ? [SamplerKind.Bank, SamplerKind.Generator] : [plan.Measurement.Sampler],
            Options = new OptionsRecord
            {
                Measurement = plan.Measurement,
                ExploreReferences = plan.ExploreReferences,
                ConfirmReferences = plan.ConfirmReferences,
                ReferencesWhere = plan.ReferencesWhere.Count == 0 ? null : plan.ReferencesWhere,
                MinimumKappa = plan.MinimumKappa,
                FalseDiscoveryRate = plan.FalseDiscoveryRate,
                Correction = correction,
                Confidence = Confidence,
                Search = plan.Search ? new JsonObject { ["max_proposals"] = plan.MaxProposals } : null,
                LanguageModel = plan.LanguageModel is { } asked
                    ? new JsonObject
                    {
                        ["provider"] = asked.Chat.Provider,
                        ["model"] = asked.Chat.Model,
                        ["identity"] = sweep.LanguageModel,
                        ["context"] = asked.Chat.ContextTokens,
                        ["temperature"] = asked.Loop.Temperature,
                        ["propose"] = string.Join(", ", asked.Propose.Select(LanguageModelPlan.NameOf)),
                    }
                    : null,
                BudgetMinutes = plan.BudgetMinutes,
                BudgetSamples = plan.BudgetSamples,
            },
            Seeds = new Dictionary<string, long> { ["run"] = plan.Seed },
            Versions = new Dictionary<string, string>
            {
                ["inversescope"] = sweep.Version,
                [".net"] = Environment.Version.ToString(),
            },
            Started = Timestamp.Read(sweep.Started),
            Finished = sweep.Finished is null ? null : Timestamp.Read(sweep.Finished),
            State = sweep.State,
            StopReason = sweep.StopReason,
            Cost = new CostRecord
            {
                WallSeconds = sweep.WorkSeconds,
                Samples = results.Sum(r => r.Samples),
                Labels = results.Sum(r => r.Labels),
                LanguageModelTokens = plan.LanguageModel is null ? null : languageModel.PromptTokens + languageModel.ReplyTokens,
                LanguageModelCalls = plan.LanguageModel is null ? null : languageModel.Messages,
                PeakMemoryBytes = System.Diagnostics.Process.GetCurrentProcess().PeakWorkingSet64,
            },
            Command = sweep.Command,
        };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
