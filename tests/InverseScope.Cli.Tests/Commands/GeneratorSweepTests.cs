using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;
using InverseScope.Torch;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using Microsoft.Extensions.Time.Testing;

namespace InverseScope.Cli.Tests.Commands;

/// <summary>Sweeps over the shipped model that sample from a hardly trained generator.</summary>
[Collection(TorchCollection.Name)]
public sealed class GeneratorSweepTests : IDisposable
{
    private const string Model = "ioi";

    // Few enough texts that a small generator learns to write them in a moment.
    private const string Meeting = """
        schema: inversescope/template-task/v1
        lexicons: { names: [Adam, Alice, Amy, Anna, Brian, Carlos, Diana, Emma] }
        slots: { A: names, B: names }
        templates: ["When [A] and [B] went to the store, [A] gave a drink to"]
        """;

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UnixEpoch);
    private readonly TorchThread _thread = new(threads: 1);

    public void Dispose()
    {
        _thread.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(SamplerKind.Generator)]
    [InlineData(SamplerKind.Mixture)]
    public void Broken_off_it_resumes_to_the_same_report_which_tells_of_the_generator(SamplerKind sampler)
    {
        Train("small", seed: 1);
        var whole = Sweep(Plan(sampler), null)!;
        var sweep = whole.Sweep;
        Assert.Equal(sampler == SamplerKind.Mixture ? [SamplerKind.Bank, SamplerKind.Generator] : [SamplerKind.Generator], sweep.Samplers);
        Assert.Equal(("small", "small"), (sweep.Generator!.Name, sweep.Options.Measurement.Generator));
        var site = whole.Sites[0];
        Assert.Equal(SiteStatus.Done, site.Status);
        Assert.InRange(site.RefusalRate!.Value, 0, 1);
        Assert.Equal(3, site.TokenBits!.References.Count);
        Assert.All(site.TokenBits.References, r => Assert.Equal(r.Reference, string.Concat(r.Tokens.Select(t => t.Token))));
        Assert.NotNull(site.Bits);
        Assert.InRange(site.Ess!.Value, 5, 80 + 300);
        Assert.NotNull(site.Hypotheses[0].Kappa);
        Assert.Contains(site.Hypotheses[0].Controls, c => c.Name == "random-weight target" && c.Kappa is not null);
        foreach (var breakAt in new[] { 0, 1 })
        {
            var calls = 0;
            Assert.Null(Sweep(Plan(sampler), (_, _) =>
            {
                if (calls++ == breakAt)
                    throw new OperationCanceledException();
            }));
            Assert.Equal(Comparable(whole), Comparable(Resume(Latest(), null)!).Replace(Latest(), "generated-001", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Another_generator_of_that_name_makes_what_is_done_stale()
    {
        Train("small", seed: 1);
        var first = Sweep(Plan(SamplerKind.Generator), null);
        var sampled = 0;
        void Count(Site site, string stream) => sampled++;
        Resume(Latest(), Count);
        Assert.Equal(0, sampled);
        Directory.Delete(_folder["home/generators/small"], recursive: true);
        Train("small", seed: 2);
        var again = Resume(Latest(), Count);
        Assert.True(sampled > 0);
        Assert.NotEqual(first!.Sweep.Generator, again!.Sweep.Generator);
    }

    [Fact]
    public void Its_consistency_rates_are_compared_with_the_exact_ones()
    {
        Train("small", seed: 1);
        var plan = Plan(SamplerKind.Generator);
        string[] common = ["--model", Model, "--task", TaskFile, "--epsilon", "0.5", "--threads", "1", "--quiet", "--home", _folder["home"], "--json"];
        var compared = CliRun.Of(["generator", "eval", "small", "--exact", "--specs", plan.SpecFiles[0], "--sites", "L0H0", "--references", "30", "--draws", "300", "--samples", "5", .. common]);
        Assert.Equal((0, ""), (compared.Code, compared.Error));
        using var result = JsonDocument.Parse(compared.Out);
        var generator = result.RootElement.GetProperty("generators")[0];
        Assert.True(generator.GetProperty("mean").GetProperty("prior_gap").GetDouble() > -0.5);
        var agreement = generator.GetProperty("agreement");
        var cell = agreement.GetProperty("rates")[0];
        var exact = cell.GetProperty("exact").GetDouble();
        foreach (var (way, estimate) in agreement.GetProperty("ways").EnumerateArray().Zip(["weighted", "mixed", "bank"]))
        {
            Assert.Equal(1, way.GetProperty("cells").GetInt32());
            var by = cell.GetProperty(estimate);
            Assert.Equal(Math.Abs(exact - by.GetProperty("rate").GetDouble()), way.GetProperty("mean_error").GetDouble(), 1e-9);
            Assert.Equal(by.GetProperty("ci")[0].GetDouble() <= exact && exact <= by.GetProperty("ci")[1].GetDouble() ? 1 : 0, way.GetProperty("within").GetInt32());
        }

        // 300 draws of 64 texts miss next to nothing, so that weights make up for whatever the generator prefers.
        Assert.Equal(exact, cell.GetProperty("weighted").GetProperty("rate").GetDouble(), 0.05);
        Assert.Equal(exact, cell.GetProperty("mixed").GetProperty("rate").GetDouble(), 0.05);
        Assert.Contains("Add --exact", CliRun.Of(["generator", "eval", "small", "--specs", plan.SpecFiles[0], .. common]).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Beside_a_bank_sites_that_it_does_not_know_are_measured_without_it()
    {
        Train("small", seed: 1);
        var plan = Plan(SamplerKind.Bank);
        plan = plan with { Sites = ["L0H0", "L2H0"], Measurement = plan.Measurement with { Generator = "small" } };
        var report = Sweep(plan, null)!;
        Assert.NotNull(report.Sites[0].TokenBits);
        Assert.Equal((SiteStatus.Done, null), (report.Sites[1].Status, report.Sites[1].TokenBits));
        Assert.Contains("was not trained on L2H0@last", Assert.Throws<BadInputException>(() => Sweep(plan with { Sites = ["L2H0"] }, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_no_generator_fits_is_refused_before_anything_is_stored()
    {
        var plan = Plan(SamplerKind.Generator);
        Assert.Contains("generator train", Assert.Throws<BadInputException>(() => Sweep(plan, null)).Message, StringComparison.Ordinal);
        Train("small", seed: 1);
        Assert.Contains("was not trained on L2H0@last", Assert.Throws<BadInputException>(() => Sweep(plan with { Sites = ["L2H0"] }, null)).Message, StringComparison.Ordinal);
        Assert.Contains("no generator 'smal'", Assert.Throws<BadInputException>(() => Sweep(
            plan with { Measurement = plan.Measurement with { Generator = "smal" } }, null)).Message, StringComparison.Ordinal);
        using var store = SweepStore.Open(Home.Store);
        Assert.Empty(store.Sweeps());
    }

    private string TaskFile
    {
        get
        {
            File.WriteAllText(_folder["meeting.yaml"], Meeting);
            return _folder["meeting.yaml"];
        }
    }

    private Home Home => new(_folder["home"]);

    private SweepPlan Plan(SamplerKind sampler)
    {
        File.WriteAllText(_folder["words.yaml"], "schema: inversescope/feature-spec/v1\nid: w\nrule: [ words, { nth: 1 } ]\n");
        return new SweepPlan
        {
            Name = "generated",
            Model = Model,
            Task = TaskFile,
            Sites = ["L0H0", "L1H1"],
            Measurement = new MeasurementOptions { Sampler = sampler, Epsilon = 0.5, Draws = 80, BankSize = 300, Samples = 16 },
            ExploreReferences = 20,
            ConfirmReferences = 24,
            SpecFiles = [_folder["words.yaml"]],
            Search = false,
            KnownSites = 1,
        };
    }

    private void Train(string name, int seed)
    {
        var run = CliRun.Of(
        [
            "generator", "train", "--model", Model, "--task", TaskFile, "--sites", "L0H0", "L1H1", "--layers", "1", "--heads", "2", "--width", "16", "--backbone-steps", "200", "--backbone-learning-rate", "0.01",
            "--steps", "2", "--batch-size", "16", "--latent", "8", "--control-heads", "2", "--control-head-width", "4", "--threads", "1", "--quiet", "--name", name,
            "--seed", seed.ToString(System.Globalization.CultureInfo.InvariantCulture), "--home", _folder["home"],
        ]);
        Assert.Equal((0, ""), (run.Code, run.Error));
    }

    // Null if it was broken off.
    private ReportDocument? Sweep(SweepPlan plan, Action<Site, string>? beforeSampling)
    {
        using var store = Store();
        var runner = Runner(store, beforeSampling);
        return Report(runner.Run(runner.Begin(plan, "a command").Id, null, default));
    }

    private ReportDocument? Resume(string id, Action<Site, string>? beforeSampling)
    {
        using var store = Store();
        return Report(Runner(store, beforeSampling).Run(id, null, default));
    }

    private string Latest()
    {
        using var store = Store();
        return store.Sweeps().Select(s => s.Id).Max(StringComparer.Ordinal)!;
    }

    private SweepStore Store()
    {
        Home.Make();
        return SweepStore.Open(Home.Store);
    }

    private ReportDocument? Report(StoredSweep sweep)
    {
        var path = Path.Combine(Home.Sweep(sweep.Id), "report.json");
        return sweep.State == SweepState.Finished ? ReportJson.Read(path, File.ReadAllText(path)) : null;
    }

    private SweepRunner Runner(SweepStore store, Action<Site, string>? beforeSampling)
    {
        var models = new ModelCatalog(Home.Models);
        var generators = new GeneratorCatalog(Home.Generators);
        return new SweepRunner(
            Home, store,
            (model, weights, task, options, seed) => new Watched(
                TorchBackend.Open(
                    _thread, models.Find(model).Folder, model, task, options, seed, Home.Banks, weights,
                    target => generators.Fitting(options.Generator, target, task, options.Basis).Folder),
                beforeSampling),
            model =>
            {
                using var target = TargetModel.Open(models.Find(model).Folder, _thread, model);
                return new TargetOutline(target.Description, null);
            },
            new TaskCatalog(), _clock, "test", _ => throw new InvalidOperationException("no language model is wanted"));
    }

    private static string Comparable(ReportDocument? report)
    {
        var json = (JsonObject)JsonNode.Parse(ReportJson.Write(report!))!;
        json["sweep"]!["cost"]!["peak_memory_bytes"] = null;
        return json.ToJsonString();
    }

    private sealed class Watched(IInversionBackend backend, Action<Site, string>? beforeSampling) : IInversionBackend
    {
        public TargetDescription Target => backend.Target;

        public MeasurementOptions Options => backend.Options;

        public GeneratorDescription? Generator => backend.Generator;

        public TextPool Texts => backend.Texts;

        public int PriorTexts => backend.PriorTexts;

        public double[]? PriorWeights => backend.PriorWeights;

        public void Prepare(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel) => backend.Prepare(sites, progress, cancel);

        public SiteSamples Sample(Site site, IReadOnlyList<string> references, string streamName, CancellationToken cancel)
        {
            if (Options.UsesGenerator)
                beforeSampling?.Invoke(site, streamName);
            return backend.Sample(site, references, streamName, cancel);
        }

        public IReadOnlyList<int?> CharactersRead(Site site, IReadOnlyList<string> texts) => backend.CharactersRead(site, texts);

        public IReadOnlyList<PatchOutcome?> Patch(Site site, IReadOnlyList<PatchRequest> requests, CancellationToken cancel) => backend.Patch(site, requests, cancel);

        public void Dispose() => backend.Dispose();
    }
}
