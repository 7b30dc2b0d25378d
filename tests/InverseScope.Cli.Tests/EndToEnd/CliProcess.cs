using System.Diagnostics;

namespace InverseScope.Cli.Tests;

/// <summary>The built program as a process of its own: what scripts and people meet.</summary>
public static class CliProcess
{
    /// <summary>The program, built in the same configuration as these tests.</summary>
    public static string ProgramPath { get; } = Repository.Path(
        ".artifacts", "bin", "InverseScope.Cli", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)),
        "inversescope.dll");

    /// <summary>Runs to the end.</summary>
    public static CliRun Run(params string[] args) => RunAt(ProgramPath, args);

    /// <summary>Runs a copy of the program to the end.</summary>
    public static CliRun RunAt(string program, params string[] args)
    {
        using var process = StartAt(program, args);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CliRun(process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    /// <summary>Starts with all three streams redirected.</summary>
    public static Process Start(params string[] args) => StartAt(ProgramPath, args);

    private static Process StartAt(string program, string[] args) => Process.Start(
        new ProcessStartInfo("dotnet", [program, .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
}
