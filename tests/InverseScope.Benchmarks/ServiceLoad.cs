using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using InverseScope.Core.Seeds;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;
using InverseScope.Sweeps.Tests.Reports;

namespace InverseScope.Benchmarks;

/// <summary>
/// How fast pages come when many read them, and how much a sweep is slowed down by readers. The service is a process of its own; who
/// reads is this one, on the same machine. Ceilings: 300 ms for 99 of 100 pages at 200 readers, and 1.05 for a sweep with ten.
/// Last numbers: results/service.md.
/// </summary>
internal static class ServiceLoad
{
    // Nobody reads a page of numbers faster.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private static readonly string[] Views = ["", "?page=2", "?verdict=confirmed", "?page=5", "?q=digit", "?sort=-kappa"];

    /// <summary>Prints how long pages of a sweep with about 500 hypotheses take.</summary>
    public static async Task ReadersAsync(int readers, int seconds)
    {
        using var folder = new TempHome();
        var id = folder.AddReport(ReportFixture.Night(12, 12, ["="], 4, seed: 3));
        await using var service = await ServiceProcess.StartAsync(folder.Home);
        foreach (var look in new[] { Look, TimeSpan.Zero })
        {
            // The first pages compile, and are not counted.
            await ReadAsync(service.Address, id, readers, look, TimeSpan.FromSeconds(5));
            var times = await ReadAsync(service.Address, id, readers, look, TimeSpan.FromSeconds(seconds));
            times.Sort();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{readers} readers, {look.TotalSeconds:0} s a page: {times.Count} pages, {times.Count / (double)seconds:0} a second, median {times[times.Count / 2]:0.0} ms, p99 {times[(int)(times.Count * 0.99)]:0.0} ms, longest {times[^1]:0.0} ms"));
        }
    }

    /// <summary>Prints how much longer a sweep takes while others read.</summary>
    public static async Task SweepAsync(int readers, int rounds)
    {
        using var folder = new TempHome();
        var id = folder.AddReport(ReportFixture.Night(12, 12, ["="], 4, seed: 3));
        await using var service = await ServiceProcess.StartAsync(folder.Home);
        await RunAsync(service.Address, -1);
        var ratios = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            // The first of a seed collects activations, which the others find.
            await RunAsync(service.Address, round);
            // In turn, so that what else the machine does hits both.
            var alone = await RunAsync(service.Address, round);
            using var stop = new CancellationTokenSource();
            var reading = ReadAsync(service.Address, id, readers, 2 * Look, Timeout.InfiniteTimeSpan, stop.Token);
            var watched = await RunAsync(service.Address, round);
            await stop.CancelAsync();
            await reading;
            ratios.Add(watched / alone);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sweep alone {alone:0.00} s, with {readers} readers {watched:0.00} s: {watched / alone:0.000}"));
        }

        ratios.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median {ratios[ratios.Count / 2]:0.000}"));
    }

    private static async Task<double> RunAsync(Uri address, int round)
    {
        using var client = new HttpClient { BaseAddress = address };
        // Another seed for each round, and the same for both of a round.
        var plan = $"schema: inversescope/sweep/v1\nname: load\nmodel: ioi\ntask: ioi\nsites: ['L0H*']\nepsilon: 0.1\nseed: {round + 100}\n";
        using var body = new StringContent(plan, Encoding.UTF8, "application/yaml");
        using var begun = await client.PostAsync(new Uri("/api/v1/sweeps", UriKind.Relative), body);
        begun.EnsureSuccessStatusCode();
        using var sweep = JsonDocument.Parse(await begun.Content.ReadAsStringAsync());
        var id = sweep.RootElement.GetProperty("id").GetString();
        while (true)
        {
            using var now = JsonDocument.Parse(await client.GetStringAsync(new Uri($"/api/v1/sweeps/{id}", UriKind.Relative)));
            var status = now.RootElement.GetProperty("status").GetString();
            if (status == "finished")
                return now.RootElement.GetProperty("spend").GetProperty("work_seconds").GetDouble();
            if (status is not ("queued" or "running"))
                throw new InvalidOperationException($"The sweep is {status}.");
            await Task.Delay(TimeSpan.FromSeconds(0.5));
        }
    }

    // Milliseconds of each page.
    private static async Task<List<double>> ReadAsync(Uri address, string id, int readers, TimeSpan look, TimeSpan time, CancellationToken stop = default)
    {
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = readers };
        using var client = new HttpClient(handler) { BaseAddress = address };
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        end.CancelAfter(time);
        var seed = new RunSeed(1);
        var all = await Task.WhenAll(Enumerable.Range(0, readers).Select(async reader =>
        {
            var chance = seed.Stream("reader", reader.ToString(CultureInfo.InvariantCulture));
            var times = new List<double>();
            try
            {
                while (true)
                {
                    if (look > TimeSpan.Zero)
                        await Task.Delay(look * (2 * chance.NextDouble()), end.Token);
                    var began = Stopwatch.GetTimestamp();
                    using var page = await client.GetAsync(new Uri($"/sweeps/{id}{chance.Pick(Views)}", UriKind.Relative), end.Token);
                    await page.Content.ReadAsByteArrayAsync(end.Token);
                    page.EnsureSuccessStatusCode();
                    times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                }
            }
            catch (OperationCanceledException)
            {
                return times;
            }
        }));
        return [.. all.SelectMany(t => t)];
    }

    private sealed class TempHome : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("inversescope-benchmark-").FullName;

        public Home Home => new(_folder);

        public string AddReport(ReportDocument report)
        {
            using var store = SweepStore.Open(Home.Store);
            var plan = new SweepPlan { Name = "night", Model = "addition", Task = "addition", Sites = ["L*H*@="] };
            var id = store.Begin(new StoredSweep
            {
                Name = plan.Name,
                Plan = JsonSerializer.Serialize(plan, ReportJson.LineOptions),
                Command = "inversescope sweep run night.yaml",
                State = SweepState.Finished,
                StopReason = "finished",
                Started = Timestamp.Of(DateTimeOffset.UnixEpoch),
                Finished = Timestamp.Of(DateTimeOffset.UnixEpoch),
            }).Id;
            ReportFiles.Write(Home.Sweep(id), report with { Sweep = report.Sweep with { Id = id } }, [ReportFormat.Json]);
            return id;
        }

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }

    private sealed class ServiceProcess : IAsyncDisposable
    {
        private readonly Process _process;

        private ServiceProcess(Process process, Uri address) => (_process, Address) = (process, address);

        public Uri Address { get; }

        public static async Task<ServiceProcess> StartAsync(Home home)
        {
            var program = Path.Combine(AppContext.BaseDirectory, "inversescope.dll");
            var process = Process.Start(new ProcessStartInfo("dotnet", [program, "serve", "--home", home.Path, "--listen", "http://127.0.0.1:0"]) { RedirectStandardError = true })!;
            while (await process.StandardError.ReadLineAsync() is { } line)
            {
                if (line.Split(" at ") is [.., var address] && line.Contains("serving", StringComparison.Ordinal))
                {
                    _ = process.StandardError.ReadToEndAsync();
                    return new ServiceProcess(process, new Uri(address));
                }
            }

            throw new InvalidOperationException("The service did not start.");
        }

        public async ValueTask DisposeAsync()
        {
            using (Process.Start("kill", [_process.Id.ToString(CultureInfo.InvariantCulture)]))
                await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }
}
