using System.Diagnostics;
using System.Reflection;

namespace InverseScope.Service.Compute;

/// <summary>How a worker is started.</summary>
/// <param name="File">The executable.</param>
public sealed record WorkerLaunch(string File, IReadOnlyList<string> Arguments)
{
    /// <summary>The program that runs now, with other arguments.</summary>
    public static WorkerLaunch OfThisProgram(IReadOnlyList<string> arguments)
    {
        var file = Environment.ProcessPath!;
        // Without an executable of its own it is a library that dotnet runs.
        return Path.GetFileNameWithoutExtension(file) == "dotnet"
            ? new WorkerLaunch(file, [Assembly.GetEntryAssembly()!.Location, .. arguments])
            : new WorkerLaunch(file, arguments);
    }

    internal ProcessStartInfo Start()
    {
        var start = new ProcessStartInfo(File, Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // It answers nobody but the service.
        start.Environment.Remove(ServiceOptions.KeyVariable);
        return start;
    }
}
