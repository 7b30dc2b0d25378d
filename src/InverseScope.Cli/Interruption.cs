using System.Runtime.InteropServices;

namespace InverseScope.Cli;

/// <summary>
/// Ctrl-C and a polite kill: the first asks the work to stop at its next batch, the second ends the process at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly TextWriter _error;

    public Interruption(TextWriter error)
    {
        _error = error;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
        ];
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext signal)
    {
        if (_source.IsCancellationRequested)
            EndAtOnce(ExitCode.Stopped);
        signal.Cancel = true;
        _error.WriteLine();
        _error.WriteLine("inversescope: stopping at the next batch, and keeping what is done. Once more ends it at once.");
        _source.Cancel();
    }

    /// <summary>Ends the process. An orderly exit would run the destructors of native libraries while their threads still compute.</summary>
    public static void EndAtOnce(int code)
    {
        if (OperatingSystem.IsWindows())
            Environment.Exit(code);
        ExitWithoutCleanup(code);
    }

    [DllImport("libc", EntryPoint = "_exit")]
    private static extern void ExitWithoutCleanup(int code);
}
