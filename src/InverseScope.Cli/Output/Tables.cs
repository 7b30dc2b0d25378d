using Spectre.Console;
using Spectre.Console.Rendering;

namespace InverseScope.Cli.Output;

/// <summary>Tables for people. Cells are plain text: whatever is in them is shown as it is.</summary>
internal static class Tables
{
    /// <summary>Writes a table; columns whose header begins with '#' are numbers and stand right.</summary>
    public static void Write(Shell shell, IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var header in headers)
        {
            var column = new TableColumn(new Text(header.TrimStart('#')));
            table.AddColumn(header.StartsWith('#') ? column.RightAligned().NoWrap() : column);
        }

        foreach (var row in rows)
            table.AddRow(row.Select(cell => new Text(cell)));
        Render(shell, table);
    }

    /// <summary>Writes names beside their values, long values folded below themselves.</summary>
    public static void WritePairs(Shell shell, IEnumerable<(string Name, string Value)> pairs)
    {
        var grid = new Grid()
            .AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(1, 0, 2, 0) })
            .AddColumn(new GridColumn { Padding = new Padding(0, 0, 0, 0) });
        foreach (var (name, value) in pairs)
            grid.AddRow(new Text(name), new Text(value));
        Render(shell, grid);
    }

    // Through a buffer, because cells are filled up with spaces, which only disturb in a file or a mail.
    private static void Render(Shell shell, IRenderable what)
    {
        using var buffer = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(buffer),
        });
        console.Profile.Width = shell.Width;
        console.Profile.Capabilities.Unicode = true;
        console.Write(what);
        foreach (var line in buffer.ToString().Trim('\n', '\r').Split('\n'))
        {
            if (!string.IsNullOrWhiteSpace(line))
                shell.Out.WriteLine(line.TrimEnd());
        }
    }
}
