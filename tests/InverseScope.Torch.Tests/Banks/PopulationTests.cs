using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Banks;

namespace InverseScope.Torch.Tests.Banks;

public sealed class PopulationTests
{
    private static readonly MeasurementOptions Enumerate = new() { Sampler = SamplerKind.Enumerate };

    [Fact]
    public void An_enumeration_has_each_text_with_its_probability()
    {
        var task = new TextFileTask("own", "test", [new("a", 1), new("b", 3)]);
        var population = Population.Of(task, Enumerate, new RunSeed(1));
        Assert.Equal((2, "b"), (population.Rows, population.Pool[1]));
        Assert.Equal(3, population.Weights![1] / population.Weights[0], 1e-9);
    }

    [Fact]
    public void A_uniform_enumeration_needs_no_weights()
    {
        var population = Population.Of(new AdditionTask(), Enumerate, new RunSeed(1));
        Assert.Equal(810_000, population.Rows);
        Assert.Null(population.Weights);
        Assert.Equal("100+100=200", population.Pool[0]);
    }

    [Fact]
    public void A_text_drawn_twice_weighs_twice()
    {
        var task = new TextFileTask("own", "test", [new("a", 1), new("b", 2)]);
        var population = Population.Of(task, new MeasurementOptions { BankSize = 100 }, new RunSeed(1));
        var random = new RunSeed(1).Stream("bank", task.Fingerprint);
        var times = Enumerable.Range(0, 100).Select(_ => task.Draw(random)).CountBy(text => text).ToDictionary();
        Assert.Equal(2, population.Rows);
        Assert.Equal([times[population.Pool[0]], times[population.Pool[1]]], population.Weights!);
    }

    [Fact]
    public void The_hash_follows_the_texts()
    {
        var options = new MeasurementOptions { BankSize = 20 };
        string Hash(long seed) => Population.Of(new AdditionTask(), options, new RunSeed(seed)).Hash;
        Assert.Equal(Hash(1), Hash(1));
        Assert.NotEqual(Hash(1), Hash(2));
    }

    [Fact]
    public void A_prior_that_cannot_be_enumerated_is_refused_with_the_cure()
    {
        var e = Assert.Throws<BadInputException>(() => Population.Of(new CountingTask(), Enumerate, new RunSeed(1)));
        Assert.Contains("'counting' has too many texts to enumerate", e.Message, StringComparison.Ordinal);
        Assert.Contains("'bank'", e.Message, StringComparison.Ordinal);
    }
}
