using System.Text.Json.Nodes;
using InverseScope.Service.Desk;
using InverseScope.Service.Tests.Desk;
using InverseScope.Sweeps;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Tests.Api;

/// <summary>Samples and references of a sweep on planted sites, which kept all its samples.</summary>
public sealed class SampleListTests(PlantedSweep planted) : IClassFixture<PlantedSweep>
{
    [Fact]
    public async Task References_come_those_that_match_least_first_and_each_on_one_page()
    {
        var (path, first) = (PlantedSweep.Site("L0H0@last") + "/references", await planted.FirstHypothesisAsync("L0H0@last"));
        var rows = new List<JsonNode>();
        for (var page = 1; page <= 3; page++)
        {
            var list = await planted.Client.GetJsonAsync($"{path}?hypothesis={Uri.EscapeDataString(first)}&size=25&page={page}");
            Assert.Equal((60, page, 25, false), ((int)list["total"]!, (int)list["page"]!, (int)list["size"]!, (bool)list["are_examples"]!));
            rows.AddRange(list["items"]!.AsArray()!);
        }

        Assert.Equal(60, rows.Select(r => (string)r["text"]!).Distinct().Count());
        double[] rates = [.. rows.Select(r => (double?)r["match_rate"] ?? double.PositiveInfinity)];
        Assert.Equal(rates.Order(), rates);
        Assert.Contains(rates, double.IsFinite);
        Assert.All(rows, r => Assert.Equal(((string)r["text"]!)[..1], (string)r["label"]!));
        Assert.All(rows.Where(r => r["match_rate"] is not null), r => Assert.True((int)r["samples"]! > 0 && (double)r["ess"]! > 0));
    }

    [Theory]
    [InlineData("samples")]
    [InlineData("references")]
    public async Task Where_no_hypothesis_is_named_the_labels_are_of_the_first_one_of_the_site(string list)
    {
        var path = $"{PlantedSweep.Site("L0H0@last")}/{list}";
        var first = await planted.FirstHypothesisAsync("L0H0@last");

        var (byDefault, named) = (await planted.Client.GetJsonAsync(path), await planted.Client.GetJsonAsync($"{path}?hypothesis={Uri.EscapeDataString(first)}"));

        Assert.NotEmpty(byDefault["items"]!.AsArray());
        Assert.NotNull((string?)byDefault["items"]![0]!["label"]);
        Assert.True(JsonNode.DeepEquals(named, byDefault));
    }

    [Fact]
    public async Task Swapped_references_stand_beside_the_samples_of_another_one()
    {
        var path = PlantedSweep.Site("L0H0@last") + "/samples";
        var own = await planted.Client.GetJsonAsync($"{path}?size=500");
        var swapped = await planted.Client.GetJsonAsync($"{path}?swapped=true&size=500");

        Assert.All(own["items"]!.AsArray(), r => Assert.Null(r!["sampled_for"]));
        var rows = swapped["items"]!.AsArray();
        Assert.NotEmpty(rows);
        Assert.All(rows, r => Assert.NotEqual((string)r!["reference"]!, (string)r["sampled_for"]!));
        Assert.All(rows, r => Assert.Equal((string?)r!["label"] == (string?)r["reference_label"], (bool)r["match"]!));
        // The site tells of the first digit, which another reference seldom has.
        Assert.True(rows.Count(r => (bool)r!["match"]!) < rows.Count / 2);
        var one = (string)rows[0]!["reference"]!;
        var ofOne = await planted.Client.GetJsonAsync($"{path}?swapped=true&size=500&reference={Uri.EscapeDataString(one)}");
        Assert.Single(ofOne["items"]!.AsArray().Select(r => (string)r!["sampled_for"]!).Distinct());
        Assert.All(ofOne["items"]!.AsArray(), r => Assert.Equal(one, (string)r!["reference"]!));
    }

    [Fact]
    public async Task A_hypothesis_of_another_site_has_no_labels_here()
    {
        var other = await planted.FirstHypothesisAsync("L0H1@last");
        foreach (var list in new[] { "samples", "references" })
        {
            var problem = await planted.Client.ProblemAsync(400, ApiCalls.Request("GET", $"{PlantedSweep.Site("L0H0@last")}/{list}?hypothesis={Uri.EscapeDataString(other)}"));
            Assert.Contains("no hypothesis", (string)problem["detail"]!, StringComparison.Ordinal);
        }
    }
}

/// <summary>A service with one finished sweep: the first digit is planted at L0H0, nothing at L0H1, and a spec of it is tested at both.</summary>
public sealed class PlantedSweep : IAsyncLifetime
{
    private const string Id = "planted-001";

    private readonly TempFolder _folder = new();
    private ServiceHost _service = null!;

    internal HttpClient Client => _service.Client;

    internal static string Site(string name) => $"/api/v1/sweeps/{Id}/sites/{Uri.EscapeDataString(name)}";

    public async ValueTask InitializeAsync()
    {
        var home = new Home(_folder["home"]);
        PlantedPlan.KeepSpec(home);
        _service = await ServiceHost.StartAsync(home, compute: new PlantedCompute());
        var desk = _service.Services.GetRequiredService<SweepDesk>();
        desk.Begin(PlantedPlan.OfSpec("planted", "'L0H0-1'"));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while (desk.Find(Id).Status != SweepStatus.Finished)
            await Task.Delay(10, patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Id of the first hypothesis of a site, as the report has them.</summary>
    internal async Task<string> FirstHypothesisAsync(string site)
    {
        var report = await Client.GetJsonAsync($"/api/v1/sweeps/{Id}/report");
        return (string)report["sites"]!.AsArray().Single(s => (string)s!["site"]! == site)!["hypotheses"]![0]!["id"]!;
    }
}
