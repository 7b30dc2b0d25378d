using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics.Calibration;
using InverseScope.Core.Statistics.Sequential;

namespace InverseScope.Core.Tests.Statistics.Calibration;

public sealed class StreamSimulationTests
{
    private static readonly RunSeed Seed = new(31);

    [Fact]
    public void A_sweep_of_160_null_and_40_true_hypotheses_finds_the_true_and_hardly_any_other()
    {
        var result = StreamSimulation.Run(new StreamSimulationOptions { Repetitions = 8 }, Seed);

        Assert.Equal((8 * 40, 8 * 160, 8 * 200), (result.Discovery.Of, result.NullEstablished.Of, result.Coverage.Of));
        Assert.True(result.Discovery.Rate >= 0.9);
        Assert.InRange(result.FalseDiscoveryRate, 0, 0.05);
        Assert.InRange(result.NullEstablished.Rate!.Value, 0, 0.01);
        Assert.True(result.Coverage.Rate >= 0.95);
    }

    [Fact]
    public void Sixty_pairs_find_all_true_hypotheses_at_ten_percent()
    {
        var options = new StreamSimulationOptions
        {
            Repetitions = 5,
            FalseDiscoveryLevel = 0.1,
            Test = new SequentialTestOptions { MaximumPairs = 60, Evidence = double.MaxValue, LeastEffect = 0 },
        };

        var result = StreamSimulation.Run(options, Seed);

        Assert.True(result.Discovery.Rate >= 0.98);
        Assert.InRange(result.FalseDiscoveryRate, 0, 0.01);
    }

    [Fact]
    public void Hypotheses_that_share_a_lucky_stream_do_not_break_the_false_discovery_rate()
    {
        var options = new StreamSimulationOptions
        {
            Repetitions = 40,
            HypothesesPerStream = 20,
            ReferenceLabels = [0.5, 0.5],
            SampleLabels = [0.9, 0.1],
            Test = new SequentialTestOptions { MaximumPairs = 100, Evidence = 4_000, LeastEffect = 0 },
        };

        Assert.InRange(StreamSimulation.Run(options, Seed).FalseDiscoveryRate, 0, 0.05);
    }

    [Fact]
    public void Null_hypotheses_alone_are_established_less_often_than_the_level()
    {
        // One hypothesis each, with the evidence that a single one needs, and no least effect to help.
        var options = new StreamSimulationOptions
        {
            Repetitions = 2_000,
            NullHypotheses = 1,
            TrueHypotheses = 0,
            Test = new SequentialTestOptions { MaximumPairs = 200, LeastEffect = 0 },
        };

        var result = StreamSimulation.Run(options, Seed);

        Assert.InRange(result.NullEstablished.Rate!.Value, 0, 0.05);
        Assert.True(result.Coverage.Rate >= 0.95);
        Assert.Null(result.Discovery.Rate);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.3)]
    [InlineData(0.8)]
    public void The_mean_effect_is_the_share_that_copies_even_where_samples_prefer_other_labels(double copied)
    {
        var options = new StreamSimulationOptions { ReferenceLabels = [0.9, 0.1], SampleLabels = [0.3, 0.7] };
        var random = Seed.Stream("mean");

        var mean = Enumerable.Range(0, 20_000).Average(_ => StreamSimulation.Effect(options, random, copied));

        Assert.Equal(copied, mean, 0.005);
    }

    [Fact]
    public void The_same_seed_gives_the_same_result()
    {
        var options = new StreamSimulationOptions { Repetitions = 2, NullHypotheses = 3, TrueHypotheses = 3 };

        Assert.Equal(StreamSimulation.Run(options, Seed), StreamSimulation.Run(options, Seed));
        Assert.NotEqual(StreamSimulation.Run(options, Seed), StreamSimulation.Run(options, new RunSeed(32)));
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused() =>
        Assert.Throws<BadInputException>(() =>
            StreamSimulation.Run(new StreamSimulationOptions { ReferenceLabels = [1] }, Seed));
}
