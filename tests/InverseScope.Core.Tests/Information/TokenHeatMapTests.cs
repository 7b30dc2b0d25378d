using CsCheck;
using InverseScope.Core.Information;

namespace InverseScope.Core.Tests.Information;

public sealed class TokenHeatMapTests
{
    private static readonly string[][] Digits =
        [.. Enumerable.Range(0, 100).Select(i => new[] { $"{i / 10}", $"{i % 10}" })];

    [Fact]
    public void A_token_that_all_samples_have_in_place_carries_what_the_prior_left_open()
    {
        var samples = Digits.Where(d => d[0] == "7").Select(d => new WeightedTokens(d, 1)).ToArray();

        var heat = TokenHeatMap.Of(["7", "3"], samples, Digits, ess: 1e9);

        Assert.Equal(Math.Log2(101.0 / 11), heat[0].SamePlace, 6);
        Assert.InRange(heat[1].SamePlace, -0.2, 0);
    }

    [Fact]
    public void A_token_that_moved_is_found_anywhere_but_not_in_its_place()
    {
        var heat = TokenHeatMap.Of(["7", "3"], [new(["3", "7"], 1)], Digits, ess: 100);

        Assert.True(heat[0].SamePlace < -3);
        Assert.True(heat[0].Anywhere > 2);
    }

    [Fact]
    public void Weights_decide_and_their_scale_does_not()
    {
        WeightedTokens[] samples = [new(["7", "0"], 3), new(["1", "0"], 1)];
        WeightedTokens[] scaled = [new(["7", "0"], 0.3), new(["1", "0"], 0.1)];

        Assert.Equal(TokenHeatMap.Of(["7"], samples, Digits, 50)[0].SamePlace, TokenHeatMap.Of(["7"], scaled, Digits, 50)[0].SamePlace, 12);
        Assert.True(TokenHeatMap.Of(["7"], samples, Digits, 50)[0].SamePlace > TokenHeatMap.Of(["1"], samples, Digits, 50)[0].SamePlace);
    }

    [Fact]
    public void Samples_drawn_like_the_prior_say_next_to_nothing() =>
        Gen.Int[0, 99].Sample(i =>
        {
            var heat = TokenHeatMap.Of(Digits[i], [.. Digits.Select(d => new WeightedTokens(d, 1))], Digits, ess: 100);

            Assert.All(heat, h => Assert.InRange(h.SamePlace, -0.2, 0.2));
        });

    [Fact]
    public void Few_samples_say_less_than_many()
    {
        WeightedTokens[] samples = [new(["7", "0"], 1)];

        Assert.True(TokenHeatMap.Of(["7"], samples, Digits, 1)[0].SamePlace < TokenHeatMap.Of(["7"], samples, Digits, 50)[0].SamePlace);
    }

    [Fact]
    public void Samples_without_weight_are_a_fault_of_the_caller() =>
        Assert.Throws<ArgumentException>(() => TokenHeatMap.Of(["7"], [new(["7"], 0)], Digits, 1));
}
