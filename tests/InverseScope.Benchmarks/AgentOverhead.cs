using System.Diagnostics;
using System.Globalization;
using InverseScope.Agent.Budgets;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Labels;
using InverseScope.Agent.Proposals;
using InverseScope.Agent.Transcripts;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Benchmarks;

/// <summary>
/// How much labelling and proposing take beyond the time that a language model spends answering, over HTTP with a local server that
/// answers each call after a fixed time, and with all that a sweep puts around a call: budget, transcript and labels in a store on disk.
/// Ceiling: 5 % beyond calls × time / questions at once. The time of a call is measured in the server, from the request to its reply.
/// Scoring of proposed specs counts as overhead. Last numbers: results/agent.md.
/// </summary>
internal static class AgentOverhead
{
    private const int Batch = 16;
    private static readonly RunSeed Seed = new(1);
    private static readonly LlmQuestion Question = new("Do the tens digits carry?", ["yes", "no"], null);

    /// <summary>Prints the ratios of each round and their median.</summary>
    /// <param name="answering">Milliseconds that the server takes for a call.</param>
    /// <param name="calls">Calls for labels in a round, a multiple of every number of questions at once.</param>
    public static async Task RunAsync(int answering, int calls, int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("inversescope-benchmark-").FullName;
        try
        {
            await using var server = await FakeOllama.StartAsync();
            server.Reply = Say;
            using var opening = await ChatOpening.OpenAsync(
                new ChatOptions { Model = FakeOllama.Model, Address = server.Address }, _ => null, TimeProvider.System, CancellationToken.None);
            var time = new AnsweringTime(TimeSpan.FromMilliseconds(answering));
            server.Answer = time.AnswerAsync;
            using var store = SweepStore.Open(Path.Combine(folder, "store.db"));
            foreach (var parallelism in new[] { 1, 4 })
                await MeasureAsync($"labels, {parallelism} at once", parallelism, time, rounds, round => LabelAsync(opening.Chat!, store, parallelism, calls, round));
            await MeasureAsync("proposal loop", 1, time, rounds, round => ProposeAsync(opening.Chat!, store, round));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(string what, int parallelism, AnsweringTime time, int rounds, Func<int, Task<TimeSpan>> run)
    {
        // The first round compiles, and is not counted.
        await run(-1);
        var ratios = new double[rounds];
        for (var round = 0; round < rounds; round++)
        {
            time.Reset();
            var worked = Environment.CpuUsage.TotalTime;
            var wall = await run(round);
            worked = Environment.CpuUsage.TotalTime - worked;
            var ideal = time.Total / parallelism;
            ratios[round] = (wall - ideal) / ideal;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"round {round}, {what}: {time.Calls} calls, {wall.TotalMilliseconds:0} ms, ideal {ideal.TotalMilliseconds:0} ms, {ratios[round]:0.0%} beyond; processor, server and preparation included, {worked.TotalMilliseconds:0} ms"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: median {ratios.Order().ElementAt(rounds / 2):0.0%} beyond"));
    }

    private static async Task<TimeSpan> LabelAsync(IChat chat, SweepStore store, int parallelism, int calls, int round)
    {
        using var labeller = new ChatLabeller(
            Recorded(chat, store.Transcripts.Of("benchmark", "", "labels")), new LabelOptions { BatchSize = Batch, Parallelism = parallelism }, store.Labels);
        var task = new AdditionTask();
        var random = Seed.Stream("texts");
        var texts = new HashSet<string>();
        while (texts.Count < calls * Batch)
            texts.Add(task.Draw(random));
        var began = Stopwatch.GetTimestamp();
        await labeller.LabelAsync(Question, $"{parallelism} at once, round {round}", [.. texts], CancellationToken.None);
        return Stopwatch.GetElapsedTime(began);
    }

    private static async Task<TimeSpan> ProposeAsync(IChat chat, SweepStore store, int round)
    {
        var task = new AdditionTask();
        var options = new MeasurementOptions { Distance = DistanceKind.Euclidean, Kernel = KernelKind.Threshold, Epsilon = 0.6, BankSize = 2000 };
        using var backend = new PlantedBackend(
            task, options, Seed, new Dictionary<string, Func<string, string?>> { ["L0H0@last"] = text => $"{text[0]}{text[4]}" });
        var site = SitePattern.ExpandAll(["L0H0"], 2, 2).Single();
        backend.Prepare([site], null, CancellationToken.None);
        var samples = backend.Sample(site, [.. Enumerable.Range(0, 200).Select(i => task.Draw(Seed.Stream("references", $"{i}")))], "explore", CancellationToken.None);
        var board = new ExploreBoard(
            new MeasuredSite(site, samples, PriorSample.Of(backend, site, samples, Seed), backend.Texts), task, new SpecLibrary(task), options.MinimumEss, _ => false, Seed);
        var proposer = new LoopProposer(Recorded(chat, store.Transcripts.Of("benchmark", $"round {round}", "llm_loop")), new LoopOptions());
        var began = Stopwatch.GetTimestamp();
        await proposer.ProposeAsync(board, Seed, CancellationToken.None);
        return Stopwatch.GetElapsedTime(began);
    }

    private static RecordedChat Recorded(IChat chat, ITranscript transcript) =>
        new(new BudgetedChat(chat, new Budget(new BudgetLimits(), TimeProvider.System)), transcript, TimeProvider.System);

    private static string Say(FakeOllamaRequest request) => request.Wanted switch
    {
        "word" => """{"word": "ready", "letters": 5}""",
        "answers" => LabelPrompt.Answer(LabelPrompt.TextsIn(request).Select(t => (t.Id, t.Text[1] + t.Text[5] - 2 * '0' >= 10 ? "yes" : "no"))),
        // Another digit each time, and one that does not compile.
        "hypotheses" => $$"""
            {"hypotheses": [{"title": "One digit", "rule": ["chars", {"nth": {{Asked(request) % 7}}}]}, {"title": "Another", "rule": ["chars", {"nth": {{(Asked(request) + 3) % 7}}}]},
            {"title": "Tens", "rule": ["chars", {"nht": 1}]}]}
            """,
        "spec" => """{"spec": {"title": "Tens", "rule": ["chars", {"nth": 1}]}}""",
        _ => """{"features": [{"id": 1, "title": "What it is", "hypothesis": "The activation carries it."}]}""",
    };

    private static int Asked(FakeOllamaRequest request) => request.Messages[^1].Text.Length;

    /// <summary>Answers after a fixed time, and measures how long it took.</summary>
    private sealed class AnsweringTime(TimeSpan time)
    {
        private long _ticks;
        private int _calls;

        public TimeSpan Total => new(Interlocked.Read(ref _ticks));

        public int Calls => _calls;

        public void Reset() => (_ticks, _calls) = (0, 0);

        public async Task AnswerAsync(Microsoft.AspNetCore.Http.HttpContext context, FakeOllamaRequest request)
        {
            var began = Stopwatch.GetTimestamp();
            await Task.Delay(time);
            await FakeOllama.SayAsync(context, request, Say(request));
            Interlocked.Add(ref _ticks, Stopwatch.GetElapsedTime(began).Ticks);
            Interlocked.Increment(ref _calls);
        }
    }
}
