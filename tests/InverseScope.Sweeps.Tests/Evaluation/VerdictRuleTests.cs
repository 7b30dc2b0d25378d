using InverseScope.Core.Consistency;
using InverseScope.Core.Statistics.Sequential;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Tests.Evaluation;

public sealed class VerdictRuleTests
{
    private static readonly VerdictRule Rule = new(minimumKappa: 0.1, falseDiscoveryRate: 0.05);

    [Fact]
    public void What_is_established_by_its_own_rule_is_selected_whatever_else_was_tested()
    {
        var rule = Rule.TestOf(planned: 200);
        Assert.Equal(4_000, rule.Evidence);
        var strong = Tested(Test(rule, 0.9, 100));
        Assert.Equal(StopReason.Established, strong.Measured.Test.Stop);

        var decided = Rule.Decide([strong, .. Enumerable.Range(0, 199).Select(_ => Tested(Test(rule, 0, 100)))]);

        Assert.Equal((HypothesisVerdict.Confirmed, true), (decided[0].Verdict, decided[0].PassesFdr));
        Assert.DoesNotContain(decided.Skip(1), h => h.Verdict == HypothesisVerdict.Confirmed);
    }

    [Fact]
    public void A_selected_hypothesis_has_an_interval_that_is_wider_for_having_been_picked()
    {
        var rule = Rule.TestOf(planned: 20);
        var decided = Rule.Decide([Tested(Test(rule, 0.9, 100)), .. Enumerable.Range(0, 19).Select(_ => Tested(Test(rule, 0, 100)))]);

        Assert.True(decided[0].SelectedCi!.Value.Lower < decided[0].EffectCi!.Value.Lower);
        Assert.All(decided.Skip(1), h => Assert.Null(h.SelectedCi));
    }

    [Fact]
    public void Much_evidence_for_a_small_effect_is_no_finding()
    {
        var options = new SequentialTestOptions { LeastEffect = 0.1, Evidence = 1e9, MaximumPairs = 400 };
        var small = Tested(Test(options, 0.09, 400));

        var decided = Assert.Single(Rule.Decide([small]));

        Assert.True(decided.EValue > 20);
        Assert.Equal(false, decided.PassesFdr);
        Assert.NotEqual(HypothesisVerdict.Confirmed, decided.Verdict);
    }

    [Fact]
    public void An_effect_that_is_surely_small_is_refuted_and_too_few_pairs_decide_nothing()
    {
        var rule = Rule.TestOf(planned: 1);
        var none = Tested(Test(rule, -0.3, 400));
        Assert.Equal(StopReason.Futile, none.Measured.Test.Stop);
        Assert.Equal(HypothesisVerdict.Refuted, Rule.Decide([none])[0].Verdict);

        var few = Tested(Test(rule, 0.5, 3));
        Assert.Equal(StopReason.Budget, few.Measured.Test.Stop);
        Assert.Equal(HypothesisVerdict.Undecided, Rule.Decide([few])[0].Verdict);
    }

    [Fact]
    public void What_is_degenerate_is_not_tested_and_does_not_count_against_the_others()
    {
        var options = new SequentialTestOptions { LeastEffect = 0.1, Evidence = 25 };
        var found = Tested(Test(options, 0.9, 100));
        var degenerate = found with { Degenerate = "same partition of the prior as 'x'" };

        var decided = Rule.Decide([found, .. Enumerable.Repeat(degenerate, 30)]);

        Assert.Equal(HypothesisVerdict.Confirmed, decided[0].Verdict);
        Assert.All(decided.Skip(1), h => Assert.Equal((HypothesisVerdict.Degenerate, (bool?)null), (h.Verdict, h.PassesFdr)));
        // Tested, all of them would ask for more evidence than there is.
        var weak = Enumerable.Repeat(Tested(Test(options, 0, 100)), 30);
        Assert.Equal(HypothesisVerdict.Undecided, Rule.Decide([found, .. weak])[0].Verdict);
    }

    [Fact]
    public void A_sweep_that_ended_early_is_corrected_in_the_order_of_its_tests()
    {
        var options = new SequentialTestOptions { LeastEffect = 0.1, Evidence = 300 };
        var found = Tested(Test(options, 0.9, 100));
        var nothing = Enumerable.Repeat(Tested(Test(options, 0, 100)), 40).ToArray();

        // The first hypothesis has the largest share of the level set aside for it, whatever comes later.
        Assert.Equal(HypothesisVerdict.Confirmed, Rule.Decide([found, .. nothing], Correction.Online)[0].Verdict);
        Assert.Equal(HypothesisVerdict.Undecided, Rule.Decide([.. nothing, found], Correction.Online)[^1].Verdict);
    }

    private static SequentialTest Test(SequentialTestOptions options, double effect, int pairs)
    {
        var test = new SequentialTest(options);
        for (var i = 0; i < pairs && test.Stop is null; i++)
            test.Observe(Math.Clamp(effect + (i % 2 == 0 ? 0.05 : -0.05), -1, 1));
        test.Conclude();
        return test;
    }

    private static TestedHypothesis Tested(SequentialTest test)
    {
        var counts = new ConsistencyCounts(200, 0, 0, 0, 200, 6_400, 6_000, 3_200, 3_200, 0, 0, 0);
        var consistency = new FeatureConsistency(0.5, 0.1, 0.45, 0.02, new(0.4, 0.6), new(0.4, 0.5), new(0.5, 0.5), 30, counts);
        return new TestedHypothesis(
            new MeasuredHypothesis(
                new HypothesisRecord
                {
                    Id = "L0H0@last/0",
                    Site = "L0H0@last",
                    Title = "t",
                    Kind = FeatureKind.Rule,
                    SpecHash = "0",
                    Author = HypothesisAuthor.Person,
                    Phase = HypothesisPhase.Confirm,
                    Verdict = HypothesisVerdict.Undecided,
                    VerdictReason = "",
                    Kappa = 0.45,
                    KappaCi = new ReportInterval(0.4, 0.5),
                    EValue = test.EValue,
                    Effect = test.Effect,
                    Pairs = test.Pairs,
                    EffectCi = test.EffectInterval is { } i ? new ReportInterval(i.Low, i.High) : null,
                    Stop = test.Stop,
                },
                consistency,
                test.State),
            null);
    }
}
