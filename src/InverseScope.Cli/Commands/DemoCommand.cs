using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Core.Sampling;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Torch.Runtime;

namespace InverseScope.Cli.Commands;

/// <summary>
/// <c>demo</c>: the whole story on the shipped model: which heads carry the indirect object, which the subject. No
/// network, no language model, nothing told beforehand.
/// </summary>
internal static class DemoCommand
{
    private const string Target = "ioi";

    public static Command Create(Shell shell)
    {
        var command = new Command("demo", "Investigate every head of the shipped model and write the report; minutes on two cores.");
        MeasurementArguments.AddCompute(command);
        Invocation.SetAction(command, shell, invocation =>
        {
            // In another type the target is another one than it was trained for.
            var isWhole = (invocation.Parse.GetValue(MeasurementArguments.WeightType) ?? NumberType.Float32) == NumberType.Float32;
            var generator = isWhole ? GeneratorCatalog.ShippedWith(Target) : null;
            var plan = new SweepPlan
            {
                Name = "demo",
                Model = Target,
                Task = Target,
                Sites = ["L*H*@last"],
                Measurement = new MeasurementOptions { Sampler = SamplerKind.Bank, BankSize = 20_000, Epsilon = 0.1, Generator = generator },
                ExploreReferences = 150,
                ConfirmReferences = 200,
                Seed = invocation.Seed.Value,
            };
            return SweepSession.Run(invocation, runner =>
                runner.Begin(plan, string.Create(CultureInfo.InvariantCulture, $"{CommandLine.Name} demo --seed {plan.Seed}")).Id);
        });
        return command;
    }
}
