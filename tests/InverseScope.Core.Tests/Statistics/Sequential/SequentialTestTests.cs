using System.Text.Json;
using CsCheck;
using InverseScope.Core.Statistics.Sequential;

namespace InverseScope.Core.Tests.Statistics.Sequential;

public sealed class SequentialTestTests
{
    [Fact]
    public void A_strong_effect_is_established()
    {
        var test = Feed(new SequentialTestOptions(), () => 0.8);

        Assert.Equal(StopReason.Established, test.Stop);
        Assert.True(test.EValue >= 20);
        Assert.True(test.EffectInterval!.Value.Low >= 0.1);
        Assert.Equal(test.EValue, test.GatedEValue);
    }

    [Fact]
    public void An_effect_that_is_real_but_too_small_is_futile_however_much_evidence_there_is()
    {
        var test = Feed(new SequentialTestOptions { MaximumPairs = 100_000 }, () => 0.05);

        Assert.Equal(StopReason.Futile, test.Stop);
        Assert.Equal(0, test.GatedEValue);
    }

    [Fact]
    public void Evidence_without_a_large_enough_effect_does_not_establish()
    {
        var sign = -1.0;
        var test = Feed(
            new SequentialTestOptions { LeastEffect = 0.35, MaximumPairs = 60 }, () => 0.4 + 0.5 * (sign = -sign));

        Assert.True(test.EValue > 1_000);
        Assert.Equal(StopReason.Budget, test.Stop);
        Assert.Equal(0, test.GatedEValue);
    }

    [Fact]
    public void The_budget_ends_what_cannot_be_decided()
    {
        var test = Feed(new SequentialTestOptions { MaximumPairs = 3 }, () => 0.1);

        Assert.Equal((StopReason.Budget, 3), (test.Stop, test.Pairs));
    }

    [Fact]
    public void Without_any_pair_there_is_no_variation()
    {
        var test = new SequentialTest(new SequentialTestOptions());

        Assert.Equal(StopReason.NoVariation, test.Conclude());
        Assert.Null(test.Effect);
        Assert.Null(test.EffectInterval);
        Assert.Equal(1, test.EValue);
        Assert.Equal(0, test.GatedEValue);
    }

    [Fact]
    public void Too_few_pairs_end_as_a_spent_budget()
    {
        var test = new SequentialTest(new SequentialTestOptions());
        test.Observe(0.5);

        Assert.Equal(StopReason.Budget, test.Conclude());
    }

    [Fact]
    public void After_its_end_a_test_takes_no_more_data()
    {
        var test = Feed(new SequentialTestOptions(), () => 1);

        Assert.Throws<InvalidOperationException>(() => test.Observe(1));
    }

    [Fact]
    public void A_test_resumed_from_its_json_goes_on_bit_for_bit() =>
        Gen.Select(Gen.Double[-1, 1].Array[1, 80], Gen.Int[0, 80]).Sample((effects, cut) =>
        {
            var whole = new SequentialTest(new SequentialTestOptions { MaximumPairs = 70 });
            var part = new SequentialTest(whole.Options);
            for (var i = 0; i < effects.Length && whole.Stop is null; i++)
            {
                if (i == cut)
                {
                    var json = JsonSerializer.Serialize(part.State);
                    part = SequentialTest.Resume(JsonSerializer.Deserialize<SequentialTestState>(json)!);
                }

                whole.Observe(effects[i]);
                part.Observe(effects[i]);
            }

            return whole.Stop == part.Stop && whole.EffectInterval == part.EffectInterval && whole.Effect == part.Effect
                && BitConverter.DoubleToInt64Bits(whole.EValue) == BitConverter.DoubleToInt64Bits(part.EValue);
        });

    [Fact]
    public void A_concluded_test_resumes_as_concluded()
    {
        var test = new SequentialTest(new SequentialTestOptions());
        test.Observe(0.5);
        test.Conclude();

        Assert.Equal(StopReason.Budget, SequentialTest.Resume(test.State).Stop);
    }

    [Fact]
    public void A_state_whose_end_does_not_follow_from_its_effects_is_refused() =>
        Assert.Throws<ArgumentException>(() => SequentialTest.Resume(
            new SequentialTestState(new SequentialTestOptions(), [0.1], StopReason.Established)));

    [Fact]
    public void Options_out_of_range_are_named()
    {
        var options = new SequentialTestOptions { Alpha = 0, LeastEffect = 1, Evidence = 0.5, MaximumPairs = 0 };

        Assert.Collection(
            options.Check(),
            p => Assert.StartsWith("alpha", p),
            p => Assert.StartsWith("least_effect", p),
            p => Assert.StartsWith("evidence", p),
            p => Assert.StartsWith("maximum_pairs", p));
        Assert.Throws<ArgumentException>(() => new SequentialTest(options));
    }

    private static SequentialTest Feed(SequentialTestOptions options, Func<double> next)
    {
        var test = new SequentialTest(options);
        while (test.Stop is null)
            test.Observe(next());
        return test;
    }
}
