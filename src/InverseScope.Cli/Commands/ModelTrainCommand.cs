using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Torch.Runtime;
using InverseScope.Torch.Training;

namespace InverseScope.Cli.Commands;

/// <summary><c>model train</c>: makes the small target of a task.</summary>
internal static class ModelTrainCommand
{
    private const int Largest = 1_000_000;

    private static readonly Option<long?> Layers = OptionOf.Integer("--layers", "Layers. Default 4.", 1, 100);
    private static readonly Option<long?> Heads = OptionOf.Integer("--heads", "Heads in each layer. Default 8.", 1, 1000);
    private static readonly Option<long?> Width = OptionOf.Integer("--width", "Width of the stream. Default 128.", 1, 100_000);
    private static readonly Option<long?> Steps = OptionOf.Integer("--steps", "Optimizer steps. Default 3000.", 1, Largest);
    private static readonly Option<long?> BatchSize = OptionOf.Integer("--batch-size", "Texts in each step. Default 128.", 1, Largest);
    private static readonly Option<double?> LearningRate = OptionOf.PositiveNumber("--learning-rate", "Largest learning rate. Default 0.001.");
    private static readonly Option<double?> FewAnswersShare = OptionOf.PositiveNumber("--few-answers-share", "Share of the answers that the first steps are restricted to, at most 1. Default 1.");
    private static readonly Option<long?> FewAnswersSteps = OptionOf.Integer("--few-answers-steps", "Steps restricted to few answers. Default 0.", 0, Largest);

    public static Command Create(Shell shell)
    {
        var name = OptionOf.Text("--name", "The model's name. Default: the task's.", "NAME");
        var folder = OptionOf.Text("--out", "Folder for the model. Default: in the home, under its name.", "DIR");
        var command = new Command("train", "Train a small model on a task from scratch; goes on where it was stopped.")
        {
            MeasurementArguments.Task, name, folder, Layers, Heads, Width, Steps, BatchSize, LearningRate,
            FewAnswersShare, FewAnswersSteps,
        };
        MeasurementArguments.AddCompute(command);
        Invocation.SetAction(command, shell, invocation => Run(
            invocation, invocation.Parse.GetValue(name), invocation.Parse.GetValue(folder)));
        return command;
    }

    private static int Run(Invocation invocation, string? givenName, string? givenFolder)
    {
        var parse = invocation.Parse;
        var taskName = MeasurementArguments.ReadTask(parse);
        var task = invocation.Tasks.Find(taskName);
        var name = givenName ?? task.Name;
        NameRule.Check(name, "model");
        if (givenFolder is null && invocation.Models.All.Any(m => m.Name == name))
            throw new BadInputException($"There is a model '{name}' already.", "Choose another name with --name, or a folder with --out.");
        var folder = Path.GetFullPath(givenFolder ?? Path.Combine(invocation.Home.Models, name));
        var defaults = new TrainingOptions();
        var options = defaults with
        {
            Layers = (int)(parse.GetValue(Layers) ?? defaults.Layers),
            Heads = (int)(parse.GetValue(Heads) ?? defaults.Heads),
            Width = (int)(parse.GetValue(Width) ?? defaults.Width),
            Steps = (int)(parse.GetValue(Steps) ?? defaults.Steps),
            BatchSize = (int)(parse.GetValue(BatchSize) ?? defaults.BatchSize),
            LearningRate = parse.GetValue(LearningRate) ?? defaults.LearningRate,
            FewAnswersShare = parse.GetValue(FewAnswersShare) ?? defaults.FewAnswersShare,
            FewAnswersSteps = (int)(parse.GetValue(FewAnswersSteps) ?? defaults.FewAnswersSteps),
            WarmupSteps = (int)Math.Min(defaults.WarmupSteps, parse.GetValue(Steps) ?? defaults.Steps),
            Seed = invocation.Seed.Value,
        };
        using var thread = Compute.Start(parse);
        NativeMemory.KeepFreed();
        TrainingRecord record;
        try
        {
            using var progress = invocation.StartProgress();
            record = new ModelTrainer(thread, invocation.Shell.Clock).Train(
                task, options, folder, CommandOf(taskName, options), progress is null ? null : new Steady(progress), invocation.Cancel);
        }
        catch (OperationCanceledException)
        {
            invocation.Say($"Stopped; the state is kept in {folder}. The same command goes on with it.");
            throw;
        }

        if (invocation.Json)
            Json.WriteDocument(invocation.Out, new { Name = name, Folder = folder, record.Command, record.HeldOut, record.Parameters, record.Seconds });
        else
            Write(invocation, folder, record);
        return ExitCode.Done;
    }

    private static void Write(Invocation invocation, string folder, TrainingRecord record) => Tables.WritePairs(
        invocation.Shell,
        [
            ("model", folder),
            ("parameters", Invariant($"{record.Parameters:N0}")),
            ("held out", Invariant($"{record.HeldOut.Texts:N0} texts: loss {record.HeldOut.Loss:0.000}")),
            ("right", Share(record.HeldOut.Right)),
            ("above rival", Share(record.HeldOut.AboveRival)),
            ("took", Duration.Describe(TimeSpan.FromSeconds(record.Seconds))),
        ]);

    // Everything that decides the weights, so that the command makes the model again.
    private static string CommandOf(string task, TrainingOptions o) => Invariant(
        $"{CommandLine.Name} model train --task {task} --layers {o.Layers} --heads {o.Heads} --width {o.Width} --steps {o.Steps} --batch-size {o.BatchSize} --learning-rate {o.LearningRate} --few-answers-share {o.FewAnswersShare} --few-answers-steps {o.FewAnswersSteps} --seed {o.Seed}");

    private static string Share(double? share) => share is { } value ? Invariant($"{value:0.0 %}") : "not measured: the task asks no such question";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed class Steady(IProgress<WorkProgress> console) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => console.Report(new WorkProgress("training", value.Step, value.Steps, "steps"));
    }
}
