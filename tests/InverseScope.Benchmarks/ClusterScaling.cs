using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using InverseScope.Testing;

namespace InverseScope.Benchmarks;

/// <summary>
/// How the work on a sweep grows with the workers of a cluster, and what that costs database and network. A service and its workers are processes
/// of their own, with a PostgreSQL of their own; a batch takes a worker 2 s in which it waits, and a language model 5 s for each call. Floor:
/// 0.9 of one worker's batches a second, times the workers. Ceiling: 20 ms from the end of a batch to the next one's begin, where one waits.
/// Last numbers: results/cluster.md.
/// </summary>
internal static class ClusterScaling
{
    private const int BatchSeconds = 2;

    private static readonly TimeSpan Answering = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Warming = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Prints what clusters of so many workers do.</summary>
    /// <param name="idle">Seconds in which each cluster is watched while it has nothing to do.</param>
    /// <param name="busy">Seconds in which its batches are counted.</param>
    public static async Task RunAsync(int idle, int busy, IEnumerable<int> workers)
    {
        using var server = new PostgresServer();
        await using var model = await FakeOllama.StartAsync();
        model.Answer = async (context, request) =>
        {
            // The question that comes before a sweep is no proposal.
            if (request.Wanted != "word")
                await Task.Delay(Answering);
            await FakeOllama.SayAsync(context, request, Say(request));
        };
        double? one = null;
        foreach (var count in workers)
        {
            var run = await MeasureAsync(server, model, count, idle, busy);
            one ??= run.Rate / count;
            Print(run, one.Value);
        }
    }

    private static async Task<ClusterRun> MeasureAsync(PostgresServer server, FakeOllama model, int count, int idle, int busy)
    {
        using var folder = new TempFolder();
        var connection = server.NewDatabase();
        var database = connection.Split(';').Single(p => p.StartsWith("Database=", StringComparison.Ordinal))["Database=".Length..];
        await using var service = ClusterProcess.Start(ClusterProcess.Service, connection, folder["service"]);
        using var client = new HttpClient { BaseAddress = new Uri(await service.Address) };
        var workers = new List<ClusterProcess>();
        try
        {
            for (var i = 0; i < count; i++)
                workers.Add(ClusterProcess.Start(ClusterProcess.Worker, connection, folder[string.Create(CultureInfo.InvariantCulture, $"worker {i}")]));
            while ((await LookAsync(client)).Workers < count)
                await Task.Delay(LookInterval);
            await Task.Delay(Settling);
            var before = await CountAsync();
            await Task.Delay(TimeSpan.FromSeconds(idle));
            var resting = Span(before, await CountAsync());

            await BeginAsync(client, model.Address);
            await Task.Delay(Warming);
            before = await CountAsync();
            var looks = await WatchAsync(client, TimeSpan.FromSeconds(busy));
            var working = Span(before, await CountAsync());
            return new ClusterRun(count, resting, working, looks, [.. workers.Select(w => w.Batches)]);
        }
        finally
        {
            foreach (var worker in workers)
                await worker.DisposeAsync();
        }

        async Task<ClusterCounts> CountAsync()
        {
            var at = Stopwatch.GetTimestamp();
            var ofService = await service.CountAsync();
            var ofWorkers = await Task.WhenAll(workers.Select(w => w.CountAsync()));
            var (chats, sites) = (model.Chats.Count, int.Parse(server.Sql(database, "SELECT count(DISTINCT body->>'site') FROM inversescope.steps WHERE body->>'stage' LIKE 'confirm/%'"), CultureInfo.InvariantCulture));
            return new ClusterCounts(at, ofService, ofWorkers.Aggregate((a, b) => a + b), DatabaseCounts.Of(server, database), chats, sites);
        }
    }

    private static ClusterSpan Span(ClusterCounts before, ClusterCounts after) => new(
        before.At, after.At, after.Service - before.Service, after.Workers - before.Workers, after.Database - before.Database, after.Asked - before.Asked, after.Sites - before.Sites);

    // Two rounds of proposals and a question for names: three calls for a site, and three batches, of which one is at random weights.
    private static async Task BeginAsync(HttpClient client, Uri model)
    {
        var plan = $$"""
            schema: inversescope/sweep/v1
            name: scaling
            model: ioi
            task: ioi
            sites: ['L*H*']
            distance: euclidean
            kernel: threshold
            epsilon: 0.6
            bank_size: 150
            references: { explore: 20, confirm: 20 }
            search: { enabled: false }
            controls: { random_weights: true, known_sites: 0 }
            causal_check: { references: 0 }
            language_model: { model: {{FakeOllama.Model}}, address: "{{model}}", rounds: 2, max_proposals: 2, relabelled: 0 }
            """;
        using var body = new StringContent(plan, Encoding.UTF8, "application/yaml");
        using var begun = await client.PostAsync(new Uri("/api/v1/sweeps", UriKind.Relative), body);
        if (!begun.IsSuccessStatusCode)
            throw new InvalidOperationException(await begun.Content.ReadAsStringAsync());
    }

    private static string Say(FakeOllamaRequest request) => request.Wanted switch
    {
        "word" => """{"word": "ready", "letters": 5}""",
        "hypotheses" => """{"hypotheses": [{"title": "Length", "rule": ["words", "count", {"bucket": [14, 18, 22]}]}, {"title": "Second", "rule": ["words", {"nth": 1}]}]}""",
        "spec" => """{"spec": {"title": "Second", "rule": ["words", {"nth": 1}]}}""",
        _ => """{"features": [{"id": 1, "title": "Length in words", "hypothesis": "The activation carries it."}]}""",
    };

    private static async Task<List<QueueLook>> WatchAsync(HttpClient client, TimeSpan time)
    {
        var (began, looks) = (Stopwatch.GetTimestamp(), new List<QueueLook>());
        while (Stopwatch.GetElapsedTime(began) < time)
        {
            var asked = Stopwatch.GetTimestamp();
            var look = await LookAsync(client);
            var from = Stopwatch.GetTimestamp();
            await Task.Delay(LookInterval);
            looks.Add(look with { AnsweredAfter = Stopwatch.GetElapsedTime(asked, look.At).TotalMilliseconds, Late = (Stopwatch.GetElapsedTime(from) - LookInterval).TotalMilliseconds });
        }

        return looks;
    }

    private static async Task<QueueLook> LookAsync(HttpClient client)
    {
        using var answer = await client.GetAsync(new Uri("/api/v1/cluster", UriKind.Relative));
        var at = Stopwatch.GetTimestamp();
        if (!answer.IsSuccessStatusCode)
            return new QueueLook(at, 0, 0, 0, 0);
        using var seen = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return new QueueLook(at, seen.RootElement.GetProperty("workers").GetArrayLength(), seen.RootElement.GetProperty("queue").EnumerateArray().Sum(q => q.GetProperty("waiting").GetInt32()), 0, 0);
    }

    private static void Print(ClusterRun run, double one)
    {
        var (resting, working) = (run.Resting, run.Working);
        Line($"## {run.Workers} workers; load {File.ReadAllText("/proc/loadavg").Split(' ')[0]}");
        Line($"batches a second {run.Rate:0.000}: {run.Rate / (one * run.Workers):0.000} of one worker's, {run.Rate * BatchSeconds / run.Workers:0.000} of what there can be; {working.Sites} sites done, {working.Asked} calls of the language model in {working.Seconds:0.0} s");
        Line($"calls that waited: mean {run.Looks.Average(l => l.Waiting):0.0}, none in {run.Looks.Count(l => l.Waiting == 0) / (double)run.Looks.Count:0.00} of looks");
        Gaps("a timer is late by", [.. run.Looks.Select(l => l.Late).Order()]);
        Gaps("the service answers within", [.. run.Looks.Select(l => l.AnsweredAfter).Order()]);
        Gaps("between batches", run.Gaps(waited: false));
        Gaps("between batches while calls waited", run.Gaps(waited: true));
        var batches = run.Rate * working.Seconds;
        Line($"service: {working.Service.CpuSeconds / working.Seconds:0.000} cores, {1000 * working.Service.CpuSeconds / batches:0} ms a batch, {working.Service.ResidentBytes >> 20} MiB, {working.Service.Threads} threads; idle {resting.Service.CpuSeconds / resting.Seconds:0.000} cores");
        Line($"workers: {1000 * working.Workers.CpuSeconds / batches:0} ms a batch, {(working.Workers.ResidentBytes >> 20) / run.Workers} MiB each; idle {resting.Workers.CpuSeconds / resting.Seconds / run.Workers:0.000} cores each");
        Costs("idle", resting);
        Costs("busy", working);
    }

    private static void Gaps(string what, double[] gaps)
    {
        if (gaps.Length > 0)
            Line($"{what}: {gaps.Length}, median {gaps[gaps.Length / 2]:0.0} ms, mean {gaps.Average():0.0} ms, p95 {gaps[(int)(gaps.Length * 0.95)]:0.0} ms, longest {gaps[^1]:0.0} ms, above 20 ms {gaps.Count(g => g > 20)}");
    }

    private static void Costs(string what, ClusterSpan span)
    {
        var (database, seconds) = (span.Database, span.Seconds);
        Line($"{what}, database a second: {database.Transactions / seconds:0.00} transactions, {database.Inserted / seconds:0.00} inserted, {database.Updated / seconds:0.00} updated, {database.Deleted / seconds:0.00} deleted, {database.Read / seconds:0.0} read, {database.LogBytes / seconds / 1024:0.0} KiB of log; {database.Connections} connections");
        Line($"{what}, network a second: service sent {Kib(span.Service.Sent)} and received {Kib(span.Service.Received)} KiB, {Kib(span.Service.DatabaseSent)} and {Kib(span.Service.DatabaseReceived)} of these with the database; workers together {Kib(span.Workers.Sent)} and {Kib(span.Workers.Received)}, {Kib(span.Workers.DatabaseSent)} and {Kib(span.Workers.DatabaseReceived)} of these");

        string Kib(long bytes) => (bytes / seconds / 1024).ToString("0.0", CultureInfo.InvariantCulture);
    }

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    /// <summary>What was seen of a cluster.</summary>
    /// <param name="At">As in <see cref="Stopwatch.GetTimestamp"/>.</param>
    /// <param name="Waiting">Calls that no worker has yet.</param>
    /// <param name="AnsweredAfter">Milliseconds that the service took to tell.</param>
    /// <param name="Late">How late a timer was after it, of a process with nothing else to do: what the machine adds to whatever is measured.</param>
    private readonly record struct QueueLook(long At, int Workers, int Waiting, double AnsweredAfter, double Late);

    /// <param name="Workers">All together.</param>
    /// <param name="Asked">Calls of the language model.</param>
    /// <param name="Sites">That are done.</param>
    private sealed record ClusterCounts(long At, MemberCounts Service, MemberCounts Workers, DatabaseCounts Database, int Asked, int Sites);

    /// <summary>What happened between two counts.</summary>
    private sealed record ClusterSpan(long Began, long Ended, MemberCounts Service, MemberCounts Workers, DatabaseCounts Database, int Asked, int Sites)
    {
        public double Seconds => Stopwatch.GetElapsedTime(Began, Ended).TotalSeconds;
    }

    /// <param name="Batches">Of each worker.</param>
    private sealed record ClusterRun(int Workers, ClusterSpan Resting, ClusterSpan Working, List<QueueLook> Looks, IReadOnlyList<IReadOnlyList<Batch>> Batches)
    {
        /// <summary>Batches a second; of those that began before or ended after, the part within.</summary>
        public double Rate => Batches.SelectMany(b => b).Sum(b => Math.Max(0, Math.Min(b.Ended, Working.Ended) - Math.Max(b.Began, Working.Began)) / (double)(b.Ended - b.Began)) / Working.Seconds;

        /// <summary>Milliseconds from the end of each batch to the begin of its worker's next, shortest first.</summary>
        /// <param name="waited">Only where calls waited when the cluster was looked at before, between and after.</param>
        public double[] Gaps(bool waited) =>
        [
            .. Batches
                .SelectMany(b => b.OrderBy(one => one.Began).Zip(b.OrderBy(one => one.Began).Skip(1), (one, next) => (From: one.Ended, To: next.Began)))
                .Where(g => g.From >= Working.Began && g.To <= Working.Ended && (!waited || IsWaitedIn(g.From, g.To)))
                .Select(g => Stopwatch.GetElapsedTime(g.From, g.To).TotalMilliseconds)
                .Order(),
        ];

        private bool IsWaitedIn(long from, long to)
        {
            var (before, after) = (Looks.FindLastIndex(l => l.At <= from), Looks.FindIndex(l => l.At >= to));
            return before >= 0 && after >= 0 && Looks[before..(after + 1)].TrueForAll(l => l.Waiting > 0);
        }
    }
}
