using System.Globalization;
using InverseScope.Core.Consistency;
using InverseScope.Core.Statistics.Multiplicity;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>A hypothesis as measured on untouched references; its verdict waits for the others it is decided with.</summary>
/// <param name="Degenerate">Why there is nothing to test; null if there is.</param>
public sealed record TestedHypothesis(HypothesisRecord Record, FeatureConsistency Consistency, string? Degenerate);

/// <summary>
/// From numbers to a verdict (METHOD section 5): selected by e-BH across the sweep, and the effect above its stated
/// size. The reason is written here, from the numbers, and nowhere else.
/// </summary>
/// <param name="minimumKappa">δ, the stated effect size.</param>
/// <param name="falseDiscoveryRate">Level of e-BH over all hypotheses that are decided together.</param>
public sealed class VerdictRule(double minimumKappa, double falseDiscoveryRate)
{
    // With fewer measured references, an interval says more about the bootstrap than about the site.
    private const int MinimumReferences = 10;
    private const double NearlyEverywhere = 0.95;

    /// <summary>Whether there is anything to test; null if so, else why not.</summary>
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
    /// the tests that e-BH corrects for.
    /// </summary>
    public IReadOnlyList<HypothesisRecord> Decide(IReadOnlyList<TestedHypothesis> hypotheses)
    {
        double[] eValues = [.. hypotheses.Where(IsTested).Select(h => h.Record.EValue!.Value)];
        var selected = eValues.Length == 0 ? [] : EBenjaminiHochberg.Reject(eValues, falseDiscoveryRate);
        var next = 0;
        return [.. hypotheses.Select(h => Decide(h, IsTested(h) && selected[next++]))];
    }

    private static bool IsTested(TestedHypothesis hypothesis) => hypothesis is { Degenerate: null, Record.EValue: not null };

    private (HypothesisVerdict Verdict, string Reason) Decide(FeatureConsistency measured, double? eValue, bool passes)
    {
        var counts = measured.Counts;
        if (counts.Measured < MinimumReferences || measured is not { Kappa: { } kappa, KappaInterval: { } interval })
        {
            return (
                HypothesisVerdict.Undecided,
                Text($"not measured: {counts.Measured} of {counts.References} references have samples enough ({counts.NotMeasured} too few, {counts.UndefinedReferences} undefined)"));
        }

        var numbers = Text($"κ = {kappa:0.00} [{interval.Low:0.00}, {interval.High:0.00}] on {counts.Measured} references, e-value {EText(eValue)}");
        if (interval.High < minimumKappa)
            return (HypothesisVerdict.Refuted, Text($"{numbers}: below the stated effect of {minimumKappa:0.##}"));
        if (interval.Low < minimumKappa)
            return (HypothesisVerdict.Undecided, Text($"{numbers}: the interval holds the stated effect of {minimumKappa:0.##}"));
        return passes
            ? (HypothesisVerdict.Confirmed, Text($"{numbers}: above the stated effect of {minimumKappa:0.##}, selected across the sweep"))
            : (HypothesisVerdict.Undecided, Text($"{numbers}: too weak to be selected across the sweep"));
    }

    private HypothesisRecord Decide(TestedHypothesis tested, bool passes)
    {
        if (tested.Degenerate is not null)
            return tested.Record with { Verdict = HypothesisVerdict.Degenerate, VerdictReason = tested.Degenerate };
        var (verdict, reason) = Decide(tested.Consistency, tested.Record.EValue, passes);
        return tested.Record with
        {
            PassesFdr = tested.Record.EValue is null ? null : passes,
            Verdict = verdict,
            VerdictReason = reason,
        };
    }

    private static string EText(double? value) =>
        value is not { } e ? "not measured" : e < 1000 ? Text($"{e:0.##}") : Text($"{e:0.0e+0}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
