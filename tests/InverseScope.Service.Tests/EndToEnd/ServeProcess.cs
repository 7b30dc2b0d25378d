using System.Diagnostics;
using System.Net.Http.Headers;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Service.Tests;

/// <summary>The built program as a process that serves a home on a free port.</summary>
internal sealed class ServeProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly Home _home;
    private readonly HttpClient _client = new();

    private ServeProcess(Process process, Home home) => (_process, _home) = (process, home);

    /// <summary>Returns once it listens.</summary>
    public static async Task<ServeProcess> StartAsync(string home)
    {
        var process = CliProcess.Start("serve", "--home", home, "--listen", "http://127.0.0.1:0");
        var service = new ServeProcess(process, new Home(home));
        _ = process.StandardOutput.ReadToEndAsync();
        while (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.LastIndexOf(" at http://", StringComparison.Ordinal) is >= 0 and var at)
            {
                service._client.BaseAddress = new Uri(line[(at + 4)..]);
                _ = process.StandardError.ReadToEndAsync();
                return service;
            }
        }

        throw new InvalidOperationException("It ended before it listened.");
    }

    public async Task PostAsync(string path, string text)
    {
        using var content = new StringContent(text, new MediaTypeHeaderValue("text/yaml"));
        using var answer = await _client.PostAsync(path, content, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
    }

    /// <summary>Waits until progress of a sweep is as wanted.</summary>
    public Task<SweepProgress> WaitAsync(string id, Func<SweepProgress, bool> wanted) =>
        WaitAsync(() => SweepProgress.Find(_home, id) is { } progress && wanted(progress) ? progress : null);

    public static async Task<T> WaitAsync<T>(Func<T?> wanted)
        where T : class
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Patience)
        {
            try
            {
                if (wanted() is { } found)
                    return found;
            }
            catch (IOException)
            {
                // Just being written.
            }

            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        throw new TimeoutException("It did not come.");
    }

    public ReportDocument Report(string id) => ReportOf(_home, id);

    public static ReportDocument ReportOf(Home home, string id)
    {
        var file = Path.Combine(home.Sweep(id), "report.json");
        return ReportJson.Read(file, File.ReadAllText(file));
    }

    /// <summary>The worker of the service, as soon as there is one.</summary>
    public Task<Process> WorkerAsync() => WaitAsync(() => Process.GetProcessesByName("dotnet").FirstOrDefault(p => ParentOf(p.Id) == _process.Id));

    /// <summary>As by <c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>As a system that shuts down does. Fails where it does not end of itself.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> TerminateAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
        _client.Dispose();
    }

    private static int ParentOf(int process)
    {
        try
        {
            // Behind the name, which may hold anything, and the state.
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
