using System.Text.Json;
using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace InverseScope.Torch.Training;

/// <summary>
/// Trains a small transformer of GPT-2's kind from scratch on a task's texts. The same task, options and machine give
/// the same weights, whether or not the training was stopped and went on.
/// </summary>
public sealed class ModelTrainer
{
    private const double GradientNorm = 1;
    private const int ProgressEvery = 10;
    private readonly TorchThread _thread;
    private readonly TimeProvider _clock;

    /// <param name="thread">Runs the training; belongs to the caller.</param>
    public ModelTrainer(TorchThread thread, TimeProvider clock) => (_thread, _clock) = (thread, clock);

    /// <summary>
    /// Trains and writes a folder in Hugging Face layout with <c>training.json</c>. If a training with the same task and
    /// options was stopped there, goes on with it.
    /// </summary>
    /// <param name="folder">Made if it is not there; must not hold a model.</param>
    /// <param name="command">Command line to note in the record.</param>
    /// <exception cref="BadInputException">Options that cannot be used, or a folder that holds something else.</exception>
    /// <exception cref="OperationCanceledException">Stopped; the state after the last step is kept.</exception>
    public TrainingRecord Train(
        ITask task, TrainingOptions options, string folder, string command,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        if (options.Check().ToList() is { Count: > 0 } problems)
            throw new BadInputException(string.Join(" ", problems));
        if (File.Exists(Path.Combine(folder, ConfigFile.Name)))
            throw new BadInputException($"{folder} holds a model already.", "Choose another folder, or remove it.");
        using var _ = TrainingCheckpoint.Enter(folder);
        var vocabulary = new TrainingVocabulary(task);
        return _thread.Run(() => Train(task, options, folder, command, vocabulary, progress, cancel), cancel);
    }

    private TrainingRecord Train(
        ITask task, TrainingOptions options, string folder, string command, TrainingVocabulary vocabulary,
        IProgress<TrainingProgress>? progress, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        using var network = new CausalTransformer(Architecture(options, vocabulary));
        network.Initialise(new RunSeed(options.Seed), options.InitialDeviation, options.InitialDeviation);
        network.to(_thread.TorchDevice);
        using var optimizer = new AdamW(network.named_parameters(), options.WeightDecay);
        var checkpoint = new TrainingCheckpoint(folder, ContentHash.Of(
            task.Fingerprint, vocabulary.Fingerprint, JsonSerializer.Serialize(options)), command);
        var texts = new TrainingTexts(task, vocabulary, options);
        var done = checkpoint.Restore(optimizer.Tensors).Step;
        var started = _clock.GetTimestamp();
        AnswerAccuracy? heldOut = null;
        for (var step = done + 1; step <= options.Steps; step++)
        {
            if (cancel.IsCancellationRequested)
            {
                checkpoint.Save(optimizer.Tensors, step - 1);
                cancel.ThrowIfCancellationRequested();
            }

            var loss = Step(network, optimizer, texts.Batch(step), step, options);
            if (!double.IsFinite(loss))
            {
                throw new BadInputException(
                    $"The loss became {loss} at step {step}: the training diverged.", "Lower the learning rate.");
            }

            if (step % options.EvaluateEvery == 0)
                heldOut = Measure(network, vocabulary, task, options, Math.Max(1, options.EvaluationTexts / 10));
            if (step % options.CheckpointEvery == 0 && step < options.Steps)
                checkpoint.Save(optimizer.Tensors, step);
            if (step % ProgressEvery == 0 || step == options.Steps)
            {
                var rate = (step - done) / Math.Max(1e-9, _clock.GetElapsedTime(started).TotalSeconds);
                var left = TimeSpan.FromSeconds((options.Steps - step) / rate);
                progress?.Report(new TrainingProgress(step, options.Steps, loss, rate, left, heldOut));
            }
        }

        var record = new TrainingRecord
        {
            Command = FormattableString.Invariant($"{command} --threads {get_num_threads()}"),
            Task = task.Name,
            TaskFingerprint = task.Fingerprint,
            Options = options,
            HeldOut = Measure(network, vocabulary, task, options, options.EvaluationTexts),
            Parameters = network.parameters().Sum(p => p.numel()),
            Threads = get_num_threads(),
            Seconds = Math.Round(_clock.GetElapsedTime(started).TotalSeconds, 1),
        };
        vocabulary.Write(folder);
        record.Write(folder);
        WeightLoader.Save(network, folder);
        checkpoint.Delete();
        return record;
    }

    // Begin and end token; and a little room for texts that the survey did not meet.
    private static int ContextOf(TrainingVocabulary vocabulary) => (vocabulary.LongestText + 2 + 7) / 8 * 8;

    private static TransformerConfig Architecture(TrainingOptions options, TrainingVocabulary vocabulary) => Gpt2Config.Sized(
        options.Layers, options.Heads, options.Width, vocabulary.Size, ContextOf(vocabulary)) with
    {
        BeginToken = vocabulary.BeginId,
        EndToken = vocabulary.EndId,
        PadToken = vocabulary.EndId,
    };

    private static double Step(CausalTransformer network, AdamW optimizer, TrainingBatch batch, int step, TrainingOptions options)
    {
        using var scope = NewDisposeScope();
        network.train();
        network.zero_grad();
        var ids = tensor(batch.Ids, [batch.Rows, batch.Length], device: network.Device); // (B, T)
        var logits = network.call(ids.narrow(1, 0, batch.Length - 1)); // (B, T − 1, V)
        var targets = ids.narrow(1, 1, batch.Length - 1).reshape(-1); // (B (T − 1))
        var losses = nn.functional.cross_entropy(logits.reshape(targets.shape[0], -1), targets, reduction: nn.Reduction.None);
        var loss = (losses * tensor(batch.Weights, device: network.Device)).sum();
        loss.backward();
        nn.utils.clip_grad_norm_(network.parameters(), GradientNorm);
        optimizer.Step(step, options.RateAt(step));
        return loss.item<float>();
    }

    // The same held-out texts every time, so that the figures of one training can be compared.
    private static AnswerAccuracy Measure(
        CausalTransformer network, TrainingVocabulary vocabulary, ITask task, TrainingOptions options, int count)
    {
        network.eval();
        var heldOut = new HeldOut(task, options.HeldOutShare);
        var random = new RunSeed(options.Seed).Stream("held-out texts");
        var texts = Enumerable.Range(0, count).Select(_ => heldOut.Draw(random, heldOut: true)).ToList();
        return AccuracyMeasurement.Of(network, vocabulary.Tokenizer, task, texts);
    }
}
