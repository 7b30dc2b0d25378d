using InverseScope.Torch.Generators;

namespace InverseScope.Torch.Tests.Generators;

public sealed class GeneratorOptionsTests
{
    [Theory]
    [InlineData(0.05, true)]
    [InlineData(1, true)]
    [InlineData(0, false)]
    [InlineData(-0.1, false)]
    [InlineData(1.01, false)]
    [InlineData(double.PositiveInfinity, false)]
    [InlineData(double.NaN, false)]
    public void Noise_leaves_a_norm_that_there_can_be(double band, bool isSound)
    {
        var problems = new GeneratorOptions { NoiseNormBand = band }.Check().ToArray();

        if (isSound)
            Assert.Empty(problems);
        else
            Assert.StartsWith("noise_norm_band must be above 0 and at most 1", Assert.Single(problems), StringComparison.Ordinal);
    }
}
