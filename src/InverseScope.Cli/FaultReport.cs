using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;

namespace InverseScope.Cli;

/// <summary>
/// Turns every failure into an exit code, a short message on standard error and, with <c>--json</c>, one error document
/// on standard output: a program that reads the output learns what happened from it alone.
/// </summary>
internal static class FaultReport
{
    // Error numbers of Linux, which the runtime passes on as they are; and Windows' own for a full disk.
    private const int NoSpaceLeft = 28;
    private const int QuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>The arguments do not parse.</summary>
    public static int Usage(ParseResult parse, Shell shell)
    {
        var (what, fix) = UsageErrors.Describe(parse);
        shell.Error.WriteLine($"{CommandLine.Name}: {what}");
        shell.Error.WriteLine(fix);
        WriteJson(ExitCode.BadInput, what, fix, parse, shell);
        return ExitCode.BadInput;
    }

    /// <summary>The command threw.</summary>
    public static int Failure(Exception exception, ParseResult parse, Shell shell)
    {
        var (code, what, fix) = Classify(exception);
        if (code == ExitCode.Fault)
            fix = "This is a fault of the program, not of yours. " + KeepDetails(exception, parse, shell);
        shell.Error.WriteLine($"{CommandLine.Name}: {what}");
        if (fix is not null)
            shell.Error.WriteLine(fix);
        if (shell.Debug)
            shell.Error.WriteLine(exception);
        WriteJson(code, what, fix, parse, shell);
        return code;
    }

    internal static (int Code, string What, string? Fix) Classify(Exception exception) => exception switch
    {
        BadInputException e => (ExitCode.BadInput, e.What, e.Fix),
        OutsideServiceException e => (ExitCode.Unreachable, e.Message, null),
        OperationCanceledException => (ExitCode.Stopped, "stopped; what was done before is kept.", null),
        AggregateException { InnerExceptions: [var only] } => Classify(only),
        IOException { HResult: NoSpaceLeft or QuotaExceeded or WindowsDiskFull } e =>
            (ExitCode.Unreachable, $"the disk is full: {e.Message}", "Free space and run it again; what was done before is kept."),
        FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException =>
            (ExitCode.BadInput, exception.Message, null),
        IOException e => (ExitCode.Unreachable, e.Message, null),
        _ => (ExitCode.Fault, $"{exception.GetType().Name}: {FirstLine(exception.Message)}", null),
    };

    /// <summary>Writes the stack trace where a person who reports the fault finds it.</summary>
    /// <returns>A sentence that says where.</returns>
    private static string KeepDetails(Exception exception, ParseResult parse, Shell shell)
    {
        var home = parse.GetValue(GlobalOptions.Home)!;
        var now = shell.Clock.GetUtcNow();
        var name = string.Create(CultureInfo.InvariantCulture, $"fault-{now:yyyyMMdd-HHmmss}-{Environment.ProcessId}.txt");
        var path = Path.Combine(Directory.Exists(home) ? Path.GetFullPath(home) : Path.GetTempPath(), name);
        try
        {
            File.WriteAllText(path, string.Join(
                Environment.NewLine,
                $"{CommandLine.Name} {CommandLine.Version}, {now:O}, {Environment.OSVersion}, .NET {Environment.Version}",
                string.Join(' ', parse.Tokens.Select(t => t.Value)),
                exception.ToString(),
                ""));
            return $"Details: {path}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "Set INVERSESCOPE_DEBUG=1 to see its details.";
        }
    }

    private static void WriteJson(int code, string what, string? fix, ParseResult parse, Shell shell)
    {
        if (parse.GetValue(GlobalOptions.Json))
            Json.WriteDocument(shell.Out, new { error = new { code, message = what, fix } });
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd();
}
