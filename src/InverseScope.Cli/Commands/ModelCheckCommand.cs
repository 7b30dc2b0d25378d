using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Output;
using InverseScope.Torch.Checks;

namespace InverseScope.Cli.Commands;

/// <summary><c>model check DIR</c>: what the program computes against a folder's reference numbers.</summary>
internal static class ModelCheckCommand
{
    public static Command Create(Shell shell)
    {
        var model = new Argument<string>("folder")
        {
            Description = "A model folder with golden.json, or a model's name.",
            HelpName = "DIR",
        };
        var command = new Command("check", "Compare a model with the reference numbers in its golden.json.") { model };
        Options.MeasurementArguments.AddCompute(command);
        Invocation.SetAction(command, shell, invocation => Run(invocation, invocation.Parse.GetRequiredValue(model)));
        return command;
    }

    private static int Run(Invocation invocation, string nameOrFolder)
    {
        var entry = invocation.Models.Find(nameOrFolder);
        using var thread = Compute.Start(invocation.Parse);
        var result = ModelCheck.Run(entry.Folder, thread, invocation.Cancel);
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, new
            {
                result.Folder,
                ModelCheckResult.Tolerance,
                result.WorstError,
                result.Passed,
                result.Quantities,
            });
        }
        else
        {
            Tables.Write(
                invocation.Shell,
                ["quantity", "#worst error", "#compared", "where"],
                result.Quantities.Select(q => new[]
                {
                    q.Name,
                    Error(q.WorstError),
                    q.Compared.ToString("N0", CultureInfo.InvariantCulture),
                    q.WorstError == 0 ? "" : q.Where,
                }));
            var worst = Error(result.WorstError);
            invocation.Out.WriteLine(result.Passed
                ? $"Agrees: the worst error is {worst}, and {Error(ModelCheckResult.Tolerance)} is allowed."
                : $"Does not agree: the worst error is {worst}, and {Error(ModelCheckResult.Tolerance)} is allowed.");
        }

        return result.Passed ? ExitCode.Done : ExitCode.Negative;
    }

    private static string Error(double error) => error == 0 ? "0" : error.ToString("0.0e-0", CultureInfo.InvariantCulture);
}
