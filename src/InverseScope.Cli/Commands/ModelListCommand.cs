using System.CommandLine;
using InverseScope.Cli.Output;

namespace InverseScope.Cli.Commands;

/// <summary><c>model list</c>: the models that are shipped or imported.</summary>
internal static class ModelListCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("list", "List the models, shipped and imported.");
        Invocation.SetAction(command, shell, Run);
        return command;
    }

    private static int Run(Invocation invocation)
    {
        var models = invocation.Models.All;
        if (invocation.Json)
            Json.WriteDocument(invocation.Out, models);
        else if (models.Count == 0)
            invocation.Out.WriteLine("No model yet: fetch one with 'model pull OWNER/NAME', keep one with 'model import DIR', or give a folder wherever a model is asked for.");
        else
            Tables.Write(invocation.Shell, ["model", "from", "folder"], models.Select(m => new[] { m.Name, m.Shipped ? "shipped" : "imported", m.Folder }));
        return ExitCode.Done;
    }
}
