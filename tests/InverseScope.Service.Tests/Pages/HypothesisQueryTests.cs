using InverseScope.Service.Pages;
using InverseScope.Sweeps.Reports;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace InverseScope.Service.Tests.Pages;

public sealed class HypothesisQueryTests
{
    [Fact]
    public void An_address_says_all_of_it()
    {
        var query = new HypothesisQuery
        {
            Verdict = HypothesisVerdict.Undecided,
            Site = "L0H*@'a&b'",
            Kind = FeatureKind.Llm,
            Author = HypothesisAuthor.Mcp,
            Review = "needs_more",
            Text = "carry + 1",
            Order = "kappa",
            Reversed = true,
            Page = 3,
        };

        Assert.Equal(query, Read(query.ToText()));
        Assert.Equal("", new HypothesisQuery().ToText());
    }

    [Theory]
    [InlineData("?verdict=no&kind=4&author=&sort=drop&page=-1")]
    [InlineData("?page=99999999999999&sort=-")]
    public void What_it_does_not_know_is_as_if_it_were_not_there(string address) => Assert.Equal(new HypothesisQuery(), Read(address));

    private static HypothesisQuery Read(string address) => HypothesisQuery.From(new QueryCollection(QueryHelpers.ParseQuery(address)));
}
