using CsCheck;
using InverseScope.Core.Consistency;

namespace InverseScope.Core.Tests.Consistency;

public sealed class ReferenceSplitTests
{
    [Fact]
    public void Parts_have_the_shares_asked_for()
    {
        var split = new ReferenceSplit("seed 1, addition", Explore: 0.5, Calibrate: 0.1);

        var parts = Enumerable.Range(0, 20_000).CountBy(i => split.PartOf($"{i}+1=")).ToDictionary();

        Assert.Equal(0.5, parts[SplitPart.Explore] / 20_000.0, 0.015);
        Assert.Equal(0.1, parts[SplitPart.Calibrate] / 20_000.0, 0.015);
        Assert.Equal(0.4, parts[SplitPart.Confirm] / 20_000.0, 0.015);
    }

    [Fact]
    public void The_part_of_a_text_is_fixed_for_all_time()
    {
        // Stored runs rely on these: another hash would let explored texts into a confirmation.
        var split = new ReferenceSplit("salt", 1 / 3.0, 1 / 3.0);

        Assert.Equal(
            [
                SplitPart.Confirm,
                SplitPart.Calibrate,
                SplitPart.Explore,
                SplitPart.Calibrate,
                SplitPart.Confirm,
                SplitPart.Confirm,
                SplitPart.Explore,
                SplitPart.Confirm,
            ],
            Enumerable.Range(0, 8).Select(i => split.PartOf($"text {i}")));
    }

    [Fact]
    public void A_text_stays_explored_when_the_share_grows() =>
        Gen.Select(Gen.String, Gen.Double[0, 1], Gen.Double[0, 1]).Sample((text, one, other) =>
            new ReferenceSplit("s", Math.Min(one, other)).PartOf(text) != SplitPart.Explore
            || new ReferenceSplit("s", Math.Max(one, other)).PartOf(text) == SplitPart.Explore);

    [Fact]
    public void Salts_split_differently()
    {
        var one = new ReferenceSplit("one", 0.5);
        var other = new ReferenceSplit("other", 0.5);

        Assert.Equal(
            0.5, Enumerable.Range(0, 4_000).Count(i => one.PartOf($"{i}") == other.PartOf($"{i}")) / 4_000.0, 0.05);
    }

    [Fact]
    public void Shares_beyond_the_whole_are_named()
    {
        Assert.NotEmpty(new ReferenceSplit("s", 0.8, 0.3).Check());
        Assert.NotEmpty(new ReferenceSplit("s", -0.1).Check());
        Assert.Empty(new ReferenceSplit("s", 0.7, 0.3).Check());
    }
}
