using System.CommandLine;
using InverseScope.Core;

namespace InverseScope.Cli.Commands;

/// <summary><c>test</c>: listed here so that help shows it; the launcher does it, since it builds what this program is.</summary>
internal static class TestCommand
{
    public static Command Create()
    {
        var command = new Command("test", "Build and run the whole test suite (from a checkout, by the launcher).");
        command.SetAction(Refuse);
        return command;
    }

    private static int Refuse(ParseResult parse) => throw new BadInputException(
        "'test' builds and runs the test suite, which takes the sources.", "Run ./inversescope test in a checkout.");
}
