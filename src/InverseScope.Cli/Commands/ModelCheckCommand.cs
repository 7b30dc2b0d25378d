using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Output;
using InverseScope.Torch.Checks;
using InverseScope.Torch.Runtime;

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
                Dtype = result.Weights,
                result.Epsilon,
                result.Tolerance,
                result.WorstError,
                result.ComparedTokens,
                result.DifferingTokens,
                result.Passed,
                Quantities = result.Quantities.Select(q => new
                {
                    q.Name,
                    q.WorstError,
                    Tolerance = q.WorstError is null ? (double?)null : result.ToleranceOf(q.Name),
                    q.DifferingTokens,
                    q.Lead,
                    q.Where,
                    q.Compared,
                }),
            });
        }
        else
        {
            var type = result.Weights.ToString().ToLowerInvariant();
            Tables.Write(
                invocation.Shell,
                ["quantity", "#worst error", "#allowed", "#other tokens", "#compared", "where"],
                result.Quantities.Select(q => new[]
                {
                    q.Name,
                    q.WorstError is { } error ? Error(error) : "",
                    q.WorstError is null ? "" : Error(result.ToleranceOf(q.Name)),
                    q.DifferingTokens?.ToString("N0", CultureInfo.InvariantCulture) ?? "",
                    q.Compared.ToString("N0", CultureInfo.InvariantCulture),
                    q.Where,
                }));
            var tokens = result.ComparedTokens == 0
                ? ""
                : string.Create(CultureInfo.InvariantCulture, $" {result.DifferingTokens:N0} of {result.ComparedTokens:N0} greedy tokens differ.");
            var narrower = result.Weights != NumberType.Float32;
            var verdict = !result.Passed ? "Does not agree" : narrower ? $"Agrees as far as {type} can tell" : "Agrees";
            invocation.Out.WriteLine(
                $"{verdict}: the worst error is {Error(result.WorstError)} ({InEpsilons(result.WorstError)}), "
                + $"and {Error(result.Tolerance)} ({InEpsilons(result.Tolerance)}) is {(narrower ? "the most that is allowed of any quantity" : "allowed")}.{tokens}");
            if (narrower)
                invocation.Out.WriteLine($"Wider than the {Error(ModelCheckResult.Float32)} of float32, because {type} rounds: smaller faults show with --dtype float32 only.");

            string InEpsilons(double error) => string.Create(
                CultureInfo.InvariantCulture, $"{error / result.Epsilon:N0} epsilons of {type}");
        }

        return result.Passed ? ExitCode.Done : ExitCode.Negative;
    }

    private static string Error(double error) => error == 0 ? "0" : error.ToString("0.0e-0", CultureInfo.InvariantCulture);
}
