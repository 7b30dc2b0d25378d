using InverseScope.Core.Statistics;

namespace InverseScope.Core.Tests.Statistics;

public sealed class ProportionTests
{
    [Theory]
    [InlineData(8, 10, 0.490, 0.943)]
    [InlineData(0, 20, 0, 0.161)]
    [InlineData(20, 20, 0.839, 1)]
    public void Wilson_intervals_are_those_of_the_literature(int successes, int trials, double low, double high)
    {
        var interval = Proportion.Wilson(successes, trials);

        Assert.Equal(low, interval.Low, 0.0005);
        Assert.Equal(high, interval.High, 0.0005);
    }

    [Fact]
    public void Correlated_trials_count_as_fewer()
    {
        // 1 + 9 · 0.5 = 5.5 correlated trials are worth one.
        Assert.Equal(Proportion.Wilson(8, 10), Proportion.WilsonClustered(44, 55, 10, 0.5));
        Assert.Equal(Proportion.Wilson(8, 10), Proportion.WilsonClustered(8, 10, 10, 0));
    }
}
