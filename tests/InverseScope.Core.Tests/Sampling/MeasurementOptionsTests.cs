using InverseScope.Core.Sampling;

namespace InverseScope.Core.Tests.Sampling;

public sealed class MeasurementOptionsTests
{
    private static readonly MeasurementOptions Generator = new() { Sampler = SamplerKind.Generator };

    [Theory]
    [InlineData(SamplerKind.Enumerate, false)]
    [InlineData(SamplerKind.Bank, false)]
    [InlineData(SamplerKind.Mixture, false)]
    [InlineData(SamplerKind.Generator, true)]
    public void The_plain_average_is_of_a_generators_samples_alone(SamplerKind sampler, bool allowed) =>
        Assert.Equal(allowed, !(new MeasurementOptions { Sampler = sampler, Weighting = Weighting.None }).Check().Any());

    [Fact]
    public void What_a_generator_cannot_do_is_refused()
    {
        Assert.Empty(Generator.Check());
        Assert.Contains("draws", Assert.Single((Generator with { Draws = 1 }).Check()), StringComparison.Ordinal);
        Assert.Contains("temperature", Assert.Single((Generator with { Temperature = 0 }).Check()), StringComparison.Ordinal);
        Assert.Contains("temperature", Assert.Single((Generator with { Temperature = double.NaN }).Check()), StringComparison.Ordinal);
        Assert.Contains("top_p", Assert.Single((Generator with { TopP = 0 }).Check()), StringComparison.Ordinal);
        Assert.Contains("top_p", Assert.Single((Generator with { TopP = 1.1 }).Check()), StringComparison.Ordinal);
    }

    [Fact]
    public void Beside_another_sampler_a_generator_is_used_but_not_sampled_from()
    {
        var beside = new MeasurementOptions { Sampler = SamplerKind.Bank, Generator = "mine" };
        Assert.Empty(beside.Check());
        Assert.Equal((true, false), (beside.UsesGenerator, beside.SamplesFromGenerator));
        Assert.Equal((true, true), (Generator.UsesGenerator, Generator.SamplesFromGenerator));
        Assert.False(new MeasurementOptions().UsesGenerator);
    }

    [Fact]
    public void Over_a_bank_a_measurement_asks_for_no_generator()
    {
        var bank = (Generator with { Generator = "mine", Weighting = Weighting.None }).OverBank();
        Assert.Empty(bank.Check());
        Assert.Equal(new MeasurementOptions(), bank);
    }
}
