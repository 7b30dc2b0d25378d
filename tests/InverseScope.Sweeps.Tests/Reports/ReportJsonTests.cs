using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Sweeps.Reports;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Reports;

public sealed class ReportJsonTests
{
    [Fact]
    public void A_report_reads_as_it_did() => Golden.Verify(ReportJson.Write(ReportFixture.Tiny()), "json");

    [Fact]
    public void Reading_what_was_written_gives_the_same_text()
    {
        var written = ReportJson.Write(ReportFixture.Night(2, 2, ["=", "answer"], 3, seed: 11));
        Assert.Equal(written, ReportJson.Write(ReportJson.Read("report.json", written)));
    }

    [Fact]
    public void What_was_not_measured_is_null_and_never_left_out()
    {
        var failed = ReportFixture.Tiny().Sites[1].Hypotheses.Single(h => h.Verdict == HypothesisVerdict.Failed);
        var json = JsonNode.Parse(ReportJson.WriteLine(failed))!.AsObject();
        foreach (var member in new[] { "fcr", "chance", "kappa", "kappa_ci", "e_value", "bits", "ess", "noise_ceiling", "explore" })
        {
            Assert.True(json.ContainsKey(member), member);
            Assert.Null(json[member]);
        }

        Assert.Null(json["counts"]!["samples"]);
    }

    [Fact]
    public void A_number_that_json_cannot_carry_does_not_stop_the_report()
    {
        var h = ReportFixture.Tiny().Sites[0].Hypotheses[0] with
        {
            Kappa = double.NaN,
            KappaCi = new ReportInterval(double.NaN, 1),
            EValue = double.PositiveInfinity,
        };
        var json = JsonNode.Parse(ReportJson.WriteLine(h))!;
        Assert.Null(json["kappa"]);
        Assert.Null(json["kappa_ci"]);
        Assert.Equal(double.MaxValue, json["e_value"]!.GetValue<double>());
    }

    [Fact]
    public void A_streamed_hypothesis_is_one_line() =>
        Assert.DoesNotContain('\n', ReportJson.WriteLine(ReportFixture.Tiny().Sites[1].Hypotheses[0]));

    [Theory]
    [InlineData("", "not a readable report")]
    [InlineData("{\"schema\":\"inversescope/report/v1\"}", "not a readable report")]
    [InlineData("[]", "found none")]
    [InlineData("{\"schema\":\"inversescope/report/v9\"}", "found 'inversescope/report/v9'")]
    [InlineData("{\"schema\":7}", "found none")]
    public void What_is_no_report_is_refused_by_name(string json, string expected)
    {
        var refused = Assert.Throws<BadInputException>(() => ReportJson.Read("night/report.json", json));
        Assert.Contains("'night/report.json'", refused.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.NotNull(refused.Fix);
    }

    [Fact]
    public void Names_that_readers_depend_on_stay()
    {
        // Reported by name. Only append; a changed name needs a new version of the schema.
        Assert.Equal(
            "Confirmed Refuted Undecided Degenerate Failed", string.Join(' ', Enum.GetNames<HypothesisVerdict>()));
        Assert.Equal("Symbolic Llm Person Mcp", string.Join(' ', Enum.GetNames<HypothesisAuthor>()));
        Assert.Equal("Explore Confirm", string.Join(' ', Enum.GetNames<HypothesisPhase>()));
        Assert.Equal("Queued Running Done Skipped Failed", string.Join(' ', Enum.GetNames<SiteStatus>()));
        Assert.Equal(
            "Explained PartlyExplained EncodesNoneOfWhatWasTried NotMeasured Failed Undecided",
            string.Join(' ', Enum.GetNames<SiteVerdict>()));
    }
}
