namespace InverseScope.Core.Tests.Search;

/// <summary>The search finds by itself what a site was made to encode.</summary>
public sealed class PlantedFeatureTests
{
    private const double SamePartition = 0.98;

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

    private static Func<string, string?> Planted(string feature) =>
        typeof(PlantedFeatures).GetMethod(feature)!.CreateDelegate<Func<string, string?>>();
}
