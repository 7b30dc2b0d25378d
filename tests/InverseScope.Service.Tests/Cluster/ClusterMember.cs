using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>
/// A service or a worker as a process of the built program. Whatever ends it, it is started again, as a system's service manager would, until it
/// is disposed.
/// </summary>
internal sealed class ClusterMember : IDisposable
{
    // A member that joined anew each time would keep the others from ever settling.
    private const int MostStarts = 200;

    private static readonly TimeSpan EndsWithin = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly string[] _args;
    private readonly ConcurrentQueue<string> _log = new();
    private Process? _process;
    private volatile Uri? _address;
    private volatile bool _isReady;
    private bool _isEnded;

    /// <param name="name">For messages.</param>
    /// <param name="args">Of the program.</param>
    public ClusterMember(string name, params string[] args)
    {
        (Name, _args) = (name, args);
        Start();
    }

    public string Name { get; }

    /// <summary>Where it listens since its last start; null before that, and for workers.</summary>
    public Uri? Address => _address;

    /// <summary>Whether it said since its last start that it is a member.</summary>
    public bool IsReady => _isReady;

    /// <summary>How often it was started.</summary>
    public int Starts { get; private set; }

    /// <summary>Of the process that runs now.</summary>
    public int Id
    {
        get
        {
            lock (_lock)
                return _process!.Id;
        }
    }

    /// <summary>All that it wrote, in order.</summary>
    public IReadOnlyList<string> Log => [.. _log];

    /// <summary>As by <c>kill -9</c>; returns when its successor is there.</summary>
    public void Kill()
    {
        Process killed;
        lock (_lock)
        {
            _log.Enqueue("(killed)");
            // It is told of its end, too, and is not started twice.
            (killed, _process) = (_process!, null);
        }

        // Not under the lock, which whoever tells of its end may wait for; and not until the end of its output, which a process of its own may hold open.
        killed.Kill();
        killed.WaitForExit(EndsWithin);
        lock (_lock)
            Start();
    }

    /// <summary>It stands still, and knows nothing of that.</summary>
    public void Freeze() => Signal("-STOP");

    public void Thaw() => Signal("-CONT");

    public void Dispose()
    {
        Process process;
        lock (_lock)
        {
            _isEnded = true;
            process = _process!;
        }

        // Not under the lock, which whoever tells of its end may wait for. One that stands still ends by this, too.
        process.Kill(entireProcessTree: true);
        process.WaitForExit(EndsWithin);
        process.Dispose();
    }

    private void Signal(string signal)
    {
        _log.Enqueue($"({signal})");
        using var kill = Process.Start("kill", [signal, Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    private void Start()
    {
        Assert.True(++Starts <= MostStarts, $"{Name} ends again and again.");
        (_address, _isReady) = (null, false);
        var process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", [CliProcess.ProgramPath, .. _args])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
            EnableRaisingEvents = true,
        };
        process.OutputDataReceived += (_, line) => Hear(process, line.Data);
        process.ErrorDataReceived += (_, line) => Hear(process, line.Data);
        process.Exited += (_, _) => Again(process);
        _process = process;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    private void Again(Process ended)
    {
        lock (_lock)
        {
            if (_isEnded || _process != ended)
                return;
            _log.Enqueue($"(ended with {ended.ExitCode})");
            Start();
        }
    }

    private void Hear(Process process, string? line)
    {
        if (line is null)
            return;
        _log.Enqueue(line);
        if (process != _process)
            return;
        if (line.StartsWith("inversescope: serving ", StringComparison.Ordinal))
            (_address, _isReady) = (new Uri(line[(line.LastIndexOf(" at ", StringComparison.Ordinal) + 4)..]), true);
        else if (line.StartsWith("inversescope: computing ", StringComparison.Ordinal))
            _isReady = true;
    }
}
