using System.Diagnostics;

namespace InverseScope.Testing;

/// <summary>The built program as a process of its own: what scripts and people meet.</summary>
public static class CliProcess
{
    /// <summary>The program, built in the same configuration as these tests.</summary>
    public static string ProgramPath { get; } = Repository.Path(
        ".artifacts", "bin", "InverseScope.Cli", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)),
        "inversescope.dll");

    /// <summary>Runs to the end.</summary>
    public static CliRun Run(params string[] args) => RunAt(ProgramPath, [], args);

    /// <summary>Runs the program, or a copy of it, to the end.</summary>
    /// <param name="variables">Set in its environment; null takes one out.</param>
    public static CliRun RunAt(string program, IReadOnlyList<(string Name, string? Value)> variables, params string[] args)
    {
        using var process = StartAt(program, variables, args);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CliRun(process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    /// <summary>Starts with all three streams redirected.</summary>
    public static Process Start(params string[] args) => StartAt(ProgramPath, [], args);

    /// <summary>Starts the program, or a copy of it, with all three streams redirected.</summary>
    /// <param name="variables">Set in its environment; null takes one out.</param>
    public static Process StartAt(string program, IReadOnlyList<(string Name, string? Value)> variables, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [program, .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
