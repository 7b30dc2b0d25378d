namespace InverseScope.Cli.Tests;

/// <summary>Runs of the command line in this process, without signals or a terminal.</summary>
internal static class InProcess
{
    extension(CliRun)
    {
        /// <summary>In the environment of this process.</summary>
        public static CliRun Of(params string[] args) => CliRun.In(Environment.GetEnvironmentVariable, args);

        /// <summary>In an environment of the test's own.</summary>
        public static CliRun In(Func<string, string?> variable, params string[] args)
        {
            using var output = new StringWriter();
            using var error = new StringWriter();
            using var shell = new Shell(output, error, TimeProvider.System) { Variable = variable };
            var code = CommandLine.Run(args, shell);
            return new CliRun(code, output.ToString(), error.ToString());
        }
    }
}
