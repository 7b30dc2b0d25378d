using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Tests.Sites;

public sealed class PositionTests
{
    // Begin token, then one token for each character.
    private static readonly TokenizedText Sum = Characters("123+456=579");

    // Tokens of a byte-pair vocabulary carry the space before a word.
    private static readonly TokenizedText Words = new(
        "John saw Mary, John ran to", [50, 1, 2, 3, 4, 1, 5, 6],
        [-1, 0, 4, 8, 13, 14, 19, 23], [-1, 4, 8, 13, 14, 19, 23, 26]);

    [Theory]
    [InlineData("@last", 11)]
    [InlineData("@-2", 10)]
    [InlineData("@-12", 0)]
    [InlineData("@-13", null)]
    [InlineData("@0", 0)]
    [InlineData("@11", 11)]
    [InlineData("@12", null)]
    [InlineData("@tok:\"=\"", 8)]
    [InlineData("@tok:\"=\"+1", 9)]
    [InlineData("@tok:\"5\"", 9)]
    [InlineData("@tok:\"9\"+1", null)]
    [InlineData("@tok:\"1\"-2", null)]
    [InlineData("@tok:\"x\"", null)]
    [InlineData("@F1", 1)]
    [InlineData("@=", 8)]
    [InlineData("@A3", 11)]
    [InlineData("@A4", null)]
    [InlineData("@unheard", null)]
    public void A_position_resolves_to_a_token_or_to_none(string position, int? token) =>
        Assert.Equal(token, SitePattern.ParsePosition(position).Resolve(Sum, new AdditionTask()));

    [Fact]
    public void The_last_of_equal_tokens_counts_and_spaces_are_part_of_it()
    {
        Assert.Equal(5, new Position.Token(" John", 0).Resolve(Words, null));
        Assert.Equal(1, new Position.Token("John", 0).Resolve(Words, null));
        Assert.Null(new Position.Token("Mary", 0).Resolve(Words, null));
    }

    [Fact]
    public void A_named_position_means_the_token_that_covers_its_character()
    {
        const string text = "When Mary and John went to the store, John gave a drink to";
        var task = new TaskCatalog().Find("ioi");
        int[] starts = [-1, 0, 4, 9, 13, 18], ends = [-1, 4, 9, 13, 18, 58];
        var tokens = new TokenizedText(text, [0, 1, 2, 3, 4, 5], starts, ends);
        Assert.Equal(2, new Position.Named("IO").Resolve(tokens, task));
        Assert.Equal(4, new Position.Named("S1").Resolve(tokens, task));
        Assert.Equal(5, new Position.Named("S2").Resolve(tokens, task));
        Assert.Null(new Position.Named("IO").Resolve(tokens, null));
    }

    private static TokenizedText Characters(string text) => new(
        text, [99, .. text.Select(c => (int)c)], [-1, .. Enumerable.Range(0, text.Length)],
        [-1, .. Enumerable.Range(1, text.Length)]);
}
