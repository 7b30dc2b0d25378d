namespace InverseScope.Cli.Tests;

/// <summary>What one run of the command line left.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record CliRun(int Code, string Out, string Error)
{
    /// <summary>Runs in this process, without signals or a terminal.</summary>
    public static CliRun Of(params string[] args) => In(Environment.GetEnvironmentVariable, args);

    /// <summary>The same in an environment of the test's own.</summary>
    public static CliRun In(Func<string, string?> variable, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var shell = new Shell(output, error, TimeProvider.System) { Variable = variable };
        var code = CommandLine.Run(args, shell);
        return new CliRun(code, output.ToString(), error.ToString());
    }
}
