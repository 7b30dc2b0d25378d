using System.Globalization;
using InverseScope.Core.Consistency;
using InverseScope.Core.Statistics.Multiplicity;
using InverseScope.Core.Statistics.Sequential;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>A hypothesis as measured on untouched references; its verdict waits for the others it is decided with.</summary>
/// <param name="Degenerate">Why there is nothing to test; null if there is.</param>
public sealed record TestedHypothesis(MeasuredHypothesis Measured, string? Degenerate)
{
    internal bool IsTested => Degenerate is null && Measured.Test.Effects.Length > 0;
}

/// <summary>How a sweep corrects for the number of its hypotheses. Reported by name: only append.</summary>
public enum Correction
{
    /// <summary>e-BH over all hypotheses: for a sweep that ran to its end, which was planned before it began.</summary>
    EBenjaminiHochberg,

    /// <summary>
    /// Online e-BH in the order of the tests: for a sweep that ended early, at a moment that may have been chosen with the
    /// results in view.
    /// </summary>
    Online,
}

/// <summary>
/// From numbers to a verdict (METHOD section 5): selected across the sweep, and the effect above its stated size. The
/// reason is written here, from the numbers, and nowhere else.
/// </summary>
/// <param name="minimumKappa">δ, the stated effect size.</param>
/// <param name="falseDiscoveryRate">Level of the correction over all hypotheses that are decided together.</param>
public sealed class VerdictRule(double minimumKappa, double falseDiscoveryRate)
{
    // With fewer measured references, an interval says more about the bootstrap than about the site.
    private const int MinimumReferences = 10;
    private const double NearlyEverywhere = 0.95;

    /// <summary>
    /// The rule by which each of at most <paramref name="planned"/> hypotheses ends its own test. It asks for the evidence
    /// that e-BH asks of a single discovery among so many, so that what is established is also selected.
    /// </summary>
    public SequentialTestOptions TestOf(int planned) => new()
    {
        LeastEffect = minimumKappa,
        Evidence = Math.Max(1, planned / falseDiscoveryRate),
        MaximumPairs = int.MaxValue,
    };

    /// <summary>Whether there is anything to test; null if so, else why not. It looks at labels of references alone.</summary>
    /// <param name="sameAs">Title of an earlier hypothesis at the site with the same partition of the prior.</param>
    public static string? WhyDegenerate(FeatureConsistency measured, string? sameAs)
    {
        var counts = measured.Counts;
        if (sameAs is not null)
            return $"same partition of the prior as '{sameAs}'";
        if (counts.References > 0 && counts.UndefinedReferences >= NearlyEverywhere * counts.References)
            return Text($"undefined on {counts.UndefinedReferences} of {counts.References} references");
        return counts.Measured >= MinimumReferences && !measured.HasVariation
            ? Text($"no variation here: all {counts.Measured} measured references have one label")
            : null;
    }

    /// <summary>
    /// The records with their verdicts, in the same order. What is degenerate was not tested, and does not count among
    /// the tests that the correction is for.
    /// </summary>
    public IReadOnlyList<HypothesisRecord> Decide(
        IReadOnlyList<TestedHypothesis> hypotheses, Correction correction = Correction.EBenjaminiHochberg)
    {
        var tested = hypotheses.Where(h => h.IsTested).Select(h => h.Measured).ToArray();
        var selected = Select([.. tested.Select(Gated)], correction);
        var intervals = SelectedIntervals.Of([.. tested.Select(t => t.Test)], selected, falseDiscoveryRate);
        var next = 0;
        return [.. hypotheses.Select(h =>
        {
            if (!h.IsTested)
                return Decide(h, passes: false);
            var record = Decide(h, selected[next]) with { PassesFdr = selected[next] };
            return intervals[next++] is { } interval ? record with { SelectedCi = ReportInterval.Of(interval) } : record;
        })];
    }

    // Small effects are dropped before the correction: dropping them after it would leave too large a share of false
    // ones among the rest.
    private double Gated(MeasuredHypothesis hypothesis) =>
        hypothesis.Record.EffectCi?.Lower >= minimumKappa ? hypothesis.Record.EValue!.Value : 0;

    private bool[] Select(double[] eValues, Correction correction)
    {
        if (eValues.Length == 0)
            return [];
        if (correction == Correction.EBenjaminiHochberg)
            return EBenjaminiHochberg.Reject(eValues, falseDiscoveryRate);
        var online = new OnlineEBenjaminiHochberg(falseDiscoveryRate);
        foreach (var eValue in eValues)
            online.Add(eValue);
        return online.Discoveries();
    }

    private HypothesisRecord Decide(TestedHypothesis tested, bool passes)
    {
        var (verdict, reason) = tested.Degenerate is { } degenerate
            ? (HypothesisVerdict.Degenerate, degenerate)
            : Decide(tested.Measured, passes);
        return tested.Measured.Record with { Verdict = verdict, VerdictReason = reason };
    }

    private (HypothesisVerdict Verdict, string Reason) Decide(MeasuredHypothesis tested, bool passes)
    {
        var (record, counts) = (tested.Record, tested.Consistency.Counts);
        if (counts.Measured < MinimumReferences || record.KappaCi is null)
        {
            return (
                HypothesisVerdict.Undecided,
                Text($"not measured: {counts.Measured} of {counts.References} references have samples enough ({counts.NotMeasured} too few, {counts.UndefinedReferences} undefined)"));
        }

        if (record is not { Effect: { } effect, EffectCi: { } interval })
            return (HypothesisVerdict.Undecided, "no two measured references differ in their label");
        var numbers = Text($"effect {effect:0.00} [{interval.Lower:0.00}, {interval.Upper:0.00}] after {ReportNumbers.Of(record.Pairs ?? 0, "pair")}");
        if (interval.Upper < minimumKappa)
            return (HypothesisVerdict.Refuted, Text($"{numbers}, below the stated {minimumKappa:0.##}"));
        if (interval.Lower < minimumKappa)
            return (HypothesisVerdict.Undecided, Text($"{numbers}: no more pairs, and the stated {minimumKappa:0.##} lies inside"));
        return passes
            ? (HypothesisVerdict.Confirmed, Text($"{numbers}, above the stated {minimumKappa:0.##}; selected across the sweep"))
            : (HypothesisVerdict.Undecided, Text($"{numbers}, above the stated {minimumKappa:0.##}, but too little evidence to be selected across the sweep"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
