using CsCheck;
using InverseScope.Cli.Options;
using InverseScope.Core;

namespace InverseScope.Cli.Tests.Options;

public sealed class SiteListTests
{
    private static readonly string[] Sites =
        ["L0H1", "L*H*@last", "L0,2H1,3", "L3-9.attn@=", "embed@query", "L0H0@tok:\"a, \\\"b\"+1", "L1.mlp@-2"];

    [Theory]
    [InlineData("L0H1", "L0H1")]
    [InlineData("L0H1 L1H2", "L0H1;L1H2")]
    [InlineData("L0H1,L1H2", "L0H1;L1H2")]
    [InlineData("L0H1, L1H2,", "L0H1;L1H2")]
    [InlineData("L0,2H1", "L0,2H1")]
    [InlineData("L0,2H1,3@=,embed", "L0,2H1,3@=;embed")]
    [InlineData("L*H*@last,L1.mlp", "L*H*@last;L1.mlp")]
    [InlineData("L0H1@2,L0H2@3", "L0H1@2;L0H2@3")]
    [InlineData("L0H1@tok:\"a, b\" L1H0", "L0H1@tok:\"a, b\";L1H0")]
    [InlineData("L0H1@tok:\"\\\" ,\"+1,L1H0", "L0H1@tok:\"\\\" ,\"+1;L1H0")]
    [InlineData("", "")]
    public void Sites_are_split_at_spaces_and_at_commas_that_join_no_numbers(string value, string expected) =>
        Assert.Equal(expected.Split(';', StringSplitOptions.RemoveEmptyEntries), SiteList.Sites([value]));

    [Fact]
    public void Every_comma_splits_positions() => Assert.Equal(["@2", "3", "@query"], SiteList.Positions(["@2,3", "@query"]));

    [Fact]
    public void An_open_quote_is_refused()
    {
        var failure = Assert.Throws<BadInputException>(() => SiteList.Sites(["L0H1@tok:\"="]));

        Assert.Contains("closing quote", failure.Message);
    }

    [Fact]
    public void Sites_joined_in_any_way_come_apart_as_they_were()
    {
        var site = Gen.Int[0, Sites.Length - 1].Select(i => Sites[i]);
        var separator = Gen.OneOf(Gen.Const(" "), Gen.Const(", "), Gen.Const("  "));

        Gen.Select(site.Array[1, 8], separator).Sample((sites, between) =>
            Assert.Equal(sites, SiteList.Sites([string.Join(between, sites)])));
    }
}
