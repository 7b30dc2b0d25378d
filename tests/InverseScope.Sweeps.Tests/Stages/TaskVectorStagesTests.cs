using InverseScope.Agent.Chat;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Stages;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;
using Microsoft.Extensions.Time.Testing;

namespace InverseScope.Sweeps.Tests.Stages;

/// <summary>The experiment on a made-up target whose attention outputs move what a test says.</summary>
public sealed class TaskVectorStagesTests : IDisposable
{
    private static readonly TranslationTask Translation = (TranslationTask)new TaskCatalog().Find("icl-translation");

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.Parse("2030-01-01T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_task_moves_at_its_layer_and_the_whole_answer_at_another()
    {
        var (sweep, report) = Run(Plan(), Moving);
        Assert.Equal(SweepState.Finished, sweep.State);
        var found = report.TaskVector!;
        Assert.Equal((60, 60, 60), (found.PairsWanted, found.Pairs, found.PairsUsed));
        Assert.Equal((1.0, 1.0, 1.0), (found.TargetAccuracy!.Rate, found.SourceAccuracy!.Rate, found.SameTaskAccuracy!.Rate));
        Assert.Equal(["L0.attn@last", "L1.attn@last", "L2.attn@last", "L3.attn@last"], found.Sites.Select(s => s.Site));
        Assert.Equal([(0, 0, 1, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 1)], found.Sites.Select(Rates));
        // A donor of the target's own task changes nothing where the task moves, and brings its own answer where all does.
        Assert.Equal([(0.0, 0.0, 1.0), (0, 0, 1), (0, 1, 0), (0, 0, 0)], found.Sites.Select(s => (s.SameTaskSuccess!.Rate, s.SameTaskAnswer!.Rate, s.SameTaskKept!.Rate)));
        // Wilson's interval of 60 in 60.
        Assert.Equal(0.9398, found.Sites[1].Success!.Ci.Lower, 1e-4);
        Assert.Equal(1, found.Sites[1].Success!.Ci.Upper);
        Assert.Equal(["L1.attn@last"], found.Carrying);
        Assert.Contains("L1.attn@last", found.Statement, StringComparison.Ordinal);
        Assert.Contains("carries which task it is", found.Statement, StringComparison.Ordinal);
        Assert.Empty(report.Sites);
    }

    [Fact]
    public void What_the_model_gets_wrong_without_a_patch_is_not_patched()
    {
        var asked = 0;
        var (_, report) = Run(Plan(), (site, request) =>
        {
            asked += request.Donor is null ? 0 : 1;
            return Wrong(request.Text) && request.Donor is null ? " ?" : Moving(site, request);
        });
        var found = report.TaskVector!;
        Assert.InRange(found.PairsUsed!.Value, 5, 55);
        Assert.Equal(60, found.TargetAccuracy!.Of);
        Assert.True(found.TargetAccuracy.Rate < 1 && found.SourceAccuracy!.Rate < 1);
        Assert.All(found.Sites, s => Assert.Equal(found.PairsUsed, s.Success!.Of));
        Assert.All(found.Sites, s => Assert.InRange(s.SameTaskSuccess!.Of, 1, found.PairsUsed.Value - 1));
        Assert.Equal(found.Sites.Sum(s => s.Success!.Of + s.SameTaskSuccess!.Of), asked);
        static bool Wrong(string text) => Translation.AskedBy(text)!.Value.Query[0] > 'm';
    }

    [Fact]
    public void A_model_that_cannot_do_the_task_says_nothing_and_its_rates_are_null()
    {
        var (_, report) = Run(Plan(), (_, _) => " ?");
        var found = report.TaskVector!;
        Assert.Equal((0, 0.0), (found.PairsUsed, found.TargetAccuracy!.Rate));
        Assert.All(found.Sites, s => Assert.Null(s.Success ?? s.SourceAnswer ?? s.Kept ?? s.Other ?? s.SameTaskSuccess));
        Assert.Contains("the experiment says nothing", found.Statement, StringComparison.Ordinal);
        Assert.Equal(AttentionReason.TaskVectorSaysNothing, Assert.Single(report.Summary.NeedsAPerson).Reason);
    }

    [Fact]
    public void What_could_not_be_measured_is_no_trial()
    {
        var runs = 0;
        var (_, report) = Run(Plan(), (site, request) => request.Donor is not null && runs++ % 2 == 0 ? null : Moving(site, request));
        Assert.All(report.TaskVector!.Sites, s => Assert.Equal(30, s.Success!.Of));
        Assert.Equal(1, report.TaskVector.Sites[1].Success!.Rate);
        Assert.All(report.TaskVector.Sites, s => Assert.Equal((30, 30), (s.NotMeasured, s.SameTaskNotMeasured)));
        Assert.Contains("240 patched runs gave no answer", report.TaskVector.Statement, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_broken_off_within_it_resumes_to_the_same_numbers_and_computes_no_site_twice()
    {
        var whole = Run(Plan(), Moving).Report.TaskVector!;
        var sites = new HashSet<string>();
        var (stopped, _) = Run(Plan(), (site, request) =>
            request.Donor is not null && sites.Add(site.ToString()) && sites.Count == 3 ? throw new OperationCanceledException() : Moving(site, request));
        Assert.Equal((SweepState.Stopped, "user"), (stopped.State, stopped.StopReason));
        var again = new HashSet<string>();
        using var store = SweepStore.Open(Home.Store);
        var resumed = Report(Runner(store, (site, request) =>
        {
            Assert.NotNull(request.Donor);
            again.Add(site.ToString());
            return Moving(site, request);
        }).Run(stopped.Id, null, default));
        Assert.Equal(["L2.attn@last", "L3.attn@last"], again);
        Assert.Equal(ReportJson.Write(Document(whole)), ReportJson.Write(Document(resumed.TaskVector!)));
        ReportDocument Document(TaskVectorRecord record) => ReportDocument.Of(resumed.Sweep, [], taskVector: record);
    }

    [Fact]
    public void A_fault_at_one_site_is_told_and_the_others_go_on()
    {
        var (sweep, report) = Run(Plan(), (site, request) =>
            request.Donor is not null && site.Address.Layer == 1 ? throw new InvalidOperationException("no luck") : Moving(site, request));
        Assert.Equal(SweepState.Finished, sweep.State);
        Assert.Equal([SiteStatus.Done, SiteStatus.Failed, SiteStatus.Done, SiteStatus.Done], report.TaskVector!.Sites.Select(s => s.Status));
        Assert.Equal((AttentionReason.TaskVectorFailed, "L1.attn@last"), (report.Summary.Broke[0].Reason, report.Summary.Broke[0].Site));
    }

    [Fact]
    public void A_spent_budget_leaves_the_rest_for_another_run()
    {
        var (sweep, report) = Run(Plan() with { BudgetMinutes = 1 }, (site, request) =>
        {
            if (site.Address.Layer == 1)
                _clock.Advance(TimeSpan.FromSeconds(1));
            return Moving(site, request);
        });
        Assert.Equal((SweepState.Stopped, "budget"), (sweep.State, sweep.StopReason));
        Assert.Equal([SiteStatus.Done, SiteStatus.Done, SiteStatus.Skipped, SiteStatus.Skipped], report.TaskVector!.Sites.Select(s => s.Status));
        Assert.Contains("budget", report.TaskVector.Sites[2].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Sites_that_wait_for_a_language_model_do_not_keep_it_from_its_turn()
    {
        var plan = Plan() with { Sites = ["L0H0"], LanguageModel = new LanguageModelPlan { Chat = new ChatOptions { Model = "silent" } }, KnownSites = 0, ExploreReferences = 20, ConfirmReferences = 20 };
        using var store = SweepStore.Open(Home.Store);
        var runner = Runner(store, Moving, _ => new LanguageModelAccess(new SilentChat(), null, null), new FastClock());
        var sweep = runner.Run(runner.Begin(plan, "inversescope sweep run plan.yaml").Id, null, default);
        var report = Report(sweep);
        Assert.Equal(SweepState.Stopped, sweep.State);
        Assert.Contains("language model unavailable", sweep.StopReason, StringComparison.Ordinal);
        Assert.Equal(SiteStatus.Skipped, Assert.Single(report.Sites).Status);
        Assert.All(report.TaskVector!.Sites, s => Assert.Equal(SiteStatus.Done, s.Status));
    }

    [Theory]
    [InlineData("icl-translation", "must all be at one position", "L0.attn@query", "L1.attn")]
    [InlineData("icl-translation", "no layer 9", "L9.attn")]
    [InlineData("icl-translation", "no position 'queri'", "L0.attn@queri")]
    [InlineData("addition", "needs texts that ask for an operation", "L0.attn")]
    public void What_cannot_be_carried_out_is_refused_before_anything_is_stored(string task, string says, params string[] sites)
    {
        var refused = Assert.Throws<BadInputException>(() => Run(Plan() with { Task = task, TaskVectorSites = sites }, Moving));
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        using var store = SweepStore.Open(Home.Store);
        Assert.Empty(store.Sweeps());
    }

    // Layer 0 carries nothing, layer 1 the direction, layer 2 the answer; a patch of layer 3 breaks what is written.
    private static string? Moving(Site site, ContinuationRequest request)
    {
        var own = Translation.AskedBy(request.Text)!.Value;
        if (request.Donor is null)
            return Line(own.Operation, own.Query);
        var donor = Translation.AskedBy(request.Donor)!.Value;
        return site.Address.Layer switch
        {
            0 => Line(own.Operation, own.Query),
            1 => Line(donor.Operation, own.Query),
            2 => Line(donor.Operation, donor.Query),
            _ => " ?",
        };
        static string Line(string operation, string query) => $" {Translation.AnswerTo(operation, query)}";
    }

    private static (int Success, int Source, int Kept, int Other) Rates(TaskVectorSiteRecord site) =>
        ((int)site.Success!.Rate, (int)site.SourceAnswer!.Rate, (int)site.Kept!.Rate, (int)site.Other!.Rate);

    private Home Home => new(_folder["home"]);

    private static SweepPlan Plan() => new()
    {
        Name = "translation",
        Model = "planted",
        Task = "icl-translation",
        Sites = [],
        Measurement = new MeasurementOptions { BankSize = 10 },
        Search = false,
        RandomWeightControl = false,
        TaskVectorPairs = 60,
    };

    private (StoredSweep Sweep, ReportDocument Report) Run(SweepPlan plan, Func<Site, ContinuationRequest, string?> continued)
    {
        using var store = SweepStore.Open(Home.Store);
        var runner = Runner(store, continued);
        var sweep = runner.Run(runner.Begin(plan, "inversescope sweep run plan.yaml").Id, null, default);
        return (sweep, Report(sweep));
    }

    private ReportDocument Report(StoredSweep sweep)
    {
        var file = Path.Combine(Home.Sweep(sweep.Id), "report.json");
        return File.Exists(file) ? ReportJson.Read(file, File.ReadAllText(file)) : null!;
    }

    private SweepRunner Runner(SweepStore store, Func<Site, ContinuationRequest, string?> continued, LanguageModelFactory? languageModels = null, TimeProvider? clock = null) =>
        new(Home, store, (_, _, task, options, seed) => new PlantedBackend(task, options, seed, new Dictionary<string, Func<string, string?>>(), layers: 4) { Continued = continued },
            _ => new TargetOutline(new TargetDescription("planted", "planted", "0000", 4, 2, 16, 32, 100, 64), null), new TaskCatalog(), clock ?? _clock, "test", languageModels ?? (_ => throw new InvalidOperationException("no language model is wanted")));

    private sealed class SilentChat : IChat
    {
        public ChatModel Model { get; } = new("ollama", "silent", "sha256:1");

        public Task<ChatReply> AskAsync(ChatRequest request, CancellationToken cancel) => Task.FromResult(new ChatReply
        {
            Outcome = ChatOutcome.Unavailable,
            Text = "",
            Problem = "It is silent.",
            Model = Model,
            RequestHash = request.HashFor(Model),
            Attempts = [],
        });
    }
}
