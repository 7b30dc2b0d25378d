using InverseScope.Core.Sites;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Tests.Reports;

public sealed class ReportSummaryTests
{
    private static readonly Site Here = ReportFixture.Site(SiteKind.Head, 0, 1, "=");

    [Fact]
    public void Every_hypothesis_is_counted_under_its_verdict()
    {
        var tally = ReportFixture.Tiny().Summary.Hypotheses;
        Assert.Equal(new HypothesisTally(6, 2, 1, 1, 1, 1), tally);
    }

    [Fact]
    public void The_strongest_finding_comes_first()
    {
        var kappas = ReportFixture.Night(2, 4, ["="], 3, seed: 5).Summary.Established.Select(f => f.Kappa!.Value).ToList();
        Assert.True(kappas.Count > 1);
        Assert.Equal(kappas.OrderDescending(), kappas);
    }

    [Fact]
    public void A_finding_whose_control_is_not_quiet_needs_a_person() => Assert.Equal(
        [AttentionReason.ControlNotQuiet],
        Reasons(Strong() with
        {
            Controls = [new ControlRecord { Name = "references swapped", Expected = "κ near 0", Kappa = 0.4, AsExpected = false }],
        }));

    [Fact]
    public void A_finding_that_holds_on_a_part_of_the_references_needs_a_person() => Assert.Equal(
        [AttentionReason.TwoHumps],
        Reasons(Strong() with { Evidence = new EvidenceRecord { MatchHistogram = [10, 2, 1, 0, 0, 0, 1, 2, 4, 20] } }));

    [Fact]
    public void A_finding_that_holds_everywhere_needs_nobody() => Assert.Empty(Reasons(Strong()));

    [Fact]
    public void Missing_labels_need_a_person_and_are_told_with_their_bounds()
    {
        var asked = Assert.Single(Attention(Strong() with
        {
            Counts = new CountsRecord { References = 40, Samples = 1_000, Failed = 50, Truncated = 1 },
            Bounds = new ReportInterval(0.8, 0.851),
        }));
        Assert.Equal(AttentionReason.LabelsMissing, asked.Reason);
        Assert.Contains("51 of 1,000 samples", asked.Detail, StringComparison.Ordinal);
        Assert.Contains("[0.80, 0.85]", asked.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_effect_without_enough_evidence_needs_a_person() => Assert.Equal(
        [AttentionReason.UndecidedButLarge],
        Reasons(Strong() with { Verdict = HypothesisVerdict.Undecided, Kappa = 0.2 }));

    [Fact]
    public void A_small_undecided_effect_needs_nobody() => Assert.Empty(
        Reasons(Strong() with { Verdict = HypothesisVerdict.Undecided, Kappa = 0.19 }));

    [Fact]
    public void Faults_are_told_from_the_sweep_down()
    {
        var tiny = ReportFixture.Tiny();
        var sweep = tiny.Sweep with { State = SweepState.Failed, StopReason = "No space left on the device." };
        Assert.Equal(
            [AttentionReason.SweepFailed, AttentionReason.HypothesisFailed, AttentionReason.SiteFailed],
            SummaryRecord.Of(sweep, tiny.Sites, []).Broke.Select(b => b.Reason));
    }

    private static HypothesisRecord Strong() => ReportFixture.Hypothesis(Here, 0, 0.9, 40, seed: 2);

    private static IEnumerable<AttentionReason> Reasons(HypothesisRecord hypothesis) =>
        Attention(hypothesis).Select(a => a.Reason);

    private static IReadOnlyList<AttentionRecord> Attention(HypothesisRecord hypothesis)
    {
        var site = SiteRecord.Of(Here, SiteStatus.Done) with { Hypotheses = [hypothesis] };
        return SummaryRecord.Of(ReportFixture.Tiny().Sweep, [site], []).NeedsAPerson;
    }
}
