using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Output;
using InverseScope.Torch.Generators;

namespace InverseScope.Cli.Commands;

/// <summary><c>generator list</c>: the generators that are shipped or trained.</summary>
internal static class GeneratorListCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("list", "List the generators, trained and shipped.");
        Invocation.SetAction(command, shell, Run);
        return command;
    }

    private static int Run(Invocation invocation)
    {
        var generators = invocation.Generators.All.Select(g => (Entry: g, Record: GeneratorRecord.TryRead(g.Folder))).ToArray();
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, generators.Select(g => new
            {
                g.Entry.Name,
                g.Entry.Shipped,
                g.Entry.Folder,
                g.Record?.Model,
                g.Record?.Task,
                g.Record?.Sites,
            }));
        }
        else
        {
            Tables.Write(
                invocation.Shell,
                ["generator", "from", "model", "task", "#sites", "folder"],
                generators.Select(g => new[]
                {
                    g.Entry.Name, g.Entry.Shipped ? "shipped" : "trained", g.Record?.Model ?? "damaged", g.Record?.Task ?? "",
                    g.Record?.Sites.Count.ToString(CultureInfo.InvariantCulture) ?? "", g.Entry.Folder,
                }));
        }

        return ExitCode.Done;
    }
}
