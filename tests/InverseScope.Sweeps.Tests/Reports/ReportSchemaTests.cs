using InverseScope.Sweeps.Reports;
using InverseScope.Testing;
using NJsonSchema;

namespace InverseScope.Sweeps.Tests.Reports;

public sealed class ReportSchemaTests
{
    [Fact]
    public void The_shipped_schema_is_the_one_of_the_types() => Golden.VerifyFile(
        ReportSchemaGenerator.Generate(),
        Repository.Path("src", "InverseScope.Sweeps", "Reports", "report.schema.json"));

    [Fact]
    public async Task A_report_of_every_verdict_is_valid() =>
        Assert.Empty((await Shipped()).Validate(ReportJson.Write(ReportFixture.Tiny())));

    [Fact]
    public async Task A_report_of_a_night_is_valid() =>
        Assert.Empty((await Shipped()).Validate(ReportJson.Write(ReportFixture.Night(2, 4, ["="], 3, seed: 5))));

    [Theory]
    [InlineData("\"fcr\": 0.", "\"fcr\": \"0.")]
    [InlineData("\"verdict\": \"confirmed\"", "\"verdict\": \"proven\"")]
    [InlineData("\"site\":", "\"sight\":")]
    [InlineData("\"schema\": \"inversescope/report/v1\"", "\"schema\": \"inversescope/report/v2\"")]
    public async Task A_wrong_member_is_found(string right, string wrong)
    {
        var json = ReportJson.Write(ReportFixture.Tiny());
        var at = json.IndexOf(right, StringComparison.Ordinal);
        var broken = json[..at] + wrong + json[(at + right.Length)..];
        if (wrong.EndsWith("\"0.", StringComparison.Ordinal))
        {
            var end = broken.IndexOf(',', at);
            broken = broken[..end] + '"' + broken[end..];
        }

        Assert.NotEmpty((await Shipped()).Validate(broken));
    }

    private static Task<JsonSchema> Shipped() => JsonSchema.FromJsonAsync(ReportSchema.Text);
}
