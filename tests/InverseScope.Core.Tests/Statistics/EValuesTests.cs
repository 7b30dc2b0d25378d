using InverseScope.Core.Statistics;

namespace InverseScope.Core.Tests.Statistics;

public sealed class EValuesTests
{
    [Theory]
    [InlineData(0.25)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void A_calibrated_p_value_integrates_to_one(double kappa)
    {
        // ∫₀¹ f(p) dp by u = p^κ, which takes away the pole at 0.
        const int Steps = 1_000;
        var integral = 0.0;
        for (var i = 0; i < Steps; i++)
        {
            var u = (i + 0.5) / Steps;
            var p = Math.Pow(u, 1 / kappa);
            integral += EValues.FromPValue(p, kappa) * Math.Pow(u, 1 / kappa - 1) / kappa / Steps;
        }

        Assert.Equal(1, integral, 6);
    }

    [Fact]
    public void An_adjusted_maximum_is_an_e_value_under_the_heaviest_tail_that_ville_allows()
    {
        // P(max ≥ e) = 1/e, so that E A(max) = ∫₁^∞ A(e)/e² de, by u = 1/e.
        const int Steps = 200_000;
        var expectation = Enumerable.Range(0, Steps)
            .Average(i => EValues.AdjustRunningMaximum(1 / ((i + 0.5) / Steps)));

        Assert.InRange(expectation, 0.98, 1.0);
    }

    [Fact]
    public void E_and_p_go_into_each_other()
    {
        Assert.Equal(0.05, EValues.ToPValue(20), 12);
        Assert.Equal(1, EValues.ToPValue(0));
        Assert.Equal(5, EValues.FromPValue(0.01), 12);
    }
}
