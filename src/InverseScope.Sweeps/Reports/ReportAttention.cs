using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Reports;

/// <summary>Why something is put before a person. Reported by name: only append.</summary>
public enum AttentionReason
{
    /// <summary>The sweep itself ended by a fault.</summary>
    SweepFailed,

    /// <summary>A site's investigation ended by a fault.</summary>
    SiteFailed,

    /// <summary>A hypothesis could not be tested.</summary>
    HypothesisFailed,

    /// <summary>A confirmed hypothesis has a control that did not come out as it must.</summary>
    ControlNotQuiet,

    /// <summary>Many samples have no label because labelling failed or was cut off.</summary>
    LabelsMissing,

    /// <summary>A confirmed feature holds on some references and not on others: a condition may be missing.</summary>
    TwoHumps,

    /// <summary>Too little evidence for a hypothesis whose effect looks large.</summary>
    UndecidedButLarge,

    /// <summary>A site where nothing could be decided.</summary>
    SiteNotMeasured,

    /// <summary>Most of a site's bits are left unexplained.</summary>
    LargeResidual,

    /// <summary>Most raw samples of a site's generator lie too far away.</summary>
    HighRefusalRate,

    /// <summary>A site whose truth is known came out otherwise.</summary>
    ControlSiteOtherwise,

    /// <summary>The sites whose truth is known could not be investigated.</summary>
    ControlSitesFailed,

    /// <summary>A generator's backbone has not learnt the prior, so that bits by it are too many.</summary>
    PriorNotLearnt,

    /// <summary>The model answers too little without a patch for the task-vector experiment to say anything.</summary>
    TaskVectorSaysNothing,

    /// <summary>The task-vector experiment broke at a site.</summary>
    TaskVectorFailed,

    /// <summary>A site waits for a language model that was not there.</summary>
    SiteParked,

    /// <summary>A language model was asked for hypotheses and gave none that could be tried.</summary>
    ProposerGaveNothing,
}

/// <summary>A matter for a person.</summary>
/// <param name="Reason">Why, as a code.</param>
/// <param name="Site">Full form of the site; null where the whole sweep is meant.</param>
/// <param name="Hypothesis">Id of the hypothesis; null where the whole site is meant.</param>
/// <param name="Detail">Why, one sentence with its numbers.</param>
public sealed record AttentionRecord(AttentionReason Reason, string? Site, string? Hypothesis, string Detail);

internal static class AttentionRules
{
    private const double TolerableMissingShare = 0.05;
    private const double HumpShare = 0.2;
    private const double LargeResidualBits = 1;
    private const double HighRefusalRate = 0.5;


    public static IEnumerable<AttentionRecord> Faults(SweepRecord sweep, IReadOnlyList<SiteRecord> sites)
    {
        if (sweep.State == SweepState.Failed)
        {
            yield return new AttentionRecord(
                AttentionReason.SweepFailed, null, null, sweep.StopReason ?? "The sweep ended by a fault.");
        }

        foreach (var site in sites)
        {
            if (site.Status == SiteStatus.Failed)
            {
                yield return new AttentionRecord(
                    AttentionReason.SiteFailed, site.Site, null, site.VerdictReason ?? "The site's investigation broke.");
            }

            foreach (var h in site.Hypotheses.Where(h => h.Verdict == HypothesisVerdict.Failed))
            {
                yield return new AttentionRecord(
                    AttentionReason.HypothesisFailed, site.Site, h.Id, $"{h.Title}: {h.VerdictReason}");
            }
        }
    }

    public static IEnumerable<AttentionRecord> Questions(OptionsRecord options, IReadOnlyList<SiteRecord> sites) =>
        sites.SelectMany(s => OfSite(s).Concat(s.Hypotheses.SelectMany(h => OfHypothesis(options, h))))
            .OrderBy(a => a.Reason);

    public static IEnumerable<AttentionRecord> OfProposers(IEnumerable<ProposerRecord> proposers) =>
        proposers.Where(p => p.Calls > 0 && p.Tried == 0).Select(p => new AttentionRecord(
            AttentionReason.ProposerGaveNothing, null, null,
            $"The {ReportProse.Proposer(p.Proposer)} answered {ReportNumbers.Of(p.Calls!.Value, "message")}, and gave no hypothesis that could be tried ({ReportNumbers.Count(p.Faulty)} did not compile): look at what it was asked and said."));

    public static IEnumerable<AttentionRecord> OfKnownSites(IReadOnlyList<KnownSiteRecord> sites) =>
        sites.Where(s => !s.AsExpected).Select(s => new AttentionRecord(
            AttentionReason.ControlSiteOtherwise, null, null, s.Result == KnownSiteResult.Missed
                ? $"Planted as a control, and not found: {s.Planted}. Such a feature of the target may be missed too."
                : $"Confirmed at a control site that does not encode it: {s.Feature}. Be careful with what is established here."));

    public static IEnumerable<AttentionRecord> OfTaskVector(TaskVectorRecord? experiment) => experiment is { PairsUsed: 0 }
        ? [new AttentionRecord(AttentionReason.TaskVectorSaysNothing, null, null, experiment.Statement)]
        : [];

    public static IEnumerable<AttentionRecord> FaultsOf(TaskVectorRecord? experiment) =>
        (experiment?.Sites ?? []).Where(s => s.Status == SiteStatus.Failed).Select(s => new AttentionRecord(
            AttentionReason.TaskVectorFailed, s.Site, null, $"The task-vector experiment: {s.Reason}"));

    private static IEnumerable<AttentionRecord> OfSite(SiteRecord site)
    {
        if (site.Status == SiteStatus.Skipped && site.VerdictReason?.StartsWith(SiteRecord.Parked, StringComparison.Ordinal) == true)
            yield return new AttentionRecord(AttentionReason.SiteParked, site.Site, null, site.VerdictReason);

        if (site.Verdict == SiteVerdict.NotMeasured)
        {
            yield return new AttentionRecord(
                AttentionReason.SiteNotMeasured, site.Site, null, site.VerdictReason ?? "Nothing could be decided here.");
        }

        if (site.Verdict == SiteVerdict.PartlyExplained
            && site is { ResidualBits: >= LargeResidualBits, Bits: { } bits } && site.ResidualBits > bits / 2)
        {
            yield return new AttentionRecord(
                AttentionReason.LargeResidual, site.Site, null,
                $"{ReportNumbers.Bits(site.ResidualBits)} of {ReportNumbers.Bits(bits)} are not explained.");
        }

        if (site.RefusalRate > HighRefusalRate)
        {
            yield return new AttentionRecord(
                AttentionReason.HighRefusalRate, site.Site, null,
                $"The generator misses: {ReportNumbers.Share(site.RefusalRate)} of its raw samples lie at ε or farther.");
        }

        if (site.TokenBits?.PriorGap > TokenBitsRecord.TolerablePriorGap)
        {
            yield return new AttentionRecord(
                AttentionReason.PriorNotLearnt, site.Site, null,
                $"The generator's backbone has not learnt the prior: {ReportNumbers.Bits(site.TokenBits.PriorGap)} of what its tokens are said to tell are that, and not the activation.");
        }
    }

    private static IEnumerable<AttentionRecord> OfHypothesis(OptionsRecord options, HypothesisRecord h)
    {
        AttentionRecord Because(AttentionReason reason, string detail) => new(reason, h.Site, h.Id, $"{h.Title}: {detail}");
        var missing = (h.Counts.Failed ?? 0) + (h.Counts.Truncated ?? 0);
        if (h.Counts.Samples > 0 && missing > TolerableMissingShare * h.Counts.Samples)
        {
            yield return Because(
                AttentionReason.LabelsMissing,
                $"{ReportNumbers.Count(missing)} of {ReportNumbers.Count(h.Counts.Samples)} samples have no label"
                + " because labelling failed or was cut off; "
                + (h.Bounds is null ? "what that can change is not known." : $"the rate lies in {ReportNumbers.Interval(h.Bounds)}."));
        }

        if (h.Verdict == HypothesisVerdict.Confirmed)
        {
            foreach (var control in h.Controls.Where(c => c.AsExpected == false))
            {
                yield return Because(
                    AttentionReason.ControlNotQuiet,
                    $"control '{control.Name}' gave {ReportProse.Kappa(control.Kappa, control.KappaCi)},"
                    + $" expected: {control.Expected}.");
            }

            if (Humps(h.Evidence.MatchHistogram) is { } humps)
            {
                yield return Because(
                    AttentionReason.TwoHumps,
                    $"{ReportNumbers.Share(humps.Low)} of the references match hardly ever and"
                    + $" {ReportNumbers.Share(humps.High)} nearly always; a condition may be missing.");
            }
        }

        if (h.Verdict == HypothesisVerdict.Undecided && h.Kappa >= 2 * options.MinimumKappa)
        {
            yield return Because(
                AttentionReason.UndecidedButLarge,
                $"{ReportProse.Kappa(h.Kappa, h.KappaCi)} on"
                + $" {ReportNumbers.Count(h.Counts.References)} references; {h.VerdictReason}");
        }
    }

    // The two outer fifths both hold a fifth of the references or more, and the middle less than either.
    private static (double Low, double High)? Humps(IReadOnlyList<int>? histogram)
    {
        if (histogram is null || histogram.Count < 5 || histogram.Sum() == 0)
            return null;
        double total = histogram.Sum();
        var edge = histogram.Count / 5;
        var low = histogram.Take(edge).Sum() / total;
        var high = histogram.TakeLast(edge).Sum() / total;
        var middle = 1 - low - high;
        return low >= HumpShare && high >= HumpShare && middle < Math.Max(low, high) ? (low, high) : null;
    }
}
