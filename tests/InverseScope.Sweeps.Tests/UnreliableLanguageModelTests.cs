using InverseScope.Agent.Chat;
using InverseScope.Agent.Labels;
using InverseScope.Agent.Proposals;
using InverseScope.Agent.Transcripts;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Stages;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests;

/// <summary>
/// Sweeps over HTTP with a server that fails often, through all that stands between: client, repetitions, circuit breaker, budgets,
/// transcripts, parking.
/// </summary>
public sealed class UnreliableLanguageModelTests : IAsyncLifetime
{
    private const int Sites = 20;
    private const int BankSize = 300;
    private const double FailingShare = 0.3;

    // Long enough that repetitions do not always outlast it.
    private const double Burst = 4;

    private const string CarryQuestion = "Do the tens digits carry?";

    private static readonly Dictionary<string, Func<string, string?>> Planted = new()
    {
        ["L0H0@last"] = Carry,
        ["L1H1@last"] = Carry,
        ["L2H2@last"] = text => text[..1],
        ["L4H3@last"] = Parity,
    };

    private readonly TempFolder _folder = new();
    private readonly FastClock _clock = new();
    private FakeOllama _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeOllama.StartAsync();
        _server.Reply = Say;
        File.WriteAllText(_folder["carry.yaml"], $$"""
            schema: inversescope/feature-spec/v1
            id: addition.carry
            title: Carry, says a model
            llm: { instruction: "{{CarryQuestion}}", labels: ['yes', 'no'] }
            """);
        File.WriteAllText(_folder["parity.yaml"], """
            schema: inversescope/feature-spec/v1
            id: addition.parity
            title: Parity, says a model
            llm: { instruction: Is the last digit even or odd?, equivalence: normalised }
            """);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return _server.DisposeAsync();
    }

    [Fact]
    public void With_three_in_ten_calls_failing_every_site_is_done_or_parked_nothing_is_lost_and_no_label_is_counted_wrongly()
    {
        var healthy = Failing(seed: 1, share: 0);
        var whole = Run("whole", healthy);
        Assert.Equal((SweepState.Finished, healthy.Tokens), (whole.Sweep.State, whole.Report.Sweep.Cost.LanguageModelTokens));

        var failing = Failing(seed: 1, FailingShare);
        var unreliable = Run("unreliable", failing);
        Assert.Equal(Enum.GetValues<CallFailure>(), failing.Failures.Keys.Order());
        Assert.InRange((double)failing.Failures.Values.Sum() / failing.Calls, FailingShare - 0.1, FailingShare + 0.1);
        Assert.All(unreliable.Report.Sites, s => Assert.True(s.Status == SiteStatus.Done || IsParked(s)));
        AssertNothingIsLostOrWrong("unreliable", unreliable, whole.Report, failing);

        Assert.Equal(unreliable.Report.Sites.Select(Verdicts), Replay("unreliable", unreliable.Sweep.Id).Sites.Select(Verdicts));

        // Down before it is through, and well again only for the resumed run.
        var gone = Failing(seed: 2, FailingShare, goneFrom: healthy.Calls);
        var stopped = Run("gone", gone);
        Assert.Equal(SweepState.Stopped, stopped.Sweep.State);
        Assert.All(stopped.Report.Sites, s => Assert.True(s.Status == SiteStatus.Done || IsParked(s)));
        Assert.Contains(stopped.Report.Sites, IsParked);
        Assert.Contains(stopped.Report.Sites, s => s.Status == SiteStatus.Done);
        var well = Failing(seed: 2, share: 0);
        var resumed = Run("gone", well, stopped.Sweep.Id);
        AssertNothingIsLostOrWrong("gone", resumed, whole.Report, gone, well);
    }

    private void AssertNothingIsLostOrWrong(string home, (StoredSweep Sweep, ReportDocument Report) run, ReportDocument whole, params FailingCalls[] calls)
    {
        Assert.Equal(SweepState.Finished, run.Sweep.State);
        Assert.Equal(Sites, run.Report.Sites.Count);
        Assert.All(run.Report.Sites, s => Assert.Equal(SiteStatus.Done, s.Status));

        using var store = SweepStore.Open(new Home(_folder[home]).Store);
        var asked = store.Transcripts.Calls(run.Sweep.Id);
        Assert.Equal(calls.Sum(c => c.Calls), asked.Sum(c => c.Messages));
        Assert.Equal(calls.Sum(c => c.Tokens), run.Report.Sweep.Cost.LanguageModelTokens);
        var entries = asked.Select(c => store.Transcripts.Entry(c.Id)).ToArray();

        // A label that is not that of its text would lower κ, which is 1 where it is planted; one that is missing does not.
        var missing = new HashSet<string>();
        foreach (var (title, site) in new[] { ("Carry, says a model", "L0H0@last"), ("Carry, says a model", "L1H1@last"), ("Parity, says a model", "L4H3@last") })
        {
            var hypothesis = run.Report.Sites.Single(s => s.Site == site).Hypotheses.Single(h => h.Title == title);
            Assert.Equal((HypothesisVerdict.Confirmed, 1.0), (hypothesis.Verdict, hypothesis.Kappa!.Value));
            var isCarry = title.StartsWith("Carry", StringComparison.Ordinal);
            var labels = entries.Where(e => e.Purpose == "label").Select(e => e.PromptHash).Distinct()
                .SelectMany(prompt => store.Labels.All(new LabelScope(hypothesis.SpecHash, _server.Digest, prompt, 0))).ToArray();
            Assert.All(labels.Where(l => l.Value.Kind == AnswerKind.Labelled), l => Assert.Equal(isCarry ? Carry(l.Key) : $"The {Parity(l.Key)}.", l.Value.Label));
            Assert.True(labels.Length > BankSize / 2);
        }

        // Where the answers are those of the run without failures, so is all that follows.
        var alike = 0;
        foreach (var (site, expected) in run.Report.Sites.Zip(whole.Sites))
        {
            var last = asked.Where(c => c.Site == site.Site).GroupBy(c => c.RequestHash).Select(g => g.Last().Outcome);
            if (last.Any(o => o != ChatOutcome.Answered))
                continue;
            alike++;
            Assert.Equal(Verdicts(expected), Verdicts(site));
        }

        Assert.True(alike >= Sites / 2, $"{alike}");
    }

    private static bool IsParked(SiteRecord site) => site.Status == SiteStatus.Skipped && site.VerdictReason!.Contains("parked", StringComparison.Ordinal);

    // What is labelled is not compared: where a label is missing, its figures differ a little.
    private static string Verdicts(SiteRecord site) => string.Join(
        Environment.NewLine, site.Hypotheses.Where(h => h.Kind != FeatureKind.Llm).Select(h => $"{site.Site} {h.SpecHash[..8]} {h.Title} {h.Verdict} {h.Kappa:R}"));

    private FailingCalls Failing(int seed, double share, int goneFrom = int.MaxValue) =>
        new(new RunSeed(seed), share, Burst, SayWrongly, _clock.PassDeadlines, goneFrom);

    private static string Carry(string text) => text[1] + text[5] - 2 * '0' >= 10 ? "yes" : "no";

    private static string Parity(string text) => text[6] % 2 == 0 ? "even" : "odd";

    private static string Truth(FakeOllamaRequest request, string text) =>
        request.Messages.Any(m => m.Text.Contains(CarryQuestion, StringComparison.Ordinal)) ? Carry(text) : $"The {Parity(text)}.";

    private static string Say(FakeOllamaRequest request) => request.Wanted switch
    {
        "word" => """{"word": "ready", "letters": 5}""",
        "answers" => LabelPrompt.Answer(LabelPrompt.TextsIn(request).Select(t => (t.Id, Truth(request, t.Text)))),
        // Wrong or faulty at first, right where it is shown scores.
        "hypotheses" when request.Messages.Any(m => m.Text.Contains("\n\n[]\n\nGive hypotheses", StringComparison.Ordinal)) =>
            """{"hypotheses": [{"title": "Last digit", "rule": ["chars", "last"]}, {"title": "Tens", "rule": ["chars", {"nht": 1}]}]}""",
        "hypotheses" => """{"hypotheses": [{"title": "First digit", "rule": ["chars", "first"]}, {"title": "Fifth", "rule": ["chars", {"nth": 5}]}]}""",
        "spec" => """{"spec": {"title": "Tens", "rule": ["chars", {"nth": 1}]}}""",
        _ => """{"features": [{"id": 1, "title": "What it is", "hypothesis": "The activation carries it."}]}""",
    };

    // Whoever read labels out of these would count wrong ones.
    private static string SayWrongly(FakeOllamaRequest request) => LabelPrompt.IsLabelling(request)
        ? LabelPrompt.Answer(LabelPrompt.TextsIn(request).Select(t => (t.Id, Truth(request, t.Text) == "yes" ? "no" : "yes")).Append((1, "no")))
        : """{"hypotheses": "none", "spec": 7, "features": {}}""";

    private SweepPlan Plan() => new()
    {
        Name = "addition",
        Model = "planted",
        Task = "addition",
        Sites = ["L*H*"],
        Measurement = new MeasurementOptions { Distance = DistanceKind.Euclidean, Kernel = KernelKind.Threshold, Epsilon = 0.6, BankSize = BankSize },
        ExploreReferences = 40,
        ConfirmReferences = 40,
        Search = false,
        RandomWeightControl = false,
        KnownSites = 0,
        SpecFiles = [_folder["carry.yaml"], _folder["parity.yaml"]],
        LanguageModel = new LanguageModelPlan
        {
            Chat = new ChatOptions { Model = FakeOllama.Model, Address = _server.Address, Retries = 1 },
            Loop = new LoopOptions { Rounds = 2, Repairs = 1 },
            Relabelled = 20,
        },
    };

    private (StoredSweep Sweep, ReportDocument Report) Run(string home, FailingCalls calls, string? id = null)
    {
        using var store = SweepStore.Open(new Home(_folder[home]).Store);
        var runner = Runner(home, store, options =>
        {
            _server.Answer = null;
            var access = LanguageModelAccess.Open(options, _ => null, _clock, default);
            _server.Answer = (context, request) => calls.AnswerAsync(context, request, Say(request));
            return access;
        });
        var sweep = runner.Run(id ?? runner.Begin(Plan(), "inversescope sweep run plan.yaml").Id, null, TestContext.Current.CancellationToken);
        return (sweep, ReportOf(home, sweep.Id));
    }

    private ReportDocument Replay(string home, string id)
    {
        using var store = SweepStore.Open(new Home(_folder[home]).Store);
        TranscriptEntry[] entries = [.. store.Transcripts.Calls(id).Select(c => store.Transcripts.Entry(c.Id))];
        var runner = Runner(home, store, _ => new LanguageModelAccess(new ReplayChat(entries[0].Model, entries), null, null));
        return ReportOf(home, runner.Run(runner.BeginAgain(id, "inversescope sweep replay").Id, null, TestContext.Current.CancellationToken).Id);
    }

    private ReportDocument ReportOf(string home, string id)
    {
        var file = Path.Combine(new Home(_folder[home]).Sweep(id), "report.json");
        return ReportJson.Read(file, File.ReadAllText(file));
    }

    private SweepRunner Runner(string home, SweepStore store, LanguageModelFactory languageModels) => new(
        new Home(_folder[home]), store, (_, _, task, options, seed) => new PlantedBackend(task, options, seed, Planted, layers: 5, heads: 4),
        _ => new TargetOutline(new TargetDescription("planted", "planted", "0000", 5, 4, 16, 64, 100, 64), text => [.. text.Select(c => c.ToString())]),
        new TaskCatalog(), _clock, "test", languageModels);
}
