using System.CommandLine;
using InverseScope.Cli.Commands;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Service.Cluster;
using InverseScope.Sweeps;

namespace InverseScope.Cli;

/// <summary>One run of one command: what was given, and the process around it.</summary>
internal sealed class Invocation(ParseResult parse, Shell shell)
{
    private const long DefaultSeed = 1;

    public ParseResult Parse => parse;

    public Shell Shell => shell;

    public TextWriter Out => shell.Out;

    public bool Json => parse.GetValue(GlobalOptions.Json);

    public bool Quiet => parse.GetValue(GlobalOptions.Quiet);

    /// <summary>Null if the user gave none.</summary>
    public long? GivenSeed => parse.GetValue(GlobalOptions.Seed);

    public RunSeed Seed => new(GivenSeed ?? DefaultSeed);

    public Home Home { get; } = new(parse.GetValue(GlobalOptions.Home)!);

    public TaskCatalog Tasks => new(Home.Tasks);

    public ModelCatalog Models => new(Home.Models);

    public GeneratorCatalog Generators => new(Home.Generators);

    /// <summary>The command as it can be given again.</summary>
    public string CommandText => string.Join(' ', parse.Tokens.Select(t => Quoted(t.Value)).Prepend(CommandLine.Name));

    public CancellationToken Cancel => shell.Cancel;

    /// <summary>Progress on standard error, or none if the user wants quiet.</summary>
    public ConsoleProgress? StartProgress() =>
        Quiet ? null : new ConsoleProgress(shell.Error, shell.Clock, shell.ErrorIsTerminal ? shell.ErrorWidth : null);

    /// <summary>A message that is no result: to standard error, unless the user wants quiet.</summary>
    public void Say(string message)
    {
        if (!Quiet)
            shell.Error.WriteLine(message);
    }

    private static string Quoted(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or '@' or '=' or ',' or ':' or '+')
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>A command whose action gets an invocation.</summary>
    public static void SetAction(Command command, Shell shell, Func<Invocation, int> action) => command.SetAction(parse => Run(parse, shell, action));

    /// <summary>Acts as people expect of a command: it ends as they ask it to, and tells what it does where they want to hear it.</summary>
    public static int Run(ParseResult parse, Shell shell, Func<Invocation, int> action)
    {
        // From the first moment: a signal that nobody listens to would end the process without a word.
        _ = shell.Cancel;
        var name = parse.CommandResult.Command.Name;
        using var telemetry = shell.Variable(TelemetryExport.AddressVariable) is { Length: > 0 } ? TelemetryExport.Start(shell.Variable, name == ServeCommand.Name ? MemberName.Service : name) : null;
        return action(new Invocation(parse, shell));
    }
}
