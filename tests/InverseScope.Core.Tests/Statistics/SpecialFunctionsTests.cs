using CsCheck;
using InverseScope.Core.Statistics;

namespace InverseScope.Core.Tests.Statistics;

public sealed class SpecialFunctionsTests
{
    [Theory]
    [InlineData(0.975, 1.959963984540054)]
    [InlineData(0.95, 1.6448536269514722)]
    [InlineData(0.5, 0)]
    [InlineData(0.001, -3.090232306167813)]
    [InlineData(1e-6, -4.753424308822899)]
    public void Normal_quantiles_are_those_of_the_tables(double p, double x) =>
        Assert.Equal(x, SpecialFunctions.NormalQuantile(p), 9);

    [Theory]
    [InlineData(0.975, 1, 12.706204736432095)]
    [InlineData(0.975, 2, 4.302652729911275)]
    [InlineData(0.975, 19, 2.093024054408263)]
    [InlineData(0.975, 24, 2.0638985616280205)]
    [InlineData(0.995, 99, 2.6264054563851857)]
    [InlineData(0.05, 5, -2.015048372669157)]
    public void Student_quantiles_are_those_of_the_tables(double p, double degrees, double x) =>
        Assert.Equal(x, SpecialFunctions.StudentQuantile(p, degrees), 8);

    [Theory]
    [InlineData(1, -0.5772156649015329)]
    [InlineData(0.5, -1.9635100260214235)]
    [InlineData(10, 2.251752589066721)]
    public void Digamma_is_that_of_the_tables(double x, double value) =>
        Assert.Equal(value, SpecialFunctions.Digamma(x), 12);

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0.5, 0.5723649429247001)]
    [InlineData(5, 3.1780538303479458)]
    [InlineData(100, 359.1342053695754)]
    public void Log_gamma_is_that_of_the_tables(double x, double value) =>
        Assert.Equal(value, SpecialFunctions.LogGamma(x), 10);

    [Fact]
    public void The_normal_quantile_inverts_the_distribution_function() =>
        Gen.Double[1e-9, 1 - 1e-9].Sample(p =>
            Math.Abs(SpecialFunctions.NormalCdf(SpecialFunctions.NormalQuantile(p)) - p) < 1e-13);

    [Fact]
    public void The_student_quantile_inverts_the_distribution_function() =>
        Gen.Select(Gen.Double[0.001, 0.999], Gen.Double[1, 500]).Sample((p, degrees) =>
            Math.Abs(SpecialFunctions.StudentCdf(SpecialFunctions.StudentQuantile(p, degrees), degrees) - p) < 1e-10);
}
