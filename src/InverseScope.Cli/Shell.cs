using System.Text;

namespace InverseScope.Cli;

/// <summary>What a command sees of the process around it. Tests make their own.</summary>
internal sealed class Shell : IDisposable
{
    // Wide enough for the tables, and what a pipe into a file or a pager gets.
    private const int WidthWithoutTerminal = 100;
    private const int WidestTable = 120;
    private const int NarrowestTable = 60;

    private readonly Lazy<Interruption> _interruption;

    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error; thread-safe.</param>
    public Shell(TextWriter output, TextWriter error, TimeProvider clock)
    {
        (Out, Error, Clock) = (output, error, clock);
        _interruption = new Lazy<Interruption>(() => new Interruption(error));
    }

    /// <summary>Results.</summary>
    public TextWriter Out { get; }

    /// <summary>Messages and progress.</summary>
    public TextWriter Error { get; }

    public TimeProvider Clock { get; }

    public bool OutIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    /// <summary>Columns that a table may take.</summary>
    public int Width { get; init; } = WidthWithoutTerminal;

    /// <summary>Columns of the terminal that shows progress.</summary>
    public int ErrorWidth { get; init; } = WidthWithoutTerminal;

    /// <summary>The value of an environment variable, or null.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Whether a fault shows its stack trace.</summary>
    public bool Debug { get; init; }

    /// <summary>Cancelled by the first Ctrl-C. Signals are listened to from the first use on.</summary>
    public CancellationToken Cancel => _interruption.Value.Token;

    public static Shell OfProcess()
    {
        var outIsTerminal = !Console.IsOutputRedirected;
        var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = outIsTerminal };
        return new Shell(output, Console.Error, TimeProvider.System)
        {
            OutIsTerminal = outIsTerminal,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            Width = outIsTerminal ? Math.Clamp(Console.WindowWidth, NarrowestTable, WidestTable) : WidthWithoutTerminal,
            ErrorWidth = Console.IsErrorRedirected ? WidthWithoutTerminal : Console.WindowWidth,
            Debug = Environment.GetEnvironmentVariable("INVERSESCOPE_DEBUG") == "1",
        };
    }

    /// <summary>Writes out what is left.</summary>
    /// <returns>The exit code given, or that of an output which cannot be written.</returns>
    public int Finish(int code)
    {
        try
        {
            Out.Flush();
            return code;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Error.WriteLine($"{CommandLine.Name}: the output cannot be written: {e.Message}");
            return ExitCode.Unreachable;
        }
    }

    public void Dispose()
    {
        if (_interruption.IsValueCreated)
            _interruption.Value.Dispose();
    }
}
