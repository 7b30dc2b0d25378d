using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;
using InverseScope.Cli.Commands;
using InverseScope.Cli.Options;

namespace InverseScope.Cli;

/// <summary>The one composition: all commands under one root, run with one mapping of failures to exit codes.</summary>
internal static class CommandLine
{
    /// <summary>What people type.</summary>
    public const string Name = "inversescope";

    public static string Version { get; } =
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Parses and runs.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> args, Shell shell)
    {
        // No response files: '@' begins a position here.
        var parse = CreateRoot(shell).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parse.Action is ParseErrorAction or null)
            return FaultReport.Usage(parse, shell);
        try
        {
            return parse.Invoke(new InvocationConfiguration
            {
                Output = shell.Out,
                Error = shell.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
#pragma warning disable CA1031 // The one place where any failure becomes a message and an exit code.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return FaultReport.Failure(e, parse, shell);
        }
    }

    /// <summary>The whole tree. Creating it loads neither libtorch nor the store.</summary>
    public static Command CreateRoot(Shell shell)
    {
        var root = new Command(Name, "Finds out what the activations of a language model encode, with sound statistics.")
        {
            GlobalOptions.Json,
            GlobalOptions.Seed,
            GlobalOptions.Home,
            GlobalOptions.Quiet,
            new HelpOption { Recursive = true },
            new VersionOption { Action = new PrintVersion(shell.Out) },
            DemoCommand.Create(shell),
            TestCommand.Create(),
            DoctorCommand.Create(shell),
            TaskCommands.Create(shell),
            ModelCommands.Create(shell),
            ActivationsCommands.Create(shell),
            GeneratorCommands.Create(shell),
            SampleCommand.Create(shell),
            SpecCommands.Create(shell),
            SweepCommands.Create(shell),
            ReportCommand.Create(shell),
            ReviewCommands.Create(shell),
            CompareCommand.Create(shell),
            StoreCommands.Create(shell),
            CalibrateCommand.Create(shell),
            StatusCommand.Create(shell),
            ServeCommand.Create(shell),
            WorkerCommand.Create(shell),
            McpCommand.Create(shell),
        };
        root.SetAction(parse => new HelpAction().Invoke(parse));
        return root;
    }

    private sealed class PrintVersion(TextWriter output) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            output.WriteLine(Version);
            return ExitCode.Done;
        }
    }
}
