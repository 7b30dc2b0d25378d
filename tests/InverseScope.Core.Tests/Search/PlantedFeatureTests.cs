using InverseScope.Core.Search;

namespace InverseScope.Core.Tests.Search;

/// <summary>The search finds by itself what a site was made to encode.</summary>
public sealed class PlantedFeatureTests
{
    private const double SamePartition = 0.98;
    private static readonly SearchOptions Whole = PlantedSearch.Quick with { MaxProposals = 6 };

    public static TheoryData<string, string> Findable => new()
    {
        { "addition", nameof(PlantedFeatures.Digit) },
        { "addition", nameof(PlantedFeatures.UnorderedPair) },
        { "addition", nameof(PlantedFeatures.Sum) },
        { "addition", nameof(PlantedFeatures.SumModuloTen) },
        { "addition", nameof(PlantedFeatures.Carry) },
        { "addition", nameof(PlantedFeatures.DigitUnderCondition) },
        { "counting", nameof(PlantedFeatures.Letter) },
        { "counting", nameof(PlantedFeatures.Count) },
        { "counting", nameof(PlantedFeatures.FirstCount) },
        { "counting", nameof(PlantedFeatures.LengthOverTwelve) },
        { "ioi", nameof(PlantedFeatures.NameOnce) },
        { "ioi", nameof(PlantedFeatures.NameTwice) },
        { "ioi", nameof(PlantedFeatures.Order) },
        { "ioi", nameof(PlantedFeatures.Template) },
        { "ioi", nameof(PlantedFeatures.Place) },
        { "ioi", nameof(PlantedFeatures.Object) },
    };

    [Theory]
    [MemberData(nameof(Findable))]
    public void What_a_site_encodes_is_the_first_proposal(string task, string feature)
    {
        var search = new PlantedSearch(task);
        var planted = Planted(feature);

        var result = search.Run(search.Planted(noise: 0.3, planted));

        Assert.NotEmpty(result.Proposals);
        var first = result.Proposals[0];
        var agreement = search.Agreement(planted, first);
        Assert.True(agreement >= SamePartition, $"{first.Spec.Title}: {agreement:0.000}; {first.Why}");
        Assert.InRange(first.Score.Kappa, 0.9, 1);
    }

    [Theory]
    [InlineData("addition", nameof(PlantedFeatures.UnorderedPair), 0.85)]
    [InlineData("counting", nameof(PlantedFeatures.Letter), 0.85)]
    [InlineData("ioi", nameof(PlantedFeatures.NameOnce), 0.6)]
    public void Noise_as_large_as_the_signal_does_not_hide_it(string task, string feature, double leastKappa)
    {
        var search = new PlantedSearch(task);

        var result = search.Run(search.Planted(noise: 1, Planted(feature)), Whole);

        var only = Assert.Single(result.Proposals);
        Assert.InRange(search.Agreement(Planted(feature), only), SamePartition, 1);
        Assert.InRange(only.Score.Kappa, leastKappa, 1);
    }

    [Theory]
    [InlineData("addition", nameof(PlantedFeatures.Carry))]
    [InlineData("counting", nameof(PlantedFeatures.LengthOverTwelve))]
    [InlineData("ioi", nameof(PlantedFeatures.Order))]
    public void A_quarter_of_the_samples_is_enough_to_tell_a_feature_of_one_bit(string task, string feature)
    {
        var search = new PlantedSearch(task);

        var result = search.Run(search.Copied(0.25, Planted(feature)), Whole);

        var only = Assert.Single(result.Proposals);
        Assert.InRange(search.Agreement(Planted(feature), only), SamePartition, 1);
        Assert.Equal(0.25, only.Score.Kappa, 0.05);
    }

    [Theory]
    [InlineData("addition", nameof(PlantedFeatures.UnorderedPair), nameof(PlantedFeatures.Carry))]
    [InlineData("counting", nameof(PlantedFeatures.Letter), nameof(PlantedFeatures.Count))]
    [InlineData("ioi", nameof(PlantedFeatures.NameOnce), nameof(PlantedFeatures.Order))]
    public void Two_features_of_one_site_are_both_found_and_nothing_else(string task, string one, string other)
    {
        // As many prior texts as in a sweep: with few, hundreds of joint labels are too rare to tell what is usual.
        var search = new PlantedSearch(task, priorSample: 6_000);

        var result = search.Run(search.Planted(noise: 0.5, Planted(one), Planted(other)), Whole);

        Assert.Equal(2, result.Proposals.Count);
        Assert.InRange(search.BestAgreement(Planted(one), result), SamePartition, 1);
        Assert.InRange(search.BestAgreement(Planted(other), result), SamePartition, 1);
    }

    [Fact]
    public void An_ordered_pair_is_found_as_its_two_parts()
    {
        var search = new PlantedSearch("addition");

        var result = search.Run(search.Planted(noise: 0.3, PlantedFeatures.OrderedPair), Whole);

        // A site that carries both labels in full carries each: two findings, which a reader prefers to one of 90 labels.
        Assert.Equal(["1st digit", "1st digit after '+'"], result.Proposals.Select(p => p.Spec.Title).Order());
        Assert.InRange(search.Agreement(PlantedFeatures.OrderedPair, result.Proposals), SamePartition, 1);
    }

    [Fact]
    public void At_null_sites_a_proposal_is_as_rare_as_promised()
    {
        var (sites, withProposal) = (0, 0);
        foreach (var (task, seeds) in new[] { ("addition", 10), ("counting", 10), ("ioi", 30) })
        {
            var search = new PlantedSearch(task, references: 60);
            for (var seed = 0; seed < seeds; seed++)
            {
                sites++;
                withProposal += search.Run(search.Null(seed)).Proposals.Count > 0 ? 1 : 0;
            }
        }

        Assert.InRange(withProposal, 0, new SearchOptions().FalseProposalRate * sites);
    }

    private static Func<string, string?> Planted(string feature) =>
        typeof(PlantedFeatures).GetMethod(feature)!.CreateDelegate<Func<string, string?>>();
}
