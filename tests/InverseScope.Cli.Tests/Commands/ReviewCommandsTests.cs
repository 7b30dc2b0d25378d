using System.Text.Json;
using InverseScope.Core.Sampling;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Cli.Tests.Commands;

public sealed class ReviewCommandsTests : IDisposable
{
    private readonly TempFolder _home = new();
    private readonly string _sweep;
    private readonly string _hypothesis;

    public ReviewCommandsTests()
    {
        File.WriteAllText(_home["first.yaml"], "schema: inversescope/feature-spec/v1\nid: first\ntitle: first digit\nrule: [ chars, first ]\n");
        var home = new Home(_home.Path);
        using var store = SweepStore.Open(home.Store);
        var runner = new SweepRunner(
            home, store, (_, _, task, options, seed) => new PlantedBackend(task, options, seed, new Dictionary<string, Func<string, string?>> { ["L0H0@last"] = t => t[..1] }),
            _ => new TargetOutline(new TargetDescription("planted", "planted", "0000", 2, 2, 16, 32, 100, 64), null), new TaskCatalog(), TimeProvider.System, "test",
            _ => throw new InvalidOperationException("no language model is wanted"));
        _sweep = runner.Begin(
            new SweepPlan
            {
                Name = "addition",
                Model = "planted",
                Task = "addition",
                Sites = ["L0H0"],
                Measurement = new MeasurementOptions { Distance = DistanceKind.Euclidean, Kernel = KernelKind.Threshold, Epsilon = 0.6, BankSize = 1000 },
                ExploreReferences = 30,
                ConfirmReferences = 30,
                SpecFiles = [_home["first.yaml"]],
                Search = false,
                RandomWeightControl = false,
                KnownSites = 0,
                CausalReferences = 0,
            },
            "test").Id;
        runner.Run(_sweep, null, default);
        _hypothesis = ReportJson.Read("r", File.ReadAllText(_home[$"sweeps/{_sweep}/report.json"])).Sites[0].Hypotheses[0].Id;
    }

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_verdict_is_added_listed_exported_and_told_by_the_report()
    {
        var added = Run("review", "add", _sweep, _hypothesis, "--verdict", "needs_more", "--author", "=Ada \u001b[31m", "--comment", "x");
        Assert.Equal(2, added.Code);
        Assert.Contains("name", added.Error);
        Assert.Equal(0, Run("review", "add", _sweep, _hypothesis, "--verdict", "needs_more", "--author", "=Ada <b>", "--comment", "more, please").Code);
        var json = Json("review", "add", _sweep, _hypothesis, "--verdict", "spec_wrong", "--author", "Bob", "--json");
        Assert.Equal("spec_wrong", json.GetProperty("review").GetProperty("verdict").GetString());

        var list = Json("review", "list", "--json");
        Assert.Equal((1, 1), (list.GetProperty("total").GetInt32(), list.GetProperty("reviewed").GetInt32()));
        Assert.Equal(["needs_more", "spec_wrong"], list.GetProperty("hypotheses")[0].GetProperty("reviews").EnumerateArray().Select(r => r.GetProperty("verdict").GetString()));
        Assert.Contains("spec_wrong (Bob)", Run("review", "list", _sweep).Out);

        var export = Json("review", "export", _sweep);
        Assert.Equal("=Ada <b>", export.GetProperty("reviews")[0].GetProperty("author").GetString());
        var csv = Run("review", "export", _sweep, "--format", "csv").Out;
        Assert.Contains(",'=Ada <b>,", csv);
        Assert.Contains("\"more, please\"", csv);

        Assert.Equal(0, Run("report", _sweep, "--format", "json,html,csv", "--out", _home["out"]).Code);
        var report = ReportJson.Read("r", File.ReadAllText(_home["out/report.json"]));
        Assert.Equal([ReviewVerdict.NeedsMore, ReviewVerdict.SpecWrong], report.Sites[0].Hypotheses[0].Reviews.Select(r => r.Verdict));
        Assert.Contains("=Ada &lt;b&gt;", File.ReadAllText(_home["out/report.html"]));
        Assert.Contains(",spec_wrong,", File.ReadAllText(_home["out/report.csv"]));
    }

    [Fact]
    public void While_another_process_has_the_store_reports_are_written_without_reviews_and_say_so()
    {
        Assert.Equal(0, Run("review", "add", _sweep, _hypothesis, "--verdict", "accept", "--author", "Ada").Code);
        using var store = SweepStore.Open(_home["store.db"]);
        var report = Run("report", _sweep, "--format", "json", "--out", _home["out"]);
        Assert.Equal(0, report.Code);
        Assert.Contains("left out", report.Error);
        Assert.Contains("in use by another process", report.Error);
        Assert.Empty(ReportJson.Read("r", File.ReadAllText(_home["out/report.json"])).Sites[0].Hypotheses[0].Reviews);
        var list = Run("review", "list");
        Assert.Equal(2, list.Code);
        Assert.Contains("in use by another process", list.Error);
    }

    [Fact]
    public void What_cannot_be_is_told()
    {
        foreach (var (args, says) in new (string[], string)[]
        {
            (["review", "add", _sweep, _hypothesis, "--verdict", "accepted", "--author", "A"], "Did you mean 'accept'?"),
            (["review", "add", _sweep, "none", "--verdict", "accept", "--author", "A"], "no hypothesis 'none'"),
            (["review", "add", "none", _hypothesis, "--verdict", "accept", "--author", "A"], "no sweep 'none'"),
            (["review", "add", _sweep, _hypothesis, "--author", "A"], "--verdict"),
            (["review", "list", "none"], "no sweep 'none'"),
            (["review", "list", "--size", "501"], "--size"),
            (["review", "export", "none"], "no sweep 'none'"),
            (["review", "export", _sweep, "--format", "xml"], "--format is one of json, csv"),
        })
        {
            var run = Run(args);
            Assert.Equal(2, run.Code);
            Assert.Contains(says, run.Error);
        }

        var elsewhere = CliRun.Of("review", "list", "--home", _home["elsewhere"]);
        Assert.Equal(2, elsewhere.Code);
        Assert.False(Directory.Exists(_home["elsewhere"]));
    }

    private CliRun Run(params string[] args) => CliRun.Of([.. args, "--home", _home.Path]);

    private JsonElement Json(params string[] args)
    {
        var run = Run(args);
        Assert.Equal(0, run.Code);
        using var json = JsonDocument.Parse(run.Out);
        return json.RootElement.Clone();
    }
}
