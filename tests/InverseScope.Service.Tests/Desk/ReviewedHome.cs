using System.Text.Json.Nodes;
using InverseScope.Core.Sampling;
using InverseScope.Core.Tasks;
using InverseScope.Service.Desk;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Samples;
using InverseScope.Sweeps.Store;
using Microsoft.Extensions.Time.Testing;

namespace InverseScope.Service.Tests.Desk;

/// <summary>A home with one finished sweep: the first digit is planted at L0H0, nothing at L0H1, and two specs are tested at both.</summary>
internal sealed class ReviewedHome : IDisposable
{
    public const string Planted = "L0H0@last";
    public const string Null = "L0H1@last";

    private readonly TempFolder _folder = new();

    public ReviewedHome()
    {
        Clock = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var home = new Home(_folder["home"]);
        Workspace = new Workspace(home, SweepStore.Open(home.Store), Clock, "test");
        Sweep = Run();
        Reports = new ReportShelf(Workspace);
        Samples = new SampleShelf(Workspace, Reports);
        Reviews = new ReviewDesk(Workspace, Reports);
    }

    public FakeTimeProvider Clock { get; }

    public Workspace Workspace { get; }

    /// <summary>Its id.</summary>
    public string Sweep { get; }

    public ReportShelf Reports { get; }

    public SampleShelf Samples { get; }

    public ReviewDesk Reviews { get; }

    public ReportDocument Report => Reports.Find(Sweep)!.Document;

    public string ReportFile => Path.Combine(Workspace.Home.Sweep(Sweep), "report.json");

    public string SamplesFile => KeptSiteFile.PathOf(Workspace.Home.Sweep(Sweep), Planted);

    /// <summary>The hypothesis at a site whose title ends so.</summary>
    public HypothesisRecord Hypothesis(string site = Planted, string title = "first digit") =>
        Report.Sites.Single(s => s.Site == site).Hypotheses.Single(h => h.Title == title);

    /// <summary>Runs it once more, as another sweep.</summary>
    public string Run()
    {
        File.WriteAllText(_folder["first.yaml"], "schema: inversescope/feature-spec/v1\nid: first\ntitle: first digit\nrule: [ chars, first ]\n");
        // A script that fails on texts that begin with 3, and is undefined on those that begin with 4.
        File.WriteAllText(_folder["script.yaml"], """
            schema: inversescope/feature-spec/v1
            id: script
            title: partial
            script:
              source: |
                function label(x) { if (x[0] === '3') throw new Error('no'); if (x[0] === '4') return null; return x[0] < '6' ? 'low' : 'high'; }
              max_failures: 0.5
            """);
        var plan = new SweepPlan
        {
            Name = "addition",
            Model = "planted",
            Task = "addition",
            Sites = ["L0H0", "L0H1"],
            Measurement = new MeasurementOptions { Distance = DistanceKind.Euclidean, Kernel = KernelKind.Threshold, Epsilon = 0.6, BankSize = 2000 },
            ExploreReferences = 40,
            ConfirmReferences = 60,
            SpecFiles = [_folder["first.yaml"], _folder["script.yaml"]],
            Search = false,
            RandomWeightControl = false,
            KnownSites = 0,
        };
        var planted = new Dictionary<string, Func<string, string?>> { [Planted] = text => text[..1] };
        var runner = new SweepRunner(
            Workspace.Home, Workspace.Store, (_, _, task, options, seed) => new PlantedBackend(task, options, seed, planted),
            _ => new TargetOutline(new TargetDescription("planted", "planted", "0000", 2, 2, 16, 32, 100, 64), null), new TaskCatalog(), Clock, "test",
            _ => throw new InvalidOperationException("no language model is wanted"));
        var id = runner.Begin(plan, "inversescope sweep run plan.yaml").Id;
        runner.Run(id, null, default);
        return id;
    }

    /// <summary>Changes the report on the disk.</summary>
    public void Rewrite(Action<JsonNode> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(ReportFile))!;
        change(json);
        File.WriteAllText(ReportFile + ".new", json.ToJsonString());
        File.Move(ReportFile + ".new", ReportFile, overwrite: true);
    }

    public void Dispose()
    {
        Workspace.Dispose();
        _folder.Dispose();
    }
}
