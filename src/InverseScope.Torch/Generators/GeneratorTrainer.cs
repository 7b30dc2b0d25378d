using System.Text.Json;
using InverseScope.Core;
using InverseScope.Core.Machine;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using InverseScope.Torch.Safetensors;
using InverseScope.Torch.Tokenizers;
using InverseScope.Torch.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>
/// Trains generators: a backbone on the task's prior, then what tells it of activations. Stopped anywhere, the same call
/// goes on to the same result.
/// </summary>
public sealed class GeneratorTrainer
{
    private const string CourseName = "course.json";
    private const int StatisticsTexts = 2_000;
    private const int PlacesTexts = 256;
    private const int HeldOutBatches = 8;
    private const int TextsLookedAt = 16;

    // Few samples would mostly be of no weight; many leave few activations to a batch.
    private const int DistillationSamples = 8;

    // Texts of the prior beside those of a batch, a part of as many: they keep the backbone that of the prior while it is trained along.
    private const int UntoldPart = 4;

    // It begins where training has come to rest.
    private const double DistillationRate = 0.2;

    // Room for texts a little longer than those that were surveyed.
    private const int SpareContext = 4;

    private readonly TorchThread _thread;
    private readonly TimeProvider _clock;

    /// <param name="thread">Runs the training; belongs to the caller.</param>
    public GeneratorTrainer(TorchThread thread, TimeProvider clock) => (_thread, _clock) = (thread, clock);

    /// <param name="target">The model whose activations are inverted.</param>
    /// <param name="sites">Distinct sites of the target.</param>
    /// <param name="folder">Made if it is not there; must not hold a finished generator.</param>
    /// <param name="command">Command line to note in the record.</param>
    /// <param name="backboneOf">
    /// Folder of a generator of the same task whose backbone on the prior is taken as it is; null trains one.
    /// </param>
    /// <exception cref="BadInputException">Options that cannot be used, a folder that holds something else, or a site that the target lacks.</exception>
    /// <exception cref="OperationCanceledException">Stopped; the state after the last step is kept.</exception>
    public GeneratorRecord Train(
        TargetModel target, ITask task, IReadOnlyList<Site> sites, GeneratorOptions options, string folder, string command,
        string? backboneOf = null, IProgress<GeneratorProgress>? progress = null, CancellationToken cancel = default)
    {
        if (options.Check().ToList() is { Count: > 0 } problems)
            throw new BadInputException(string.Join(" ", problems));
        if (File.Exists(Path.Combine(folder, GeneratorRecord.FileName)))
            throw new BadInputException($"{folder} holds a generator already.", "Choose another folder or name, or remove it.");
        var other = backboneOf is null ? null : GeneratorRecord.Read(backboneOf);
        using var _ = TrainingCheckpoint.Enter(folder);
        return _thread.Run(() => new Work(this, target, task, sites, options, folder, command, backboneOf, other, progress, cancel).Run(), cancel);
    }

    /// <summary>Whether a folder holds a training that has begun and not ended.</summary>
    public static bool HasBegun(string folder) => !File.Exists(Path.Combine(folder, GeneratorRecord.FileName))
        && (TrainingCheckpoint.IsIn(folder) || TrainingCheckpoint.IsIn(Path.Combine(folder, Generator.BackboneFolder))
            || File.Exists(Path.Combine(folder, Generator.BackboneFolder, CourseName)));

    private sealed class Work(
        GeneratorTrainer trainer, TargetModel target, ITask task, IReadOnlyList<Site> sites, GeneratorOptions options, string folder,
        string command, string? backboneOf, GeneratorRecord? other, IProgress<GeneratorProgress>? progress, CancellationToken cancel)
    {
        private readonly long _began = trainer._clock.GetTimestamp();

        // All that decides the course of the first stage, and of the others.
        private readonly string _priorIdentity = ContentHash.Of(
            [
                task.Fingerprint,
                JsonSerializer.Serialize(options with { Architecture = new GeneratorArchitecture(), Steps = 1, JointShare = 0, Allocation = null, LearningRate = 1, DistillationSteps = 0 }),
                .. other is null ? Array.Empty<string>() : [other.Content],
            ]);

        private readonly string _identity = ContentHash.Of(
            [task.Fingerprint, target.Description.ContentHash, JsonSerializer.Serialize(options), .. sites.Select(s => s.ToString())]);

        public GeneratorRecord Run()
        {
            using var scope = NewDisposeScope();
            CheckTarget();
            var course = Backbone();
            var backboneFolder = Path.Combine(folder, Generator.BackboneFolder);
            var tokens = new GeneratorTokens(TokenizerFolder.Load(backboneFolder)!, ConfigFile.Read(backboneFolder), backboneFolder);
            using var pairs = new PairSource(target, task, sites, tokens, options, options.Architecture.Conditioning == ConditioningKind.Control);
            using var network = Generator.Allocate(backboneFolder, options, SiteShape.Of(sites.Select(s => s.ToString()), pairs.Widths));
            var seed = new RunSeed(options.Seed);
            var places = PairSource.Texts(task, options.HeldOutShare, PlacesTexts, seed.Stream("places"), heldOut: false);
            network.Conditioning.Initialise(pairs.Statistics(StatisticsTexts, cancel), network.Backbone, [.. places.Select(tokens.Encode)], seed);
            Generator.ToDevice(network, trainer._thread);
            var heldOut = Enumerable.Range(0, HeldOutBatches).Select(i => pairs.Pairs("held-out conditioning", i, heldOut: true, cancel)).ToArray();
            var conditioning = Conditioning(network, tokens, pairs, heldOut);
            var distillation = options.DistillationSteps > 0 ? Distillation(network, pairs, heldOut) : null;
            Generator.SaveConditioning(network, folder);
            var record = new GeneratorRecord
            {
                Format = GeneratorRecord.CurrentFormat,
                Model = target.Description.Name,
                ModelHash = target.Description.ContentHash,
                Task = task.Name,
                TaskFingerprint = task.Fingerprint,
                Sites = [.. sites.Select(s => s.ToString())],
                SiteWidths = pairs.Widths,
                Options = options,
                NoiseEpsilon = pairs.NoiseEpsilon,
                Content = Generator.ContentOf(folder),
                Command = command,
                Backbone = course,
                Conditioning = conditioning,
                Distillation = distillation,
                PriorLoss = Average(network, heldOut, told: false),
                Saturation = Saturation(network, heldOut[0]),
                BackboneParameters = network.Backbone.parameters().Sum(p => p.numel()),
                ConditioningParameters = network.Conditioning.parameters().Sum(p => p.numel()),
                Seconds = Math.Round(trainer._clock.GetElapsedTime(_began).TotalSeconds, 1),
            };
            record.Write(folder);
            new TrainingCheckpoint(folder, _identity, command).Delete();
            if (Directory.Exists(DistillationFolder))
                Directory.Delete(DistillationFolder, recursive: true);
            return record;
        }

        // Before hours go into a backbone.
        /// <exception cref="BadInputException">
        /// A site that the target lacks, texts that it cannot read, or noise that no activation there can have.
        /// </exception>
        private void CheckTarget()
        {
            using var capture = new ActivationCapture(target, sites, options.Basis, task);
            var random = new RunSeed(options.Seed).Stream("first look");
            capture.Read([.. Enumerable.Range(0, TextsLookedAt).Select(_ => task.Draw(random))], cancel);
            // Of texts that were given one by one any may be the one that cannot be read.
            if (task is TextFileTask { Count: { } count })
            {
                for (var i = 0L; i < count; i++)
                    CheckText(i, count);
            }

            PairSource.NoiseOf(Enumerable.Range(0, sites.Count).Select(capture.Width), options);
        }

        private void CheckText(long index, long count)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                target.Tokenize(task.TextAt(index));
            }
            catch (BadInputException e)
            {
                throw new BadInputException(
                    string.Create(System.Globalization.CultureInfo.InvariantCulture, $"Text {index + 1:N0} of the {count:N0} distinct texts of task '{task.Name}': {e.What}"),
                    e.Fix ?? "Take it out of the file.", e);
            }
        }

        private TrainingCourse? Backbone()
        {
            var into = Path.Combine(folder, Generator.BackboneFolder);
            if (Finished(into, _priorIdentity) is { } finished)
                return finished.Course;
            Directory.CreateDirectory(into);
            TrainingCourse? course = null;
            if (backboneOf is not null)
                CopyBackbone(into, other!);
            else
                course = TrainBackbone(into);
            Finish(into, _priorIdentity, course);
            return course;
        }

        /// <summary>How a stage went that is done; null if it is not.</summary>
        /// <exception cref="BadInputException">It was done with other options.</exception>
        private static FinishedStage? Finished(string at, string identity)
        {
            var path = Path.Combine(at, CourseName);
            if (!File.Exists(path))
                return null;
            FinishedStage? stage;
            try
            {
                stage = JsonSerializer.Deserialize<FinishedStage>(File.ReadAllText(path));
            }
            catch (JsonException e)
            {
                throw new BadInputException($"{path} is damaged.", "Delete its folder, and run the command again.", e);
            }

            return stage?.Identity == identity
                ? stage
                : throw TrainingCheckpoint.OfAnother(path, stage?.Command, "delete its folder");
        }

        private void Finish(string at, string identity, TrainingCourse? course) =>
            WholeFile.Write(Path.Combine(at, CourseName), JsonSerializer.Serialize(new FinishedStage(identity, course, command)));

        /// <param name="Course">Null where another's result was taken.</param>
        /// <param name="Command">What began it.</param>
        private sealed record FinishedStage(string Identity, TrainingCourse? Course, string? Command = null);

        private void CopyBackbone(string into, GeneratorRecord from)
        {
            if (from.TaskFingerprint != task.Fingerprint)
                throw new BadInputException($"The backbone of {backboneOf} was made for task '{from.Task}', not for '{task.Name}'.");
            if (from.Options.Architecture.Conditioning == ConditioningKind.Prefix)
                throw new BadInputException($"The backbone of {backboneOf} was trained along with its conditioning.", "Take that of a generator with control layers.");
            Generator.CheckContent(backboneOf!, from);
            foreach (var file in TargetContent.Files(Path.Combine(backboneOf!, Generator.BackboneFolder)))
                File.Copy(file, Path.Combine(into, Path.GetFileName(file)), overwrite: true);
        }

        private TrainingCourse TrainBackbone(string into)
        {
            using var scope = NewDisposeScope();
            using var network = NewBackbone(into, out var tokens);
            network.to(trainer._thread.TorchDevice);
            if (options.LowRank > 0)
                network.AddLowRank(options.LowRank, new RunSeed(options.Seed));
            var heldOut = Enumerable.Range(0, HeldOutBatches).Select(i => PriorBatch(tokens, "held-out prior", i, heldOut: true)).ToArray();
            var loop = new TrainingLoop("the prior", new TrainingCheckpoint(into, _priorIdentity, command), progress, cancel);
            var schedule = Schedule(options.BackboneSteps, options.BackboneLearningRate);
            var parameters = network.named_parameters().Where(p => p.parameter.requires_grad).ToArray();
            var course = loop.Run(
                parameters,
                schedule,
                step => LossOf(network, PriorBatch(tokens, "prior texts", step, heldOut: false)),
                () =>
                {
                    using var inner = NewDisposeScope();
                    using var inference = no_grad();
                    return heldOut.Average(batch => (double)batch.Loss(network.call, trainer._thread.TorchDevice).item<float>());
                });
            using (var merged = network.Merged())
                WeightLoader.Save(merged, into);
            new TrainingCheckpoint(into, _priorIdentity, command).Delete();
            return course;
        }

        private CausalTransformer NewBackbone(string into, out GeneratorTokens tokens)
        {
            if (options.Backbone is { } source)
            {
                var config = ConfigFile.Read(source);
                if (config.Family != Gpt2Config.Family)
                    throw new BadInputException($"{source} is of family '{config.Family}'; backbones of generators are of family {Gpt2Config.Family}.");
                foreach (var file in TokenizerFolder.Files(source))
                    File.Copy(file, Path.Combine(into, Path.GetFileName(file)), overwrite: true);
                tokens = new GeneratorTokens(
                    TokenizerFolder.Load(into) ?? throw new BadInputException($"{source} has no tokenizer, so that a generator could not write texts."), config, source);
                var network = new CausalTransformer(config with { EmbeddingDropout = 0, AttentionDropout = 0, ResidualDropout = 0 });
                using var checkpoint = Checkpoint.Open(source);
                WeightLoader.Load(network, checkpoint);
                return network;
            }

            var vocabulary = new TrainingVocabulary(task, reversible: true);
            vocabulary.Write(into);
            var sizes = Gpt2Config.Sized(options.Layers, options.Heads, options.Width, vocabulary.Size, vocabulary.LongestText + 2 + SpareContext) with
            {
                BeginToken = vocabulary.BeginId,
                EndToken = vocabulary.EndId,
                PadToken = vocabulary.EndId,
            };
            tokens = new GeneratorTokens(vocabulary.Tokenizer, sizes, into);
            var small = new CausalTransformer(sizes);
            small.Initialise(new RunSeed(options.Seed), 0.05, 0.05);
            return small;
        }

        private LaidTexts PriorBatch(GeneratorTokens tokens, string name, int step, bool heldOut, int? texts = null)
        {
            var random = new RunSeed(options.Seed).Stream(name, step.ToString(System.Globalization.CultureInfo.InvariantCulture));
            int[][] ids = [.. PairSource.Texts(task, options.HeldOutShare, texts ?? options.BatchSize, random, heldOut).Select(tokens.Encode)];
            return LaidTexts.Of(ids, [.. ids.Select(_ => 1.0)]);
        }

        private Tensor LossOf(CausalTransformer network, LaidTexts batch)
        {
            using var rounding = MatrixProducts.Rounded(options.Products);
            return batch.Loss(network.call, trainer._thread.TorchDevice);
        }

        /// <summary>Trains on activations of the prior's texts; where that is done already, takes up its result.</summary>
        private TrainingCourse Conditioning(GeneratorNetwork network, GeneratorTokens tokens, PairSource pairs, TrainingPairs[] heldOut)
        {
            if (Finished(DistillationFolder, _identity) is { } finished)
            {
                Generator.LoadConditioning(network, DistillationFolder);
                return finished.Course!;
            }

            var allocation = options.AllocatesByRefusal ? new SiteAllocation(step => pairs.Refused(network, step, cancel)) : null;
            var course = Fit(
                "what tells of activations", folder, network, heldOut, Schedule(options.Steps, options.LearningRate),
                step =>
                {
                    var batch = pairs.Pairs("conditioning texts", step, heldOut: false, cancel, allocation?.Shares);
                    return network.Conditioning.HasOwnBackbone ? LossOf(network, batch) : JointLoss(network, tokens, batch, step);
                },
                network.TrainsBackbone, allocation);
            if (options.DistillationSteps > 0)
            {
                Directory.CreateDirectory(DistillationFolder);
                Generator.SaveConditioning(network, DistillationFolder);
                Finish(DistillationFolder, _identity, course);
                new TrainingCheckpoint(folder, _identity, command).Delete();
            }

            return course;
        }

        /// <summary>The loss of control layers, at first beside that of their backbone on the prior.</summary>
        private Tensor JointLoss(GeneratorNetwork network, GeneratorTokens tokens, TrainingPairs batch, int step)
        {
            var joint = step <= options.JointSteps;
            network.SetBackboneTrained(joint);
            var told = LossOf(network, batch);
            if (!joint)
                return told;
            return told.Plus(LossOf(network.Prior, PriorBatch(tokens, "prior texts along", step, heldOut: false, Math.Max(1, options.BatchSize / UntoldPart))));
        }

        /// <summary>Goes on with the generator's own texts beside those of the prior.</summary>
        private TrainingCourse Distillation(GeneratorNetwork network, PairSource pairs, TrainingPairs[] heldOut)
        {
            network.SetBackboneTrained(network.Conditioning.HasOwnBackbone);
            return Fit(
                "self-distillation", DistillationFolder, network, heldOut, Schedule(options.DistillationSteps, options.LearningRate * DistillationRate),
                step =>
                {
                    using var scope = NewDisposeScope();
                    var own = LossOf(network, pairs.OwnPairs(network, step, DistillationSamples, cancel));
                    var given = LossOf(network, pairs.Pairs("distillation texts", step, heldOut: false, cancel));
                    return own.Plus(given).DividedBy(2).MoveToOuterDisposeScope();
                },
                network.Conditioning.HasOwnBackbone);
        }

        private string DistillationFolder => Path.Combine(folder, "distillation");

        private TrainingSchedule Schedule(int steps, double rate) => new(
            steps, rate, options.WarmupSteps, options.WeightDecay, options.EvaluateEvery, options.Patience, options.CheckpointEvery);

        private TrainingCourse Fit(
            string stage, string at, GeneratorNetwork network, TrainingPairs[] heldOut, TrainingSchedule schedule, Func<int, Tensor> loss,
            bool withBackbone, SiteAllocation? allocation = null) =>
            new TrainingLoop(stage, new TrainingCheckpoint(at, _identity, command), progress, cancel).Run(
                [.. network.Trained(withBackbone)], schedule, loss, () => Average(network, heldOut, told: true), allocation);

        private static double Average(GeneratorNetwork network, TrainingPairs[] batches, bool told)
        {
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            return batches.Average(batch => (double)Loss(network, batch, told).item<float>());
        }

        private Tensor LossOf(GeneratorNetwork network, TrainingPairs batch)
        {
            using var rounding = MatrixProducts.Rounded(options.Products);
            return Loss(network, batch, told: true);
        }

        private static Tensor Loss(GeneratorNetwork network, TrainingPairs batch, bool told)
        {
            var conditioned = told ? network.Conditioning.Condition(batch.Activations) : null;
            return batch.Texts.Loss(ids => network.Logits(ids, conditioned), network.Device);
        }

        private static double? Saturation(GeneratorNetwork network, TrainingPairs batch)
        {
            if (network.Conditioning is not ControlConditioning control)
                return null;
            using var scope = NewDisposeScope();
            return control.Saturation(network.Backbone, batch.Activations, batch.Texts.On(network.Device));
        }
    }
}
