using CsCheck;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Tests.Sites;

public sealed class SitePatternTests
{
    private static readonly Gen<Position> Positions = Gen.OneOf(
        Gen.Int[0, 500].Select(i => (Position)new Position.FromStart(i)),
        Gen.Int[-500, -1].Select(i => (Position)new Position.FromEnd(i)),
        Gen.Select(Gen.String[Gen.Char["=+@ \"\\ab1é,"], 1, 6], Gen.Int[-9, 9])
            .Select((text, offset) => (Position)new Position.Token(text, offset)),
        Gen.String[Gen.Char["ABcd_=+|:"], 1, 8].Where(n => n != "last").Select(n => (Position)new Position.Named(n)));

    private static readonly Gen<SiteAddress> Addresses = Gen.Select(Gen.Enum<SiteKind>(), Gen.Int[0, 11], Gen.Int[0, 7])
        .Select((kind, layer, head) => new SiteAddress(
            kind, kind == SiteKind.Embedding ? 0 : layer, kind == SiteKind.Head ? head : 0));

    [Fact]
    public void Printing_then_parsing_is_identity() =>
        Gen.Select(Addresses, Positions).Select((a, p) => new Site(a, p)).Sample(site =>
            Assert.Equal([site], SitePattern.Parse(site.ToString()).Expand(layers: 12, heads: 8)));

    [Theory]
    [InlineData("L9H2", "L9H2@last")]
    [InlineData("L0-1H*", "L0H0@last L0H1@last L0H2@last L1H0@last L1H1@last L1H2@last")]
    [InlineData("L0,2-3.attn@=", "L0.attn@= L2.attn@= L3.attn@=")]
    [InlineData("L1,0-2.mlp@-2", "L1.mlp@-2 L0.mlp@-2 L2.mlp@-2")]
    [InlineData("L*.resid@5", "L0.resid@5 L1.resid@5 L2.resid@5 L3.resid@5 L4.resid@5 L5.resid@5 L6.resid@5 L7.resid@5 L8.resid@5 L9.resid@5")]
    [InlineData("embed@tok:\" to\"+1", "embed@tok:\" to\"+1")]
    [InlineData(" L2H1 @ -1 ", "L2H1@last")]
    public void Patterns_name_sets_of_sites(string pattern, string sites) =>
        Assert.Equal(sites, string.Join(' ', SitePattern.Parse(pattern).Expand(layers: 10, heads: 3)));

    [Fact]
    public void A_pattern_without_a_position_takes_the_given_ones() =>
        Assert.Equal(
            "L0.mlp@A1 L0.mlp@A2 L0.mlp@=",
            string.Join(' ', SitePattern.ExpandAll(
                ["L0.mlp", "L0.mlp@=", "L0.mlp@A2"], 1, 1, [new Position.Named("A1"), new Position.Named("A2")])));

    [Theory]
    [InlineData("", "must start with L")]
    [InlineData("M3", "must start with L")]
    [InlineData("L", "must start with L")]
    [InlineData("Lx", "'' is not a layer")]
    [InlineData("L3", "after the layer comes H")]
    [InlineData("L3H", "'' is not a head")]
    [InlineData("L3H2x", "after the layer comes H")]
    [InlineData("L9-3H1", "'9-3' is not a layer")]
    [InlineData("L1-2-3H1", "'1-2-3' is not a layer")]
    [InlineData("L1,,2H1", "'' is not a layer")]
    [InlineData("L99999999999H1", "'99999999999' is not a layer")]
    [InlineData("L3.atn", "Did you mean 'attn'?")]
    [InlineData("L3H1@", "a position is missing")]
    [InlineData("L3H1@-0", "positions start with -1")]
    [InlineData("L3H1@99999999999", "too large")]
    [InlineData("L3H1@tok:=", "in double quotes")]
    [InlineData("L3H1@tok:\"=", "closing quote")]
    [InlineData("L3H1@tok:\"=\"1", "not an offset")]
    [InlineData("L3H1@tok:\"\"", "is empty")]
    public void A_malformed_pattern_is_refused_with_the_reason(string pattern, string reason) =>
        Assert.Contains(reason, Assert.Throws<BadInputException>(() => SitePattern.Parse(pattern)).Message);

    [Fact]
    public void What_the_target_lacks_is_refused()
    {
        Assert.Contains("no layer 12", Refusal("L12H0"));
        Assert.Contains("0 to 11", Refusal("L3-12.mlp"));
        Assert.Contains("no head 8", Refusal("L0H8"));
    }

    [Fact]
    public void An_unknown_position_name_is_refused_with_the_nearest()
    {
        var message = Assert.Throws<BadInputException>(
            () => SitePattern.Parse("L0H0@A5").Expand(12, 8, task: new AdditionTask())).Message;
        Assert.Contains("no position 'A5'", message);
        Assert.Contains("A4", message);
        Assert.Contains("Did you mean 'last'?", Assert.Throws<BadInputException>(
            () => SitePattern.Parse("L0H0@lest").Expand(12, 8, task: new AdditionTask())).Message);
    }

    private static string Refusal(string pattern) =>
        Assert.Throws<BadInputException>(() => SitePattern.Parse(pattern).Expand(layers: 12, heads: 8)).Message;
}
