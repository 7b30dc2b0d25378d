using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Calibration;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Tests.Calibration;

public sealed class CalibrationRunTests
{
    private static readonly ITask Addition = new TaskCatalog().Find("addition");
    private static readonly RunSeed Seed = new(3);

    [Fact]
    public void What_is_planted_is_found_and_null_sites_stay_quiet()
    {
        var report = Run(Small() with { Planted = [Spec("[chars, { nth: 5 }]"), Spec("[{ sum: [[chars, { nth: 2 }, int], [chars, { nth: 6 }, int]] }, { ge: 10 }]")] });

        Assert.Equal((1.0, 2, 2), (report.DiscoveryRate, report.Discovered, report.Planted));
        Assert.Equal((0.0, 0), (report.FalseDiscoveryRate, report.FalseDiscoveries));
        Assert.Equal((0.0, 0, 2), (report.NullDiscoveryRate, report.NullSitesWithDiscovery, report.NullSites));
        Assert.Equal(0, report.Replaced);
        Assert.Equal((1.0, 0, 8), (report.Power, report.FalseWhenGiven, report.Given));
        // Two specs at two planted and two null sites.
        Assert.Equal(8, report.Intervals);
        Assert.True(report.Coverage >= 0.95);
        Assert.All(report.BySpec, s => Assert.InRange(s.Kappa!.Value, 0.8, 1));
    }

    [Fact]
    public void Two_specs_can_share_a_site()
    {
        var report = Run(Small() with { Together = true, NoiseRatio = 0, Planted = [Spec("[chars, { nth: 0 }]"), Spec("[chars, { nth: 5 }]")] });

        Assert.Equal((2, 2), (report.Discovered, report.Planted));
        Assert.Equal(0, report.FalseDiscoveries);
    }

    [Theory]
    [InlineData("[{ product: [[chars, { nth: 0 }, int], [chars, { nth: 5 }, int], [chars, { nth: 6 }, int]] }, { mod: 7 }]")]
    [InlineData("[{ product: [[chars, { nth: 0 }, int], [chars, { nth: 5 }, int]] }, { mod: 7 }]")]
    [InlineData("[chars, { nth: 1 }, int, { mod: 7 }, { mod: 4 }]")]
    public void What_the_search_cannot_say_is_not_found_and_nothing_finer_stands_in_its_place(string rule)
    {
        // The product itself, or a digit, tells all of it and more: it is true of the site in part, and explains nothing.
        var report = Run(Small() with { NoiseRatio = 0, NullSites = 0, Planted = [Spec(rule)] });

        Assert.Equal((0, 1), (report.Discovered, report.Planted));
        Assert.Equal((0, 0), (report.Replaced, report.FalseDiscoveries));
        Assert.Equal(1.0, report.Power);
    }

    [Fact]
    public void The_same_seed_gives_the_same_report() =>
        Assert.Equal(Json(Run(Small())), Json(Run(Small())));

    [Fact]
    public void Options_that_make_no_sense_are_all_named()
    {
        var options = Small() with { Together = true, NoiseRatio = -1, Repetitions = 0 };
        var error = Assert.Throws<BadInputException>(() => Run(options));
        Assert.Contains("odd number", error.Message, StringComparison.Ordinal);
        Assert.Contains("noise ratio", error.Message, StringComparison.Ordinal);
        Assert.Contains("repetition", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Features_to_plant_come_from_what_varies_in_the_prior()
    {
        var features = PlantedFeatures.FromPrior(4, Addition, Seed, default);
        Assert.Equal(4, features.Select(f => f.Feature.Hash).Distinct().Count());
        Assert.All(features, f => Assert.NotNull(f.Feature.Label("615+861=1476")));
    }

    private static CalibrationOptions Small() => new()
    {
        Planted = [Spec("[chars, { nth: 1 }]")],
        Repetitions = 1,
        NullSites = 2,
        Measurement = null,
        ExploreReferences = 120,
        ConfirmReferences = 160,
        TruthReferences = 400,
        StreamSweeps = 0,
    };

    private static CalibrationReport Run(CalibrationOptions options) => CalibrationRun.Run(
        options with { Measurement = CalibrationRun.Measurement(options.Together, Math.Max(0, options.NoiseRatio)) with { BankSize = 4_000 } },
        Addition, Seed, TimeProvider.System, null, default);

    private static HypothesisDraft Spec(string rule)
    {
        var compiled = FeatureCompiler.Compile(
            $"schema: inversescope/feature-spec/v1\nid: planted\nrule: {rule}\n", new CompileContext()).OrThrow("planted.yaml");
        return new HypothesisDraft(compiled.Spec, compiled.Feature, HypothesisAuthor.Person, null, []);
    }

    private static string Json(CalibrationReport report) => System.Text.Json.JsonSerializer.Serialize(report);
}
