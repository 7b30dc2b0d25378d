using InverseScope.Core;
using InverseScope.Core.Tasks;
using InverseScope.Testing;
using InverseScope.Torch.Models;
using InverseScope.Torch.Safetensors;
using InverseScope.Torch.Tokenizers;
using InverseScope.Torch.Training;

namespace InverseScope.Torch.Tests.Training;

[Collection(TorchCollection.Name)]
public sealed class ModelTrainerTests(TorchFixture torch)
{
    private static readonly TrainingOptions Tiny = new()
    {
        Layers = 1,
        Heads = 2,
        Width = 16,
        Steps = 12,
        BatchSize = 8,
        WarmupSteps = 3,
        EvaluationTexts = 20,
        EvaluateEvery = 5,
        CheckpointEvery = 4,
        HeldOutShare = 0.2,
    };

    [Fact]
    public void It_learns_to_answer_on_pairs_that_it_never_saw()
    {
        using var folder = new TempFolder();
        var options = Tiny with
        {
            Width = 32,
            Steps = 250,
            BatchSize = 64,
            WarmupSteps = 20,
            LearningRate = 1e-2,
            EvaluationTexts = 200,
            EvaluateEvery = 250,
        };
        var record = Train(TinyTasks.LastSpeaker, options, folder.Path);
        Assert.InRange(record.HeldOut.AboveRival!.Value, 0.97, 1);
        Assert.InRange(record.HeldOut.Right!.Value, 0.9, 1);
        Assert.InRange(record.HeldOut.Loss, 0, 0.5);
    }

    [Fact]
    public void The_folder_holds_a_model_with_tokenizer_and_record()
    {
        using var folder = new TempFolder();
        var record = Train(TinyTasks.LastSpeaker, Tiny, folder.Path);
        Assert.Equal(
            ["config.json", "model.safetensors", "tokenizer_config.json", "training.json", "vocab.json"],
            Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(record, TrainingRecord.Read(folder.Path));
        Assert.Equal(("a command --threads 1", "speaker", Tiny), (record.Command, record.Task, record.Options));
        var config = ConfigFile.Read(folder.Path);
        var tokenizer = TokenizerFolder.Load(folder.Path)!;
        Assert.Equal(config.Vocabulary, tokenizer.Vocabulary);
        Assert.Equal(config.BeginToken, tokenizer.Encode("First Ann").Ids[0]);
        torch.Thread.Run(() =>
        {
            using var network = new CausalTransformer(config);
            using var checkpoint = Checkpoint.Open(folder.Path);
            WeightLoader.Load(network, checkpoint);
            Assert.Equal(record.Parameters, network.parameters().Sum(p => p.numel()));
        });
    }

    [Fact]
    public void The_same_seed_gives_the_same_weights_and_another_seed_others()
    {
        using var folder = new TempFolder();
        Train(TinyTasks.LastSpeaker, Tiny, folder["a"]);
        Train(TinyTasks.LastSpeaker, Tiny, folder["b"]);
        Train(TinyTasks.LastSpeaker, Tiny with { Seed = 2 }, folder["c"]);
        Assert.Equal(Weights(folder["a"]), Weights(folder["b"]));
        Assert.NotEqual(Weights(folder["a"]), Weights(folder["c"]));
    }

    [Fact]
    public void A_stopped_training_goes_on_to_the_same_weights()
    {
        using var folder = new TempFolder();
        Train(TinyTasks.LastSpeaker, Tiny with { Steps = 22 }, folder["whole"]);
        using var stop = new CancellationTokenSource();
        var atTen = new Listener(p =>
        {
            if (p.Step == 10)
                stop.Cancel();
        });
        Assert.Throws<OperationCanceledException>(
            () => Train(TinyTasks.LastSpeaker, Tiny with { Steps = 22 }, folder["parts"], atTen, stop.Token));
        Assert.Equal(["unfinished.safetensors"], Directory.GetFiles(folder["parts"]).Select(Path.GetFileName));
        var steps = new List<int>();
        Train(TinyTasks.LastSpeaker, Tiny with { Steps = 22 }, folder["parts"], new Listener(p => steps.Add(p.Step)));
        Assert.Equal([20, 22], steps);
        Assert.Equal(Weights(folder["whole"]), Weights(folder["parts"]));
    }

    [Fact]
    public void A_checkpoint_of_another_training_is_refused()
    {
        using var folder = new TempFolder();
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Train(
            TinyTasks.LastSpeaker, Tiny, folder.Path, new Listener(_ => stop.Cancel()), stop.Token));
        var refused = Assert.Throws<BadInputException>(() => Train(TinyTasks.LastSpeaker, Tiny with { Seed = 9 }, folder.Path));
        Assert.Contains("other options", refused.What, StringComparison.Ordinal);
        Assert.Contains("Begun by: a command\n", refused.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_tells_step_loss_rate_and_the_last_measurement()
    {
        using var folder = new TempFolder();
        var reports = new List<TrainingProgress>();
        Train(TinyTasks.LastSpeaker, Tiny, folder.Path, new Listener(reports.Add));
        Assert.Equal([10, 12], reports.Select(r => r.Step));
        Assert.All(reports, r => Assert.True(r.Loss > 0 && r.StepsPerSecond > 0 && r.Steps == 12));
        Assert.Equal(2, reports[0].HeldOut!.Texts);
        Assert.Equal(TimeSpan.Zero, reports[1].TimeLeft);
    }

    [Fact]
    public void Texts_without_answers_train_a_language_model()
    {
        using var folder = new TempFolder();
        var record = Train(TinyTasks.Plain, Tiny with { Steps = 60, LearningRate = 1e-2, HeldOutShare = 0.5 }, folder.Path);
        Assert.Null(record.HeldOut.Right);
        Assert.Null(record.HeldOut.AboveRival);
        Assert.InRange(record.HeldOut.Loss, 0.1, Math.Log(44) - 0.5); // 44 tokens, all alike before training
    }

    [Fact]
    public void Bad_options_and_a_folder_with_a_model_are_refused()
    {
        using var folder = new TempFolder();
        Assert.Contains("layers must be 1 or more", Assert.Throws<BadInputException>(
            () => Train(TinyTasks.Plain, Tiny with { Layers = 0 }, folder.Path)).Message);
        File.WriteAllText(folder["config.json"], "{}");
        Assert.Contains("holds a model already", Assert.Throws<BadInputException>(
            () => Train(TinyTasks.Plain, Tiny, folder.Path)).Message);
    }

    private static byte[] Weights(string folder) => File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));

    private TrainingRecord Train(
        ITask task, TrainingOptions options, string folder, IProgress<TrainingProgress>? progress = null,
        CancellationToken cancel = default) =>
        new ModelTrainer(torch.Thread, TimeProvider.System).Train(task, options, folder, "a command", progress, cancel);

    private sealed class Listener(Action<TrainingProgress> onReport) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => onReport(value);
    }
}
