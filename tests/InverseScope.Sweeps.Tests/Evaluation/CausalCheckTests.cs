using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Reports;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Evaluation;

public sealed class CausalCheckTests
{
    private static readonly RunSeed Seed = new(5);
    private static readonly ITask Addition = new TaskCatalog().Find("addition");
    private static readonly Site Site = SitePattern.ExpandAll(["L0H0"], 1, 1)[0];

    [Fact]
    public void What_the_output_follows_shows_in_full()
    {
        var found = Measure("[chars, { nth: 0 }]", t => t[..1], out var requests)!;
        Assert.Equal((30, 3, 0.0, 3.0, 3.0), (found.References, found.Donors, found.KlSharing, found.KlOther, found.KlDifference));
        Assert.Equal(new ReportInterval(3, 3), found.KlDifferenceCi);
        Assert.All(requests, r =>
        {
            Assert.Equal(6, r.Donors.Distinct().Count());
            Assert.DoesNotContain(r.Text, r.Donors);
            Assert.All(r.Donors.Take(3), d => Assert.Equal(r.Text[0], d[0]));
            Assert.All(r.Donors.Skip(3), d => Assert.NotEqual(r.Text[0], d[0]));
            // 615+861=1476 asks for what comes after the sign.
            Assert.Equal(new PatchAnswer(8, r.Text[8..]), r.Answer);
        });
    }

    [Fact]
    public void What_the_output_does_not_follow_makes_no_difference()
    {
        var found = Measure("[chars, { nth: 2 }]", t => t[..1], out _)!;
        Assert.InRange(found.KlSharing, 1.5, 3);
        Assert.InRange(found.KlDifferenceCi!.Value.Lower, -2, 0);
        Assert.InRange(found.KlDifferenceCi!.Value.Upper, 0, 2);
    }

    [Fact]
    public void A_feature_that_is_the_same_on_all_texts_has_no_donors_that_differ() =>
        Assert.Null(Measure("[chars, { nth: 3 }]", t => t[..1], out _));

    private static CausalRecord? Measure(string rule, Func<string, string?> output, out IReadOnlyList<PatchRequest> requests)
    {
        IReadOnlyList<PatchRequest> asked = [];
        using var backend = new PlantedBackend(
            Addition, new MeasurementOptions { BankSize = 2_000, MinimumEss = 0 }, Seed, new Dictionary<string, Func<string, string?>> { [Site.ToString()] = output })
        {
            Patched = r => asked = r,
        };
        backend.Prepare([Site], null, default);
        var random = Seed.Stream("references");
        var samples = backend.Sample(Site, [.. Enumerable.Range(0, 40).Select(_ => Addition.Draw(random))], "test", default);
        var site = new MeasuredSite(Site, samples, PriorSample.Of(backend, Site, samples, Seed), backend.Texts);
        var feature = FeatureCompiler.Compile($"schema: inversescope/feature-spec/v1\nid: d\nrule: {rule}\n", new CompileContext()).OrThrow("d.yaml").Feature;
        var found = new CausalCheck(backend, Addition, 30, 3).Measure(site, new LabelColumn(feature, backend.Texts), Seed.Stream("check"), default);
        requests = asked;
        return found;
    }
}
