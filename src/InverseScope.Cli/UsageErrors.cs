using System.CommandLine;
using System.CommandLine.Parsing;
using InverseScope.Core;

namespace InverseScope.Cli;

/// <summary>Says what is wrong with arguments that do not parse, and what was probably meant.</summary>
internal static class UsageErrors
{
    public static (string What, string Fix) Describe(ParseResult parse)
    {
        var command = parse.CommandResult.Command;
        var path = PathOf(parse.CommandResult);
        return (What(parse, command, path), $"See '{path} --help'.");
    }

    private static string What(ParseResult parse, Command command, string path)
    {
        var unmatched = parse.UnmatchedTokens;
        if (command.Subcommands.Count > 0 && unmatched.Count > 0 && !unmatched[0].StartsWith('-'))
        {
            var names = CommandNames(command);
            return $"unknown command '{unmatched[0]}'.{NearestName.Hint(unmatched[0], names)}";
        }

        if (unmatched.FirstOrDefault(t => t.Length > 1 && t[0] == '-') is { } option)
        {
            var given = option.Split('=', ':')[0];
            return $"unknown option '{given}' of '{path}'.{NearestName.Hint(given, OptionNames(parse.CommandResult))}";
        }

        // A wrong value says more than the arguments that it left over.
        var wrongValue = parse.Errors.FirstOrDefault(e => e.SymbolResult is OptionResult or ArgumentResult);
        if (wrongValue is { SymbolResult: OptionResult { Tokens.Count: 0 } withoutValue })
            return $"{withoutValue.Option.Name} needs a value.";
        if (wrongValue is { SymbolResult: ArgumentResult { Tokens.Count: 0 } absent })
            return $"'{path}' needs {absent.Argument.HelpName ?? absent.Argument.Name}: {Decapitalised(absent.Argument.Description ?? "")}";
        if (wrongValue is not null)
            return Decapitalised(wrongValue.Message);
        if (command.Subcommands.Count > 0)
            return $"'{path}' needs a command: {string.Join(", ", CommandNames(command))}.";
        if (unmatched.Count > 0)
            return $"'{path}' does not take '{unmatched[0]}'.";
        return Decapitalised(parse.Errors[0].Message);
    }

    private static string PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{PathOf(parent)} {result.Command.Name}" : result.Command.Name;

    private static string[] CommandNames(Command command) =>
        [.. command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name)];

    private static IEnumerable<string> OptionNames(CommandResult result)
    {
        for (var at = result; at is not null; at = at.Parent as CommandResult)
        {
            foreach (var option in at.Command.Options.Where(o => !o.Hidden && (at == result || o.Recursive)))
                yield return option.Name;
        }
    }

    // An option's own message begins with its name and stays as it is.
    private static string Decapitalised(string message) =>
        message.Length > 1 && char.IsUpper(message[0]) && !char.IsUpper(message[1])
            ? char.ToLowerInvariant(message[0]) + message[1..]
            : message;
}
