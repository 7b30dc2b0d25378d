using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Labels;
using InverseScope.Agent.Proposals;
using InverseScope.Agent.Transcripts;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Stages;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests;

/// <summary>Sweeps whose hypotheses, or labels, are a language model's.</summary>
public sealed partial class LanguageModelSweepTests : IDisposable
{
    private const string Carry = """{"title": "Carry of the tens", "hypothesis": "It carries whether the tens digits carry.", "rule": [{"sum": [["chars", {"nth": 1}, "int"], ["chars", {"nth": 5}, "int"]]}, {"ge": 10}]}""";
    private const string Wrong = """{"title": "First digit", "rule": ["chars", "first"]}""";
    private const string Faulty = """{"title": "Tens", "rule": ["chars", {"nht": 1}]}""";
    private const string Constant = """{"title": "Always", "rule": [{"const": "yes"}]}""";

    private static readonly Dictionary<string, Func<string, string?>> Planted = new()
    {
        ["L0H0@last"] = text => text[1] + text[5] - 2 * '0' >= 10 ? "true" : "false",
    };

    private static readonly ChatModel Model = new("ollama", "weak", "sha256:1");

    private readonly TempFolder _folder = new();
    private readonly FastClock _clock = new();
    private readonly List<ChatRequest> _asked = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Of_a_weak_models_proposals_only_what_is_true_is_confirmed()
    {
        var (sweep, report) = Run(Plan(), Weak);
        Assert.Equal(SweepState.Finished, sweep.State);
        var confirmed = Assert.Single(report.Sites.SelectMany(s => s.Hypotheses), h => h.Verdict == HypothesisVerdict.Confirmed);
        Assert.Equal(("L0H0@last", "Carry of the tens", HypothesisAuthor.Llm), (confirmed.Site, confirmed.Title, confirmed.Author));
        Assert.Equal(["llm_loop"], confirmed.Proposers);
        using var store = SweepStore.Open(Home.Store);
        foreach (var step in confirmed.Trail.Where(t => t.Request is not null))
            Assert.NotEmpty(store.Transcripts.CallsWith(step.Request!));
        Assert.Contains(confirmed.Trail, t => t.Request is not null);
        Assert.True(report.Sweep.Cost.LanguageModelTokens > 0);
    }

    [Fact]
    public void What_several_proposers_found_is_tested_once_and_credited_to_each()
    {
        var plan = Plan() with { Search = true };
        var (_, report) = Run(plan with { LanguageModel = plan.LanguageModel! with { Propose = [LanguageModelMode.OneShot, LanguageModelMode.Loop] } }, Weak);
        var carry = Assert.Single(report.Sites[0].Hypotheses, h => h.Verdict == HypothesisVerdict.Confirmed);
        Assert.Equal(["symbolic", "llm_loop"], carry.Proposers);
        var proposers = report.Summary.Proposers;
        Assert.Equal(["symbolic", "llm_one_shot", "llm_loop"], proposers.Select(p => p.Proposer));
        Assert.Equal([1, 0, 1], proposers.Select(p => p.Confirmed));
        Assert.Null(proposers[0].Calls);
        Assert.True(proposers[2].Calls > proposers[1].Calls && proposers[2].Tokens > 0);
    }

    [Fact]
    public void An_outage_parks_sites_and_the_others_go_on()
    {
        var down = true;
        ChatReply Flaky(ChatRequest request) => request.Prompt.User.Contains("\"far\"", StringComparison.Ordinal) && _asked.Count(r => r.Purpose == "propose") % 2 == 1 && down
            ? Reply(request, ChatOutcome.Unavailable, null)
            : Weak(request);
        var (sweep, report) = Run(Plan(), Flaky);
        // Every site is asked about twice, and the first time of each pair fails.
        Assert.Equal(SweepState.Stopped, sweep.State);
        Assert.Contains("language model unavailable", sweep.StopReason, StringComparison.Ordinal);
        var parked = Assert.Single(report.Sites, s => s.Status == SiteStatus.Skipped);
        Assert.Contains("parked", parked.VerdictReason, StringComparison.Ordinal);
        Assert.Single(report.Sites, s => s.Status == SiteStatus.Done);
        down = false;
        var (resumed, whole) = Resume(sweep.Id, Flaky);
        Assert.Equal(SweepState.Finished, resumed.State);
        Assert.All(whole.Sites, s => Assert.Equal(SiteStatus.Done, s.Status));
    }

    [Fact]
    public void A_model_that_was_fetched_anew_during_the_sweep_stops_it_until_a_person_goes_on()
    {
        using var store = SweepStore.Open(Home.Store);
        var looked = 0;
        var runner = Runner(store, _ => new LanguageModelAccess(new Answering(this, Weak), null, null) { DigestNow = _ => ++looked == 1 ? Model.Digest : "sha256:2" });
        var (sweep, report) = Finish(runner.Run(runner.Begin(Plan(), "inversescope sweep run plan.yaml").Id, null, default));
        Assert.Equal((SweepState.Stopped, "language model changed: weak was sha256:1 and is sha256:2"), (sweep.State, sweep.StopReason));
        Assert.Equal([SiteStatus.Done, SiteStatus.Skipped], report.Sites.Select(s => s.Status));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Broken_off_while_it_proposes_it_asks_nothing_twice_and_ends_alike(int after)
    {
        var whole = Comparable(Run(Plan(), Weak).Report);
        var all = _asked.Count;
        _asked.Clear();
        var left = after;
        var (stopped, _) = Run(Plan(), request => left-- > 0 ? Weak(request) : throw new OperationCanceledException());
        Assert.Equal(SweepState.Stopped, stopped.State);
        _asked.RemoveAt(_asked.Count - 1);
        var id = stopped.Id;
        var (_, report) = Resume(id, Weak);
        Assert.Equal(all, _asked.Count);
        Assert.Equal(whole, Comparable(report).Replace(id, "addition-001", StringComparison.Ordinal));
    }

    [Fact]
    public void Replayed_from_its_transcript_it_ends_alike()
    {
        var (sweep, report) = Run(Plan(), Weak);
        _asked.Clear();
        using var store = SweepStore.Open(Home.Store);
        TranscriptEntry[] entries = [.. store.Transcripts.Calls(sweep.Id).Select(c => store.Transcripts.Entry(c.Id))];
        var runner = Runner(store, _ => new LanguageModelAccess(new ReplayChat(entries[0].Model, entries), null, null));
        var again = runner.Run(runner.BeginAgain(sweep.Id, "inversescope sweep replay").Id, null, default);
        var file = Path.Combine(Home.Sweep(again.Id), "report.json");
        Assert.Empty(_asked);
        Assert.Equal(Verdicts(report), Verdicts(ReportJson.Read(file, File.ReadAllText(file))));
    }

    [Fact]
    public void A_spent_budget_of_calls_is_a_normal_end()
    {
        var plan = Plan();
        var (sweep, report) = Run(plan with { LanguageModel = plan.LanguageModel! with { MaxCalls = 2 } }, Weak);
        Assert.Equal((SweepState.Stopped, "budget", 2), (sweep.State, sweep.StopReason, _asked.Count));
        Assert.All(report.Sites, s => Assert.Equal(SiteStatus.Skipped, s.Status));
        // Each run has it anew, and goes on where the last one ended.
        for (var runs = 1; sweep.State == SweepState.Stopped && runs < 10; runs++)
            (sweep, report) = Resume(sweep.Id, Weak);
        Assert.Equal(SweepState.Finished, sweep.State);
        Assert.All(report.Sites, s => Assert.Equal(SiteStatus.Done, s.Status));
        var asked = _asked.Count;
        _asked.Clear();
        Run(plan, Weak);
        Assert.Equal(_asked.Count, asked);
    }

    [Fact]
    public void Replayed_without_the_model_of_embeddings_it_ends_alike()
    {
        File.WriteAllText(_folder["carry.yaml"], """
            schema: inversescope/feature-spec/v1
            id: addition.carry
            title: Carry, says a model
            llm: { instruction: Do the tens digits carry?, equivalence: { embedding: 0.9 } }
            """);
        var plan = Plan() with { SpecFiles = [_folder["carry.yaml"]], Sites = ["L0H0"] };
        plan = plan with { LanguageModel = plan.LanguageModel! with { Propose = [], Chat = plan.LanguageModel.Chat with { EmbeddingModel = "by-length" }, Relabelled = 0 } };
        using var store = SweepStore.Open(Home.Store);
        var runner = Runner(store, _ => new LanguageModelAccess(new Answering(this, Labelling), new ByLength(), null));
        var (sweep, report) = Finish(runner.Run(runner.Begin(plan, "").Id, null, default));
        Assert.Equal(HypothesisVerdict.Confirmed, Assert.Single(report.Sites[0].Hypotheses).Verdict);
        Assert.Equal("by-length", store.Sweep(sweep.Id).EmbeddingModel);
        var replayer = Runner(store, _ => new LanguageModelAccess(new Answering(this, Labelling), new ReplayEmbedder("by-length"), null));
        Assert.Equal(Verdicts(report), Verdicts(Finish(replayer.Run(replayer.BeginAgain(sweep.Id, "").Id, null, default)).Item2));
        Assert.Contains(
            "no model for them is named",
            Assert.Throws<BadInputException>(() => runner.Begin(plan with { LanguageModel = plan.LanguageModel with { Chat = new ChatOptions { Model = "weak" } } }, "")).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_spent_budget_of_samples_is_a_normal_end(int knownSites)
    {
        var (sweep, report) = Run(Plan() with { LanguageModel = null, Search = true, BudgetSamples = 80 * 64 * 2, KnownSites = knownSites }, Weak);
        Assert.Equal((SweepState.Stopped, "budget"), (sweep.State, sweep.StopReason));
        Assert.Equal([SiteStatus.Done, SiteStatus.Skipped], report.Sites.Select(s => s.Status));
    }

    [Fact]
    public void A_model_that_calls_no_functions_is_not_asked_to() => Assert.Contains(
        "cannot call functions",
        Assert.Throws<BadInputException>(() =>
        {
            using var store = SweepStore.Open(Home.Store);
            var runner = Runner(store, _ => new LanguageModelAccess(new Answering(this, Weak), null, null) { HasTools = false });
            var plan = Plan();
            runner.Run(runner.Begin(plan with { LanguageModel = plan.LanguageModel! with { Propose = [LanguageModelMode.Tools] } }, "").Id, null, default);
        }).Message,
        StringComparison.Ordinal);

    [Fact]
    public void What_a_model_is_shown_is_of_texts_that_confirm_nothing()
    {
        Run(Plan(), Weak);
        var shown = _asked.Where(r => r.Purpose == "propose").SelectMany(r => Additions().Matches(r.Prompt.User)).Select(m => m.Value).Distinct().ToArray();
        Assert.True(shown.Length > 50);
        Assert.DoesNotContain(shown, SweepReferences.Confirms);
    }

    [System.Text.RegularExpressions.GeneratedRegex(@"\d{3}\+\d{3}=\d{3,4}")]
    private static partial System.Text.RegularExpressions.Regex Additions();

    [Theory]
    [InlineData("yes", true)]
    [InlineData("no", false)]
    public void The_tests_of_a_spec_that_a_model_labels_are_run_before_its_sites(string expected, bool passes)
    {
        File.WriteAllText(_folder["carry.yaml"], $$"""
            schema: inversescope/feature-spec/v1
            id: addition.carry
            title: Carry, says a model
            llm: { instruction: Do the tens digits carry?, labels: ['yes', 'no'] }
            tests:
              - { text: "655+861=1516", label: '{{expected}}' }
            """);
        var plan = Plan() with { SpecFiles = [_folder["carry.yaml"]], Sites = ["L0H0"] };
        plan = plan with { LanguageModel = plan.LanguageModel! with { Propose = [] } };
        if (passes)
            Assert.Equal(SweepState.Finished, Run(plan, Labelling).Sweep.State);
        else
            Assert.Contains("the label is 'yes', the test expects 'no'", Assert.Throws<BadInputException>(() => Run(plan, Labelling)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_away_while_tests_are_run_stops_the_sweep_and_faults_nothing()
    {
        File.WriteAllText(_folder["carry.yaml"], """
            schema: inversescope/feature-spec/v1
            id: addition.carry
            llm: { instruction: Do the tens digits carry?, labels: ['yes', 'no'] }
            tests: [{ text: "655+861=1516", label: 'yes' }]
            """);
        var plan = Plan() with { SpecFiles = [_folder["carry.yaml"]], Sites = ["L0H0"] };
        var (sweep, _) = Run(plan with { LanguageModel = plan.LanguageModel! with { Propose = [] } }, request => Reply(request, ChatOutcome.Unavailable, null));
        Assert.Equal(SweepState.Stopped, sweep.State);
        Assert.Contains("language model unavailable", sweep.StopReason, StringComparison.Ordinal);
        Assert.Equal(SweepState.Finished, Resume(sweep.Id, Labelling).Sweep.State);
    }

    [Fact]
    public void A_service_that_takes_no_such_requests_ends_the_sweep_with_its_reason() =>
        Assert.Throws<OutsideServiceException>(() => Run(Plan(), request => Reply(request, ChatOutcome.Rejected, null)));

    [Fact]
    public void It_labels_for_specs_that_ask_it_and_its_agreement_with_itself_is_the_ceiling()
    {
        File.WriteAllText(_folder["carry.yaml"], """
            schema: inversescope/feature-spec/v1
            id: addition.carry
            title: Carry, says a model
            llm: { instruction: Do the tens digits carry?, labels: [yes, no] }
            """.Replace("[yes, no]", "['yes', 'no']", StringComparison.Ordinal));
        var plan = Plan() with { SpecFiles = [_folder["carry.yaml"]], Sites = ["L0H0"] };
        var (sweep, report) = Run(plan with { LanguageModel = plan.LanguageModel! with { Propose = [], Relabelled = 20 } }, Labelling);
        Assert.Equal(SweepState.Finished, sweep.State);
        var labelled = Assert.Single(report.Sites[0].Hypotheses);
        Assert.Equal((HypothesisVerdict.Confirmed, FeatureKind.Llm), (labelled.Verdict, labelled.Kind));
        Assert.Equal(1.0, labelled.NoiseCeiling!.Value, 1e-9);
        var texts = _asked.Where(r => r.Seed == _asked[0].Seed).SelectMany(TextsOf).ToArray();
        Assert.Equal(texts.Length, texts.Distinct().Count());
    }

    // Wrong, faulty, refused or constant at first; right where it is shown scores.
    private static ChatReply Weak(ChatRequest request) => request.Purpose switch
    {
        "propose" => Json(request, $$"""{"hypotheses": [{{Wrong}}, {{Faulty}}, {{Constant}}]}"""),
        "refine" when request.Step % 2 == 0 => Json(request, $$"""{"hypotheses": [{{Carry}}, {{Faulty}}]}"""),
        "refine" => Reply(request, ChatOutcome.Refused, null),
        "repair" => Reply(request, ChatOutcome.Malformed, null),
        _ => Json(request, """{"features": [{"id": 1, "title": "Carry of the tens", "hypothesis": "The activation carries the carry."}]}"""),
    };

    private static ChatReply Labelling(ChatRequest request) => Json(request, new JsonObject
    {
        ["answers"] = new JsonArray([.. Data(request).AsArray().Select(t => new JsonObject
        {
            ["id"] = t!["id"]!.GetValue<int>(),
            ["label"] = Planted["L0H0@last"](t["text"]!.GetValue<string>()) == "true" ? "yes" : "no",
        })]),
    }.ToJsonString());

    private static IEnumerable<string> TextsOf(ChatRequest request) => Data(request).AsArray().Select(t => t!["text"]!.GetValue<string>());

    private static JsonNode Data(ChatRequest request) => JsonNode.Parse(request.Prompt.User.Split('\n').Single(l => l.StartsWith("[{", StringComparison.Ordinal)))!;

    private static ChatReply Json(ChatRequest request, string json) => Reply(request, ChatOutcome.Answered, json);

    private static ChatReply Reply(ChatRequest request, ChatOutcome outcome, string? json) => new()
    {
        Outcome = outcome,
        Text = json ?? "",
        Json = json is null ? null : JsonElement.Parse(json),
        Problem = outcome == ChatOutcome.Answered ? null : $"It was {outcome}.",
        Model = Model,
        RequestHash = request.HashFor(Model),
        Attempts = [new ChatAttempt { Text = json ?? "", PromptTokens = 100, ReplyTokens = 10 }],
    };

    private Home Home => new(_folder["home"]);

    private static SweepPlan Plan() => new()
    {
        Name = "addition",
        Model = "planted",
        Task = "addition",
        Sites = ["L0H0", "L0H1"],
        Measurement = new MeasurementOptions { Distance = DistanceKind.Euclidean, Kernel = KernelKind.Threshold, Epsilon = 0.6, BankSize = 2000 },
        ExploreReferences = 80,
        ConfirmReferences = 80,
        Search = false,
        RandomWeightControl = false,
        KnownSites = 0,
        LanguageModel = new LanguageModelPlan { Chat = new ChatOptions { Model = "weak" }, Loop = new LoopOptions { Repairs = 1 } },
    };

    private (StoredSweep Sweep, ReportDocument Report) Run(SweepPlan plan, Func<ChatRequest, ChatReply> answer)
    {
        using var store = SweepStore.Open(Home.Store);
        var runner = Runner(store, _ => new LanguageModelAccess(new Answering(this, answer), null, null));
        return Finish(runner.Run(runner.Begin(plan, "inversescope sweep run plan.yaml").Id, null, default));
    }

    private (StoredSweep Sweep, ReportDocument Report) Resume(string id, Func<ChatRequest, ChatReply> answer)
    {
        using var store = SweepStore.Open(Home.Store);
        return Finish(Runner(store, _ => new LanguageModelAccess(new Answering(this, answer), null, null)).Run(id, null, default));
    }

    private (StoredSweep, ReportDocument) Finish(StoredSweep sweep)
    {
        var file = Path.Combine(Home.Sweep(sweep.Id), "report.json");
        return (sweep, File.Exists(file) ? ReportJson.Read(file, File.ReadAllText(file)) : null!);
    }

    private SweepRunner Runner(SweepStore store, LanguageModelFactory languageModels) => new(
        Home, store, (_, _, task, options, seed) => new PlantedBackend(task, options, seed, Planted),
        _ => new TargetOutline(new TargetDescription("planted", "planted", "0000", 2, 2, 16, 32, 100, 64), text => [.. text.Select(c => c.ToString())]),
        new TaskCatalog(), _clock, "test", languageModels);

    private static IEnumerable<string> Verdicts(ReportDocument report) =>
        report.Sites.SelectMany(s => s.Hypotheses.Select(h => $"{h.Id} {h.Verdict} {h.Kappa}"));

    private static string Comparable(ReportDocument report)
    {
        var json = (JsonObject)JsonNode.Parse(ReportJson.Write(report))!;
        json["sweep"]!["cost"]!["peak_memory_bytes"] = null;
        return json.ToJsonString();
    }

    private sealed class ByLength : ILabelEmbedder
    {
        public string Identity => "by-length";

        public Task<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> labels, CancellationToken cancel) =>
            Task.FromResult<IReadOnlyList<float[]>>([.. labels.Select(l => new float[] { l.Length == 3 ? 1 : 0, l.Length == 3 ? 0 : 1 })]);
    }

    private sealed class Answering(LanguageModelSweepTests test, Func<ChatRequest, ChatReply> answer) : IChat
    {
        public ChatModel Model => LanguageModelSweepTests.Model;

        public Task<ChatReply> AskAsync(ChatRequest request, CancellationToken cancel)
        {
            test._asked.Add(request);
            return Task.FromResult(answer(request));
        }
    }
}
