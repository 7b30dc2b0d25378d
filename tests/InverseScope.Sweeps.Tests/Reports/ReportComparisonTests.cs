using System.Text.Json.Nodes;
using InverseScope.Sweeps.Reports;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Reports;

public sealed class ReportComparisonTests
{
    [Fact]
    public void A_report_has_the_results_of_its_copy()
    {
        var copy = ReportJson.Read("copy", ReportJson.Write(ReportFixture.Tiny()));
        var comparison = ReportComparison.Of(ReportFixture.Tiny(), copy);
        Assert.True(comparison.SameResults);
        Assert.Empty(comparison.Settings);
        Assert.Equal(6, comparison.Shared);
        Assert.Contains("The results are the same.", ReportComparisonText.Write(comparison), StringComparison.Ordinal);
    }

    [Fact]
    public void What_changed_reads_as_it_did() =>
        Golden.Verify(ReportComparisonText.Write(ReportComparison.Of(ReportFixture.Tiny(), Changed())), "txt");

    [Fact]
    public void Either_order_finds_the_same_differences()
    {
        var (there, back) = (ReportComparison.Of(ReportFixture.Tiny(), Changed()), ReportComparison.Of(Changed(), ReportFixture.Tiny()));
        Assert.Equal(there.OnlyInA, back.OnlyInB);
        Assert.Equal(there.SitesOnlyInA, back.SitesOnlyInB);
        Assert.Equal(
            there.Verdicts.Select(v => (v.SpecHash, v.A, v.B)).Order(),
            back.Verdicts.Select(v => (v.SpecHash, v.B, v.A)).Order());
        Assert.Equal(
            there.Kappas.Select(k => (k.SpecHash, k.Difference)).Order(),
            back.Kappas.Select(k => (k.SpecHash, -k.Difference)).Order());
    }

    [Fact]
    public void An_edited_spec_is_another_hypothesis()
    {
        var comparison = ReportComparison.Of(ReportFixture.Tiny(), Changed());
        Assert.Equal("edited", Assert.Single(comparison.OnlyInB).SpecHash);
    }

    [Fact]
    public void A_number_that_one_report_lacks_has_no_difference()
    {
        var json = JsonNode.Parse(ReportJson.Write(ReportComparison.Of(ReportFixture.Tiny(), Changed())))!;
        var lacking = json["kappas"]!.AsArray().Single(k => k!["b"] is null)!;
        Assert.Null(lacking["difference"]);
        Assert.Null(lacking["intervals_overlap"]);
        Assert.Equal("inversescope/comparison/v1", json["schema"]!.GetValue<string>());
        Assert.False(json["same_results"]!.GetValue<bool>());
    }

    private static ReportDocument Changed()
    {
        var tiny = ReportFixture.Tiny();
        var (first, second) = (tiny.Sites[0], tiny.Sites[1]);
        return ReportDocument.Of(
            tiny.Sweep with
            {
                Id = "addition-0002",
                Seeds = new Dictionary<string, long> { ["run"] = 8 },
                Options = tiny.Sweep.Options with { Measurement = tiny.Sweep.Options.Measurement with { Epsilon = 0.1 } },
            },
            [
                first with
                {
                    Verdict = SiteVerdict.Explained,
                    Hypotheses =
                    [
                        first.Hypotheses[0] with { Kappa = 0.41, KappaCi = new ReportInterval(0.3, 0.52) },
                        first.Hypotheses[1] with { Verdict = HypothesisVerdict.Refuted, Kappa = 0.3, KappaCi = new ReportInterval(-0.1, 0.4) },
                        first.Hypotheses[2] with { Verdict = HypothesisVerdict.Failed, Kappa = null, KappaCi = null },
                    ],
                },
                second with { Hypotheses = [second.Hypotheses[0] with { SpecHash = "edited" }, .. second.Hypotheses.Skip(1)] },
            ]);
    }
}
