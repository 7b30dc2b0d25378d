using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;
using static InverseScope.Core.Tests.Consistency.SimulatedReferences;

namespace InverseScope.Core.Tests.Consistency;

public sealed class LabelNoiseTests
{
    private static readonly RunSeed Seed = new(53);

    [Theory]
    [InlineData(0.95, 0.90)]
    [InlineData(0.9, 0.82)]
    [InlineData(0.8, 0.66)]
    public void The_ceiling_of_a_labeller_that_errs_is_known(double accuracy, double ceiling) =>
        Assert.Equal(ceiling, LabellerAgreement.CeilingFromAccuracy(accuracy, 4), 0.021);

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.6)]
    public void Relative_to_the_ceiling_kappa_is_what_a_perfect_labeller_would_find(double copied)
    {
        var random = Seed.Stream("ceiling");
        int[] truth = [.. Enumerable.Range(0, 4_000).Select(_ => random.NextInt(4))];
        var agreement = LabellerAgreement.Measure(
            [.. truth.Select(Noisy)], [.. truth.Select(Noisy)], Seed.Stream("bootstrap"))!;
        var clean = Draw(random, 2_000, 20, copied, [0.25, 0.25, 0.25, 0.25]);
        LabelledReference[] noisy = [.. clean.Select(r => r with
        {
            Label = Noisy(r.Label),
            SampleLabels = [.. r.SampleLabels.Select(Noisy)],
        })];

        var measured = FeatureConsistency.Measure(noisy, 5, bootstrap: Seed.Stream("kappa"));

        Assert.Equal(LabellerAgreement.CeilingFromAccuracy(0.9, 4), agreement.Agreement, 0.02);
        Assert.InRange(measured.Kappa!.Value, 0, 0.8 * copied);
        Assert.Equal(copied, agreement.Disattenuate(measured.Kappa.Value)!.Value, 0.04);
        Assert.True(agreement.Disattenuate(measured.KappaInterval!.Value)!.Value.Contains(copied));

        int Noisy(int label) => random.NextDouble() < 0.9 ? label : (label + 1 + random.NextInt(3)) % 4;
    }

    [Fact]
    public void Agreement_of_a_small_example_is_that_of_the_formulas()
    {
        var agreement = LabellerAgreement.Measure(
            [0, 0, 1, 1, LabelCode.Undefined, 2, LabelCode.Undefined],
            [0, 1, 1, 1, LabelCode.Undefined, LabelCode.Failed, 0],
            Seed.Stream("small"))!;

        // Five texts count; the labels are 0 four times, 1 five times, undefined once.
        Assert.Equal(5, agreement.Texts);
        Assert.Equal(0.6, agreement.Agreement, 12);
        Assert.Equal(0.42, agreement.Chance, 12);
        Assert.Equal(0.18 / 0.58, agreement.Kappa!.Value, 12);
        Assert.Equal(Proportion.Wilson(3, 5), agreement.AgreementInterval);
    }

    [Fact]
    public void A_labeller_that_is_no_better_than_chance_has_no_ceiling_to_relate_to()
    {
        var random = Seed.Stream("chance");
        int[] one = [.. Enumerable.Range(0, 300).Select(i => i % 2)];
        int[] other = [.. Enumerable.Range(0, 300).Select(i => i / 2 % 2)];

        var agreement = LabellerAgreement.Measure(one, other, random)!;

        Assert.Null(agreement.Disattenuate(0.1));
        Assert.Null(agreement.Disattenuate(new Interval(0, 0.2)));
        Assert.Null(LabellerAgreement.Measure([LabelCode.Failed], [0], random));
        Assert.Null(LabellerAgreement.Measure([3, 3], [3, 3], random)!.Kappa);
    }

    [Fact]
    public void Rogan_and_gladen_undo_what_misclassification_does()
    {
        // 30 % of texts with the label, found with 0.9 and 0.8: 0.27 + 0.14 are labelled.
        Assert.Equal(0.3, CheckedLabels.RoganGladen(0.41, 0.9, 0.8)!.Value, 12);
        Assert.Equal(0, CheckedLabels.RoganGladen(0.1, 0.9, 0.8));
        Assert.Null(CheckedLabels.RoganGladen(0.4, 0.5, 0.5));
    }

    [Fact]
    public void A_few_checks_take_the_bias_of_the_labeller_out_of_a_mean()
    {
        var random = Seed.Stream("checks");
        var (covered, plainError) = (0, 0.0);
        for (var run = 0; run < 300; run++)
        {
            double[] all = [.. Enumerable.Range(0, 500).Select(_ => Judged(Truth()))];
            double[] truths = [.. Enumerable.Range(0, 100).Select(_ => Truth())];
            var (mean, interval) = CheckedLabels.PredictionPoweredMean(all, [.. truths.Select(Judged)], truths);
            covered += interval.Contains(0.4) ? 1 : 0;
            plainError += (all.Average() - 0.4) / 300;
            Assert.Equal(0.5 * (interval.Low + interval.High), mean, 12);
        }

        Assert.InRange(plainError, 0.1, 0.2);
        Assert.InRange(covered, 270, 297);

        double Truth() => random.NextDouble() < 0.4 ? 1 : 0;
        double Judged(double truth) => random.NextDouble() < 0.25 ? 1 : truth;
    }
}
