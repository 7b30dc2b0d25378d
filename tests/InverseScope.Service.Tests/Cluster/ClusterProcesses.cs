using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using InverseScope.Sweeps;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>A sweep as a service tells of it.</summary>
/// <param name="Done">Sites that are done.</param>
internal sealed record ClusterSweep(string Id, string Status, string? Reason, int Done);

/// <summary>Services that share a home, and workers with a home each, on a database of their own.</summary>
internal sealed class ClusterProcesses : IDisposable
{
    private const int LinesShown = 60;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan JoinsWithin = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan EndsWithin = TimeSpan.FromMinutes(5);

    private readonly TempFolder _folder = new();
    private readonly string _database;
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(20) };
    private readonly List<ClusterMember> _services = [];
    private readonly List<ClusterMember> _workers = [];

    /// <summary>Skips the test where there is no PostgreSQL.</summary>
    public ClusterProcesses()
    {
        Connection = Server.NewDatabase();
        _database = Connection.Split(';').Single(p => p.StartsWith("Database=", StringComparison.Ordinal))["Database=".Length..];
        Home = HomeOf("services");
        Home.Make();
    }

    /// <summary>Of the database.</summary>
    public PostgresServer Server { get; } = new();

    /// <summary>To the database, as members are given it.</summary>
    public string Connection { get; }

    /// <summary>Of the services.</summary>
    public Home Home { get; }

    /// <summary>Of what runs beside the cluster, for comparison.</summary>
    public Home Alone => HomeOf("alone");

    public IReadOnlyList<ClusterMember> Services => _services;

    public IReadOnlyList<ClusterMember> Workers => _workers;

    private IEnumerable<ClusterMember> Members => _services.Concat(_workers);

    /// <summary>The last lines of every member.</summary>
    public string Logs => string.Join('\n', Members.SelectMany(m => m.Log.TakeLast(LinesShown).Select(l => $"[{m.Name}] {l}").Prepend("")));

    /// <summary>A home that goes away with the cluster.</summary>
    public Home HomeOf(string name) => new(_folder[name]);

    /// <param name="connection">Null: <see cref="Connection"/>.</param>
    public ClusterMember AddService(string? connection = null)
    {
        var service = new ClusterMember(
            $"service {_services.Count + 1}", "serve", "--cluster", connection ?? Connection, "--home", Home.Path, "--listen", "http://127.0.0.1:0");
        _services.Add(service);
        return service;
    }

    /// <param name="connection">Null: <see cref="Connection"/>.</param>
    /// <param name="home">Null: one of its own, empty.</param>
    /// <param name="service">Where it fetches what it lacks; null: nowhere.</param>
    public ClusterMember AddWorker(string? connection = null, Home? home = null, Uri? service = null)
    {
        var name = $"worker {_workers.Count + 1}";
        string[] more = service is null ? [] : ["--service", service.ToString()];
        var worker = new ClusterMember(name, ["worker", "--cluster", connection ?? Connection, "--home", (home ?? HomeOf(name)).Path, "--threads", "1", .. more]);
        _workers.Add(worker);
        return worker;
    }

    /// <summary>Waits until all members are there.</summary>
    public Task JoinedAsync() => UntilAsync("All members joined", JoinsWithin, () => Task.FromResult(Members.All(m => m.IsReady)));

    /// <summary>Begins a sweep by one of the services; that or another one is asked again while none answers.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> BeginAsync(string plan)
    {
        string? id = null;
        await UntilAsync("A service took a plan", JoinsWithin, async () => (id = await AskAsync(async service =>
        {
            using var content = new StringContent(plan, new MediaTypeHeaderValue("text/yaml"));
            using var answer = await _client.PostAsync(new Uri(service, "/api/v1/sweeps"), content, TestContext.Current.CancellationToken);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            // While the database is away.
            if (answer.StatusCode == System.Net.HttpStatusCode.ServiceUnavailable)
                return null;
            Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {text}\n{Logs}");
            return (string)JsonNode.Parse(text)!["id"]!;
        })) is not null);
        return id!;
    }

    /// <summary>Has a sweep that ended go on.</summary>
    public Task ResumeAsync(string id) => UntilAsync($"A service resumed {id}", JoinsWithin, async () => await AskAsync(async service =>
    {
        using var answer = await _client.PostAsync(new Uri(service, $"/api/v1/sweeps/{id}/resume"), null, TestContext.Current.CancellationToken);
        return answer.IsSuccessStatusCode ? id : null;
    }) is not null);

    /// <summary>All sweeps as whichever service answers first tells of them; null if none answers now.</summary>
    public Task<ClusterSweep[]?> SweepsAsync() => AskAsync(async service =>
    {
        using var answer = await _client.GetAsync(new Uri(service, "/api/v1/sweeps"), TestContext.Current.CancellationToken);
        return !answer.IsSuccessStatusCode ? null : JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!.AsArray()
            .Select(s => new ClusterSweep((string)s!["id"]!, (string)s["status"]!, (string?)s["reason"], (int)s["pace"]!["sites_done"]!))
            .ToArray();
    });

    /// <summary>Waits until sweeps of these ids are finished.</summary>
    public Task FinishedAsync(params IReadOnlyCollection<string> ids) => UntilAsync("All sweeps finished", EndsWithin, async () =>
    {
        if (await SweepsAsync() is not { } sweeps)
            return false;
        var mine = sweeps.Where(s => ids.Contains(s.Id)).ToArray();
        if (mine.FirstOrDefault(s => s.Status is "failed" or "stopped") is { } broken)
            Assert.Fail($"{broken.Id} is {broken.Status}: {broken.Reason}\n{Logs}");
        return mine.Length == ids.Count && mine.All(s => s.Status == "finished");
    });

    /// <summary>Waits until a sweep is failed.</summary>
    public async Task<ClusterSweep> FailedAsync(string id)
    {
        ClusterSweep? failed = null;
        await UntilAsync($"{id} failed", EndsWithin, async () => (failed = (await SweepsAsync())?.FirstOrDefault(s => s.Id == id && s.Status == "failed")) is not null);
        return failed!;
    }

    /// <summary>Stages of sites that are committed, of each sweep.</summary>
    public Dictionary<string, int> Steps() => Sql("SELECT sweep || ' ' || count(*) FROM inversescope.steps GROUP BY sweep")
        .ToDictionary(l => l[..l.LastIndexOf(' ')], l => int.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture), StringComparer.Ordinal);

    /// <summary>Whether the others have declared a process dead that was a member.</summary>
    public bool IsDead(int process) => Sql(
        string.Create(CultureInfo.InvariantCulture, $"SELECT status FROM inversescope.orleansmembershiptable WHERE siloname LIKE '%/{process}/%'")) is { Length: > 0 } rows && rows.All(s => s == "6");

    /// <summary>Rows of a query.</summary>
    public string[] Sql(string sql) => Server.Sql(_database, sql).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Looks again and again; fails with the logs of all members.</summary>
    public Task UntilAsync(string what, TimeSpan within, Func<Task<bool>> look) => UntilAsync(() => what, within, look);

    /// <param name="what">Asked when it fails.</param>
    public async Task UntilAsync(Func<string> what, TimeSpan within, Func<Task<bool>> look)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await look())
        {
            if (Stopwatch.GetElapsedTime(began) > within)
                Assert.Fail($"{what()}: not within {within}.\n{await OverviewAsync()}\n{Logs}");
            await Task.Delay(LookInterval, TestContext.Current.CancellationToken);
        }
    }

    public void Dispose()
    {
        foreach (var member in Members)
            member.Dispose();
        _client.Dispose();
        Server.Dispose();
        _folder.Dispose();
    }

    // The cluster as a service tells of it.
    private async Task<string> OverviewAsync() => await AskAsync(async service =>
    {
        using var answer = await _client.GetAsync(new Uri(service, "/api/v1/cluster"), TestContext.Current.CancellationToken);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }) ?? "No service answers.";

    private async Task<T?> AskAsync<T>(Func<Uri, Task<T?>> ask)
        where T : class
    {
        foreach (var address in _services.Select(s => s.Address).OfType<Uri>())
        {
            try
            {
                if (await ask(address) is { } answer)
                    return answer;
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !TestContext.Current.CancellationToken.IsCancellationRequested))
            {
                // It was ended, or stands still.
            }
        }

        return null;
    }
}
