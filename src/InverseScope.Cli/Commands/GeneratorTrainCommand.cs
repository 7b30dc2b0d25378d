using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;

namespace InverseScope.Cli.Commands;

/// <summary><c>generator train</c>: makes the generator of a model, a task and sites.</summary>
internal static class GeneratorTrainCommand
{
    private const int Largest = 10_000_000;

    private static readonly GeneratorOptions Defaults = new();

    private static readonly Option<ConditioningKind?> Conditioning = OptionOf.Choice<ConditioningKind>("--conditioning", "How the backbone is told of an activation: control layers, or InversionView's prefix (the baseline). Default control.");
    private static readonly Option<string?> Backbone = OptionOf.Text("--backbone", "A GPT-2 checkpoint to fine-tune on the prior: a model's name or folder. Default: a small one from scratch.", "MODEL");
    private static readonly Option<string?> BackboneOf = OptionOf.Text("--backbone-of", "Begin with the backbone that this generator began with, as the prior made it, to compare conditionings.", "GENERATOR");
    private static readonly Option<long?> LowRank = OptionOf.Integer("--low-rank", "Fine-tune a checkpoint by updates of this rank (8 as in the paper); the backbone then stays as it is. Default 0: all weights.", 0, 1024);
    private static readonly Option<long?> Layers = OptionOf.Integer("--layers", Described("Layers of a backbone from scratch", Defaults.Layers), 1, 100);
    private static readonly Option<long?> Heads = OptionOf.Integer("--heads", Described("Its heads in each layer", Defaults.Heads), 1, 1000);
    private static readonly Option<long?> Width = OptionOf.Integer("--width", Described("Its width", Defaults.Width), 1, 100_000);
    private static readonly Option<long?> BackboneSteps = OptionOf.Integer("--backbone-steps", Described("Most steps on the prior", Defaults.BackboneSteps), 1, Largest);
    private static readonly Option<long?> Steps = OptionOf.Integer("--steps", Described("Most steps on activations", Defaults.Steps), 1, Largest);
    private static readonly Option<double?> JointShare = OptionOf.ShareFromZero("--joint-share", Described("Share of the steps, the first, that train the backbone along with control layers; 0 leaves it as the prior made it", Defaults.JointShare));
    private static readonly Option<long?> DistillationSteps = OptionOf.Integer("--distillation-steps", "Most steps of self-distillation after that: the generator also learns from its own texts, weighted by what the target makes of them. Default: none.", 0, Largest);
    private static readonly Option<long?> BatchSize = OptionOf.Integer("--batch-size", Described("Texts in each step", Defaults.BatchSize), 1, Largest);
    private static readonly Option<long?> SitesPerBatch = OptionOf.Integer("--sites-per-batch", Described("Sites in each step", Defaults.SitesPerBatch), 1, Largest);
    private static readonly Option<SiteAllocationKind?> Allocation = OptionOf.Choice<SiteAllocationKind>("--allocation", "Which sites a step is about: mostly those whose texts are still refused, or all alike. Default refused, with a prefix uniform.");
    private static readonly Option<double?> LearningRate = OptionOf.PositiveNumber("--learning-rate", Described("Largest learning rate on activations", Defaults.LearningRate));
    private static readonly Option<double?> BackboneLearningRate = OptionOf.PositiveNumber("--backbone-learning-rate", Described("Largest learning rate on the prior", Defaults.BackboneLearningRate));
    private static readonly Option<long?> Latent = OptionOf.Integer("--latent", Described("Width that all sites are encoded to", Defaults.Architecture.Latent), 1, 100_000);
    private static readonly Option<long?> ControlHeads = OptionOf.Integer("--control-heads", Described("Heads of a control layer", Defaults.Architecture.ControlHeads), 1, 1000);
    private static readonly Option<long?> ControlHeadWidth = OptionOf.Integer("--control-head-width", Described("Width of a control head", Defaults.Architecture.ControlHeadWidth), 1, 10_000);
    private static readonly Option<EncoderInput?> Input = OptionOf.Choice<EncoderInput>("--encoder-input", "What the linear map of each site reads: the activation, or beside it also its direction and the logarithm of its norm. Default activation.");
    private static readonly Option<ControlInitial?> Initial = OptionOf.Choice<ControlInitial>("--control-initial", "How queries and keys of control layers begin. Default places.");
    private static readonly Option<double?> Noise = OptionOf.PositiveNumber("--noise", Described("Typical distance that noise moves an activation by", Defaults.NoiseDistance));
    private static readonly Option<double?> NoiseNormBand = OptionOf.Share("--noise-norm-band", Described("How far noise may change the norm, as a share", Defaults.NoiseNormBand));

    private static readonly Option<NumberType?> Products = OptionOf.Choice<NumberType>("--products", "Type in which the training multiplies: float32, or bfloat16, which is faster where the machine has instructions for it. Default bfloat16 where the processor has, otherwise float32.", NumberType.Float32, NumberType.BFloat16);

    public static Command Create(Shell shell)
    {
        var name = OptionOf.Text("--name", "The generator's name. Default: model-task.", "NAME");
        var folder = OptionOf.Text("--out", "Folder for it. Default: in the home, under its name.", "DIR");
        var command = new Command("train", "Train backbone and control layers; goes on where it was stopped.")
        {
            MeasurementArguments.Sites, name, folder, Conditioning, Backbone, BackboneOf, LowRank, Layers, Heads, Width, BackboneSteps, Steps, JointShare, DistillationSteps, BatchSize,
            SitesPerBatch, Allocation, LearningRate, BackboneLearningRate, Latent, ControlHeads, ControlHeadWidth, Input, Initial, Noise, NoiseNormBand, Products,
        };
        MeasurementArguments.AddTarget(command);
        MeasurementArguments.AddNoise(command);
        Invocation.SetAction(command, shell, invocation => Run(invocation, invocation.Parse.GetValue(name), invocation.Parse.GetValue(folder)));
        return command;
    }

    private static int Run(Invocation invocation, string? givenName, string? givenFolder)
    {
        var parse = invocation.Parse;
        var (modelName, taskName) = (MeasurementArguments.ReadModel(parse), MeasurementArguments.ReadTask(parse));
        var model = invocation.Models.Find(modelName);
        var task = invocation.Tasks.Find(taskName);
        var name = givenName ?? GeneratorCatalog.DefaultName(model.Name, task.Name);
        NameRule.Check(name, "generator");
        var folder = Path.GetFullPath(givenFolder ?? Path.Combine(invocation.Home.Generators, name));
        var measurement = MeasurementArguments.Read(parse, new MeasurementOptions());
        using var thread = Compute.Start(parse);
        var options = new GeneratorOptions
        {
            Architecture = new GeneratorArchitecture
            {
                Conditioning = parse.GetValue(Conditioning) ?? Defaults.Architecture.Conditioning,
                Latent = (int)(parse.GetValue(Latent) ?? Defaults.Architecture.Latent),
                ControlHeads = (int)(parse.GetValue(ControlHeads) ?? Defaults.Architecture.ControlHeads),
                ControlHeadWidth = (int)(parse.GetValue(ControlHeadWidth) ?? Defaults.Architecture.ControlHeadWidth),
                EncoderInput = parse.GetValue(Input) ?? Defaults.Architecture.EncoderInput,
                ControlInitial = parse.GetValue(Initial) ?? Defaults.Architecture.ControlInitial,
            },
            Backbone = parse.GetValue(Backbone) is { } backbone ? invocation.Models.Find(backbone).Folder : null,
            LowRank = (int)(parse.GetValue(LowRank) ?? Defaults.LowRank),
            Layers = (int)(parse.GetValue(Layers) ?? Defaults.Layers),
            Heads = (int)(parse.GetValue(Heads) ?? Defaults.Heads),
            Width = (int)(parse.GetValue(Width) ?? Defaults.Width),
            BackboneSteps = (int)(parse.GetValue(BackboneSteps) ?? Defaults.BackboneSteps),
            Steps = (int)(parse.GetValue(Steps) ?? Defaults.Steps),
            Allocation = parse.GetValue(Allocation),
            JointShare = parse.GetValue(JointShare) ?? (parse.GetValue(LowRank) > 0 ? 0 : Defaults.JointShare),
            DistillationSteps = (int)(parse.GetValue(DistillationSteps) ?? Defaults.DistillationSteps),
            BatchSize = (int)(parse.GetValue(BatchSize) ?? Defaults.BatchSize),
            SitesPerBatch = (int)(parse.GetValue(SitesPerBatch) ?? Math.Min(Defaults.SitesPerBatch, parse.GetValue(BatchSize) ?? Defaults.BatchSize)),
            LearningRate = parse.GetValue(LearningRate) ?? Defaults.LearningRate,
            BackboneLearningRate = parse.GetValue(BackboneLearningRate) ?? Defaults.BackboneLearningRate,
            NoiseDistance = parse.GetValue(Noise) ?? Defaults.NoiseDistance,
            NoiseNormBand = parse.GetValue(NoiseNormBand) ?? Defaults.NoiseNormBand,
            Distance = measurement.Distance,
            Kernel = measurement.Kernel,
            Basis = measurement.Basis,
            Products = parse.GetValue(Products) ?? thread.FastestProducts,
            Seed = invocation.Seed.Value,
        };
        var backboneOf = parse.GetValue(BackboneOf) is { } other ? invocation.Generators.Find(other).Folder : null;
        if (backboneOf is not null)
            options = WithBackboneOf(options, backboneOf, parse);
        if (options.Check().ToArray() is { Length: > 0 } problems)
            throw new BadInputException(string.Join(Environment.NewLine, problems));
        invocation.Home.Make();
        using var target = TargetModel.Open(model.Folder, thread, model.Name, format: (task as TextFileTask)?.Format);
        target.CheckFiles();
        var sites = MeasurementArguments.ReadSites(parse, target.Description.Layers, target.Description.Heads, task);
        NativeMemory.KeepFreed();
        GeneratorRecord record;
        try
        {
            using var progress = invocation.StartProgress();
            record = new GeneratorTrainer(thread, invocation.Shell.Clock).Train(
                target, task, sites, options, folder, CommandOf(invocation, options),
                backboneOf, progress is null ? null : new Steady(progress), invocation.Cancel);
        }
        catch (OperationCanceledException)
        {
            if (GeneratorTrainer.HasBegun(folder))
                invocation.Say($"Stopped; the state is kept in {folder}. The same command goes on with it.");
            throw;
        }

        if (invocation.Json)
            Json.WriteDocument(invocation.Out, new { Name = name, Folder = folder, record.Sites, record.Backbone, record.Conditioning, record.Distillation, record.PriorLoss, record.Saturation, record.BackboneParameters, record.ConditioningParameters, record.Seconds });
        else
            Write(invocation, folder, record);
        if (record.Conditioning.BestStep == 0 && record.Distillation is not { BestStep: > 0 })
            invocation.Say("Nothing was learnt: no step lowered the held-out loss. Give it more steps, or another learning rate.");
        return ExitCode.Done;
    }

    // The record tells how large the backbone is and how long it learnt, whoever made it.
    private static GeneratorOptions WithBackboneOf(GeneratorOptions options, string folder, ParseResult parse)
    {
        Option[] settled = [Backbone, LowRank, Layers, Heads, Width, BackboneSteps, BackboneLearningRate];
        if (settled.FirstOrDefault(option => parse.GetResult(option) is { Implicit: false }) is { } given)
            throw new BadInputException($"{given.Name} is about making a backbone, and --backbone-of takes one that is made.", "Give one of them.");
        var other = GeneratorRecord.Read(folder).Options;
        return options with
        {
            Backbone = other.Backbone,
            Layers = other.Layers,
            Heads = other.Heads,
            Width = other.Width,
            BackboneSteps = other.BackboneSteps,
            BackboneLearningRate = other.BackboneLearningRate,
        };
    }

    // On another machine the default may be another, and the weights with it.
    private static string CommandOf(Invocation invocation, GeneratorOptions options) => invocation.Parse.GetValue(Products) is null
        ? $"{invocation.CommandText} {Products.Name} {options.Products.ToString().ToLowerInvariant()}"
        : invocation.CommandText;

    private static void Write(Invocation invocation, string folder, GeneratorRecord record) => Tables.WritePairs(
        invocation.Shell,
        [
            ("generator", folder),
            ("sites", Invariant($"{record.Sites.Count:N0}")),
            ("parameters", Invariant($"{record.BackboneParameters:N0} of the backbone, {record.ConditioningParameters:N0} beside it")),
            ("held-out loss", Invariant($"{record.PriorLoss:0.000} without activations, {record.Conditioning.HeldOutLoss:0.000} with them (nats a token, step {record.Conditioning.BestStep:N0} of {record.Conditioning.Steps:N0})")),
            .. record.Distillation is { } own ? [("self-distillation", Invariant($"{own.HeldOutLoss:0.000} (step {own.BestStep:N0} of {own.Steps:N0})"))] : Array.Empty<(string, string)>(),
            ("saturated", record.Saturation is { } share ? Invariant($"{share:0.0 %} of the control weights are beyond ±0.99") : "no control weights"),
            ("took", Duration.Describe(TimeSpan.FromSeconds(record.Seconds))),
        ]);

    private static string Described(string what, double standard) => Invariant($"{what}. Default {standard}.");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed class Steady(IProgress<WorkProgress> console) : IProgress<GeneratorProgress>
    {
        public void Report(GeneratorProgress value) => console.Report(new WorkProgress(
            Invariant($"held-out loss {value.HeldOutLoss:0.000}, learning {value.Stage}"), value.Step, value.Steps, "steps"));
    }
}
