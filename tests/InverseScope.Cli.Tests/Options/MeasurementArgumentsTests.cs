using System.CommandLine;
using InverseScope.Cli.Options;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Tasks;

namespace InverseScope.Cli.Tests.Options;

public sealed class MeasurementArgumentsTests
{
    private static readonly MeasurementOptions Defaults = new();

    [Fact]
    public void What_is_not_given_keeps_the_commands_default() =>
        Assert.Equal(Defaults with { Epsilon = 0.3 }, MeasurementArguments.Read(Parse(), Defaults with { Epsilon = 0.3 }));

    [Fact]
    public void Every_option_reaches_the_measurement()
    {
        var parse = Parse(
            "--sampler", "enumerate", "--kernel", "threshold", "--distance", "relative", "--epsilon", "0.1", "--norm-band", "0.2",
            "--basis", "centred", "--weighting", "accept", "--samples", "0", "--bank-size", "500");

        var expected = Defaults with
        {
            Sampler = SamplerKind.Enumerate,
            Kernel = KernelKind.Threshold,
            Distance = DistanceKind.Relative,
            Epsilon = 0.1,
            NormBand = 0.2,
            Basis = Basis.Centred,
            Weighting = Weighting.Accept,
            Samples = 0,
            BankSize = 500,
        };
        Assert.Equal(expected, MeasurementArguments.Read(parse, Defaults));
    }

    [Fact]
    public void Every_option_of_a_generator_reaches_the_measurement() => Assert.Equal(
        Defaults with { Sampler = SamplerKind.Mixture, Generator = "mine", Draws = 100, Temperature = 1.5, TopP = 0.9 },
        MeasurementArguments.Read(
            Parse("--sampler", "mixture", "--generator", "mine", "--draws", "100", "--temperature", "1.5", "--top-p", "0.9"), Defaults));

    [Theory]
    [InlineData("--kernel thresold", "--kernel is one of gaussian, threshold; found 'thresold'. Did you mean 'threshold'?")]
    [InlineData("--epsilon 0", "--epsilon takes a number above 0, found '0'.")]
    [InlineData("--epsilon 0,1", "--epsilon takes a number above 0, found '0,1'.")]
    [InlineData("--epsilon NaN", "--epsilon takes a number above 0, found 'NaN'.")]
    [InlineData("--threads 0", "--threads takes a whole number from 1 to 1024, found '0'.")]
    [InlineData("--draws 1", "--draws takes a whole number from 2 to 100000, found '1'.")]
    [InlineData("--temperature 0", "--temperature takes a number above 0, found '0'.")]
    [InlineData("--top-p 1.5", "--top-p takes a number above 0 and at most 1, found '1.5'.")]
    [InlineData("--sampler generators", "--sampler is one of enumerate, bank, generator, mixture; found 'generators'. Did you mean 'generator'?")]
    [InlineData("--samples -1", "--samples takes a whole number from 0 to 100000, found '-1'.")]
    public void A_wrong_value_names_the_option_and_what_it_takes(string args, string message) =>
        Assert.Equal(message, Assert.Single(Parse(args.Split(' ')).Errors).Message);

    [Theory]
    [InlineData("--weighting none", "weighting none")]
    [InlineData("--weighting none --sampler bank", "weighting none")]
    [InlineData("--weighting none --sampler enumerate", "weighting none")]
    [InlineData("--weighting none --sampler mixture", "weighting none")]
    public void Options_that_do_not_go_together_are_refused(string args, string message) =>
        Assert.Contains(message, Assert.Throws<BadInputException>(() => MeasurementArguments.Read(Parse(args.Split(' ')), Defaults)).Message);

    [Fact]
    public void Sites_may_be_several_values_or_one_text()
    {
        string[] expected = ["L0H0@=", "L0H1@=", "L1.mlp@last"];

        Assert.Equal(expected, Sites("--sites", "L0H0@=", "L0H1@=", "L1.mlp"));
        Assert.Equal(expected, Sites("--sites", "L0H0@= L0H1@=,L1.mlp"));
        Assert.Equal(expected, Sites("--sites", "L0H0@=", "--sites", "L0H1@=", "--sites", "L1.mlp"));
    }

    [Fact]
    public void Positions_apply_to_sites_that_name_none() =>
        Assert.Equal(["L0H0@A1", "L0H0@A2", "embed@="], Sites("--sites", "L0H0", "embed@=", "--positions", "@A1,A2"));

    [Fact]
    public void Without_a_site_the_message_shows_how_to_give_one() =>
        Assert.Contains("--sites L0H1@last", Assert.Throws<BadInputException>(() => Sites()).Message);

    private static IEnumerable<string> Sites(params string[] args) =>
        MeasurementArguments.ReadSites(Parse(args), layers: 2, heads: 4, new AdditionTask()).Select(s => s.ToString());

    private static ParseResult Parse(params string[] args)
    {
        var command = new Command("measure") { MeasurementArguments.Sites, MeasurementArguments.References };
        MeasurementArguments.AddTarget(command);
        MeasurementArguments.AddSampling(command);
        return command.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }
}
