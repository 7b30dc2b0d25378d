using System.Runtime.InteropServices;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Testing;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using InverseScope.Torch.Safetensors;
using InverseScope.Torch.Tests.Training;
using InverseScope.Torch.Training;

namespace InverseScope.Torch.Tests.Generators;

/// <summary>A small target that reads the texts of a small task.</summary>
public sealed class SpeakerTarget : IDisposable
{
    private readonly TempFolder _folder = new();
    private bool _made;

    public static ITask Task => TinyTasks.LastSpeaker;

    public string Folder(TorchFixture torch)
    {
        if (!_made)
        {
            new ModelTrainer(torch.Thread, TimeProvider.System).Train(
                Task,
                new TrainingOptions { Layers = 1, Heads = 2, Width = 16, Steps = 3, BatchSize = 8, WarmupSteps = 1, EvaluationTexts = 5, InitialDeviation = 0.4 },
                _folder.Path, "test");
            _made = true;
        }

        return _folder.Path;
    }

    public void Dispose() => _folder.Dispose();
}

[Collection(TorchCollection.Name)]
public sealed class GeneratorTrainerTests(TorchFixture torch, SpeakerTarget speaker) : IClassFixture<SpeakerTarget>
{
    internal static readonly GeneratorOptions Tiny = new()
    {
        Layers = 2,
        Heads = 2,
        Width = 24,
        BackboneSteps = 60,
        BackboneLearningRate = 1e-2,
        Steps = 40,
        LearningRate = 3e-3,
        BatchSize = 24,
        SitesPerBatch = 3,
        WarmupSteps = 5,
        EvaluateEvery = 10,
        CheckpointEvery = 7,
        Architecture = new GeneratorArchitecture { Latent = 12, ControlHeads = 6, ControlHeadWidth = 8 },
    };

    private static readonly string[] Patterns = ["L0.resid@last", "L0H1@2", "L0.mlp@4"];

    [Theory]
    [InlineData(ConditioningKind.Control)]
    [InlineData(ConditioningKind.Prefix)]
    public void Activations_lower_the_held_out_loss(ConditioningKind kind)
    {
        using var folder = new TempFolder();
        var record = Train(folder.Path, Tiny with { Steps = 150, Architecture = Tiny.Architecture with { Conditioning = kind } });
        Assert.InRange(record.Conditioning.HeldOutLoss, 0, 0.95 * record.PriorLoss);
        Assert.Equal(kind == ConditioningKind.Control, record.Saturation is not null);
        Assert.Equal(Patterns, record.Sites);
        Assert.Equal([16, 8, 16], record.SiteWidths);
        Assert.Equal(record.Conditioning.FirstLoss > record.Conditioning.HeldOutLoss, record.Conditioning.BestStep > 0);
        Assert.Equal(
            ["backbone", "conditioning.safetensors", "generator.json"],
            Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var generator = Generator.Open(folder.Path, torch.Thread);
        Assert.Equivalent(record, generator.Record);
    }

    [Fact]
    public void Control_layers_leave_the_backbone_as_the_prior_made_it_if_asked_to()
    {
        var options = Tiny with { JointShare = 0 };
        using var folder = new TempFolder();
        using var other = new TempFolder();
        Train(folder.Path, options);
        Train(other.Path, options, backboneOf: folder.Path);
        Assert.Equal(Bytes(folder.Path, "backbone/model.safetensors"), Bytes(other.Path, "backbone/model.safetensors"));
        Assert.Equal(Bytes(folder.Path, "conditioning.safetensors"), Bytes(other.Path, "conditioning.safetensors"));
    }

    [Fact]
    public void A_backbone_trained_along_learns_to_be_told_and_stays_one_of_the_prior()
    {
        using var frozen = new TempFolder();
        using var joint = new TempFolder();
        var options = Tiny with { Steps = 150, BackboneSteps = 300, JointShare = 0 };
        var before = Train(frozen.Path, options);
        var after = Train(joint.Path, options with { JointShare = 0.8 }, backboneOf: frozen.Path);
        Assert.Equal(Bytes(frozen.Path, "backbone/model.safetensors"), Bytes(joint.Path, "backbone/model.safetensors"));
        Assert.True(Bytes(joint.Path, "conditioning.safetensors").Length > Bytes(frozen.Path, "conditioning.safetensors").Length);
        Assert.True(after.Conditioning.HeldOutLoss < before.Conditioning.HeldOutLoss);
        Assert.InRange(after.PriorLoss, 0.9 * before.PriorLoss, 1.02 * before.PriorLoss);
        using var generator = Generator.Open(joint.Path, torch.Thread);
        var prior = generator.DrawPrior(100, new RunSeed(1).Stream("prior"), CancellationToken.None);
        Assert.InRange(prior.Count(d => d.Text is { } text && SpeakerTarget.Task.WhyInvalid(text) is null), 70, 100);
    }

    [Fact]
    public void After_its_share_of_the_steps_the_backbone_stays_as_it_is()
    {
        using var parts = new TempFolder();
        var options = Tiny with { JointShare = 0.5, CheckpointEvery = 1, EvaluateEvery = 1_000 };
        var seen = new List<(int Step, byte[] Backbone, byte[] Conditioning)>();
        Train(parts.Path, options, progress: new Told(p =>
        {
            if (p.Stage == "what tells of activations" && p.Step < options.Steps)
                seen.Add((p.Step, Weights(parts.Path, "backbone."), Weights(parts.Path, "conditioning.")));
        }));
        Assert.Equal([10, 20, 30], seen.Select(s => s.Step));
        Assert.NotEqual(seen[0].Backbone, seen[1].Backbone);
        Assert.Equal(seen[1].Backbone, seen[2].Backbone);
        Assert.NotEqual(seen[1].Conditioning, seen[2].Conditioning);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(75)]
    [InlineData(92)] // where the backbone is frozen already
    [InlineData(98)]
    public void Stopped_anywhere_it_goes_on_to_the_same_result(int reports)
    {
        using var whole = new TempFolder();
        using var parts = new TempFolder();
        Train(whole.Path, Tiny);
        using var stop = new CancellationTokenSource();
        var seen = 0;
        Assert.ThrowsAny<OperationCanceledException>(() => Train(parts.Path, Tiny, progress: new Told(_ =>
        {
            if (++seen * 10 >= reports)
                stop.Cancel();
        }), cancel: stop.Token));
        Assert.False(File.Exists(Path.Combine(parts.Path, "generator.json")));
        Assert.Contains("its training has not ended", Assert.Throws<BadInputException>(() => Generator.Open(parts.Path, torch.Thread)).What, StringComparison.Ordinal);
        Train(parts.Path, Tiny);
        Assert.Equal(Bytes(whole.Path, "backbone/model.safetensors"), Bytes(parts.Path, "backbone/model.safetensors"));
        Assert.Equal(Bytes(whole.Path, "conditioning.safetensors"), Bytes(parts.Path, "conditioning.safetensors"));
    }

    [Fact]
    public void Generators_from_before_backbones_were_trained_along_are_read_as_what_they_are()
    {
        using var folder = new TempFolder();
        var record = Train(folder.Path, Tiny with { JointShare = 0, Allocation = SiteAllocationKind.Uniform, Steps = 10 });
        var path = Path.Combine(folder.Path, GeneratorRecord.FileName);
        string[] lines = File.ReadAllLines(path);
        string[] later = ["joint_share", "allocation", "products", "record_hash", "encoder_input"];
        string[] old = [.. lines.Where(line => !later.Any(name => line.Contains(name, StringComparison.Ordinal)))];
        Assert.Equal(lines.Length - later.Length, old.Length);
        old[^2] = old[^2].TrimEnd(',');
        File.WriteAllLines(path, old);
        using var generator = Generator.Open(folder.Path, torch.Thread);
        Assert.Equivalent(record, generator.Record);
        Assert.Single(generator.Draw(0, [new float[16]], [new RunSeed(1).Stream("x")], 1, new DrawOptions(), CancellationToken.None));
    }

    [Fact]
    public void A_prefix_sees_all_sites_alike_and_low_rank_updates_leave_the_backbone_alone()
    {
        var prefix = new GeneratorOptions { Architecture = new GeneratorArchitecture { Conditioning = ConditioningKind.Prefix } };
        Assert.Equal((0, false), (prefix.JointSteps, prefix.AllocatesByRefusal));
        Assert.Empty(prefix.Check());
        var polar = prefix with { Architecture = prefix.Architecture with { EncoderInput = EncoderInput.Polar } };
        Assert.Contains("encoder_input must be activation with a prefix", Assert.Single(polar.Check()), StringComparison.Ordinal);
        Assert.True((prefix with { Allocation = SiteAllocationKind.Refused }).AllocatesByRefusal);
        var control = new GeneratorOptions { Steps = 50 };
        Assert.Equal((40, true), (control.JointSteps, control.AllocatesByRefusal));
        var lowRank = control with { LowRank = 8, Backbone = "gpt2" };
        Assert.Contains("joint_share must be 0 with low_rank", Assert.Single(lowRank.Check()), StringComparison.Ordinal);
        Assert.Empty((lowRank with { JointShare = 0 }).Check());
        // As it was recorded before that was refused.
        Assert.Equal(0, lowRank.JointSteps);
    }

    [Fact]
    public void Rounded_products_train_as_well_and_go_on_to_the_same_result()
    {
        var rounded = Tiny with { Products = NumberType.BFloat16 };
        using var whole = new TempFolder();
        using var parts = new TempFolder();
        var record = Train(whole.Path, rounded);
        Assert.True(record.Backbone!.HeldOutLoss < record.Backbone.FirstLoss);
        Assert.True(record.Conditioning.HeldOutLoss < record.Conditioning.FirstLoss);
        using (var plain = new TempFolder())
        {
            var (loss, rounding) = (Train(plain.Path, Tiny).Conditioning.HeldOutLoss, record.Conditioning.HeldOutLoss);
            Assert.NotEqual(loss, rounding);
            Assert.Equal(loss, rounding, 0.02);
        }

        Assert.Contains("\"products\": \"bfloat16\"", File.ReadAllText(Path.Combine(whole.Path, GeneratorRecord.FileName)), StringComparison.Ordinal);
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Train(parts.Path, rounded, progress: new Told(value =>
        {
            if (value is { Stage: not "the prior", Step: >= 20 })
                stop.Cancel();
        }), cancel: stop.Token));
        Train(parts.Path, rounded);
        Assert.Equal(Bytes(whole.Path, "conditioning.safetensors"), Bytes(parts.Path, "conditioning.safetensors"));
        Assert.Contains("products must be", Assert.Single((rounded with { Products = NumberType.Float16 }).Check()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"L0.resid@last\"", "\"L0.attn@last\"")]
    [InlineData("\"joint_share\": 0.8", "\"joint_share\": 0.5")]
    [InlineData("\"command\": \"a command\",", "")]
    public void A_record_that_was_changed_is_refused(string before, string after)
    {
        using var folder = new TempFolder();
        Train(folder.Path, Tiny with { Steps = 2, BackboneSteps = 2 });
        var path = Path.Combine(folder.Path, GeneratorRecord.FileName);
        var text = File.ReadAllText(path);
        Assert.Contains(before, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(before, after, StringComparison.Ordinal));
        Assert.Contains("not as the training wrote it", Assert.Throws<BadInputException>(() => Generator.Open(folder.Path, torch.Thread)).What, StringComparison.Ordinal);
    }

    [Fact]
    public void The_backbone_of_a_damaged_generator_is_not_taken()
    {
        using var damaged = new TempFolder();
        using var folder = new TempFolder();
        Train(damaged.Path, Tiny with { Steps = 2, BackboneSteps = 2 });
        var path = Path.Combine(damaged.Path, "backbone", "model.safetensors");
        var whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, [.. whole[..^1], (byte)(whole[^1] ^ 1)]);
        var refusal = Assert.Throws<BadInputException>(() => Train(folder.Path, Tiny with { Steps = 2 }, backboneOf: damaged.Path));
        Assert.StartsWith(damaged.Path, refusal.What, StringComparison.Ordinal);
        File.WriteAllBytes(path, whole);
        Train(folder.Path, Tiny with { Steps = 2 }, backboneOf: damaged.Path);
        Assert.Equal(whole, Bytes(folder.Path, "backbone/model.safetensors"));
    }

    [Theory]
    [InlineData("backbone/course.json")]
    [InlineData("unfinished.safetensors")]
    public void Damaged_state_of_a_training_is_told_with_what_to_do(string file)
    {
        using var folder = new TempFolder();
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Train(folder.Path, Tiny, progress: new Told(value =>
        {
            if (value.Stage != "the prior")
                stop.Cancel();
        }), cancel: stop.Token));
        var path = Path.Combine(folder.Path, file);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..1]);
        var refusal = Assert.Throws<BadInputException>(() => Train(folder.Path, Tiny));
        Assert.Contains(file, refusal.What, StringComparison.Ordinal);
        Assert.StartsWith("Delete it", refusal.Fix!.Replace("its folder", "it", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_of_a_file_that_the_target_cannot_read_is_told_before_anything_is_learnt()
    {
        using var folder = new TempFolder();
        using var target = TargetModel.Open(speaker.Folder(torch), torch.Thread);
        // So many that the look at a few draws hardly meets the last.
        string[] texts = [.. Enumerable.Range(0, 20).Select(i => SpeakerTarget.Task.TextAt(i)), "what is this"];
        var task = new TextFileTask("mine", "mine.txt", texts.Select(text => new WeightedText(text, 1)));
        var refusal = Assert.Throws<BadInputException>(() => new GeneratorTrainer(torch.Thread, TimeProvider.System).Train(
            target, task, SitePattern.ExpandAll(["L0.resid@last"], 1, 2, null, task), Tiny, folder.Path, "a command"));
        Assert.StartsWith("Text 21 of the 21 distinct texts of task 'mine': The", refusal.What, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "backbone")));
    }

    [Fact]
    public void Two_trainings_do_not_write_into_one_folder()
    {
        using var folder = new TempFolder();
        string? refusal = null;
        Train(folder.Path, Tiny, progress: new Told(_ => refusal ??= Assert.Throws<BadInputException>(() => Train(folder.Path, Tiny)).What));
        Assert.Contains("Another training is at work", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void It_stops_when_the_held_out_loss_no_longer_falls_and_keeps_the_best()
    {
        using var folder = new TempFolder();
        var record = Train(folder.Path, Tiny with { Steps = 400, LearningRate = 3, Patience = 2 });
        Assert.InRange(record.Conditioning.Steps, record.Conditioning.BestStep + 20, 200);
        Assert.True(record.Conditioning.HeldOutLoss <= record.Conditioning.FirstLoss);
    }

    [Theory]
    [InlineData(3)] // in the prior's stage
    [InlineData(12)] // in the last one
    public void Self_distillation_goes_on_where_it_was_stopped(int reports)
    {
        var options = Tiny with { DistillationSteps = 30, BackboneSteps = 40 };
        using var whole = new TempFolder();
        using var parts = new TempFolder();
        var record = Train(whole.Path, options);
        Assert.Equal(30, record.Distillation!.Steps);
        Assert.True(record.Distillation.HeldOutLoss <= record.Conditioning.HeldOutLoss + 1e-6);
        using var stop = new CancellationTokenSource();
        var stages = new List<string>();
        Assert.ThrowsAny<OperationCanceledException>(() => Train(parts.Path, options, progress: new Told(p =>
        {
            stages.Add(p.Stage);
            if (stages.Count >= reports || (reports > 4 && p.Stage == "self-distillation" && p.Step == 20))
                stop.Cancel();
        }), cancel: stop.Token));
        if (reports > 4)
        {
            var refused = Assert.Throws<BadInputException>(() => Train(parts.Path, options with { DistillationSteps = 0, LearningRate = 1e-3 }));
            Assert.Contains("other options", refused.What, StringComparison.Ordinal);
            Assert.Contains("Begun by: a command\n", refused.Fix, StringComparison.Ordinal);
        }

        Train(parts.Path, options);
        Assert.Equal(reports > 4, stages.Contains("self-distillation"));
        Assert.Equal(Bytes(whole.Path, "conditioning.safetensors"), Bytes(parts.Path, "conditioning.safetensors"));
        Assert.False(Directory.Exists(Path.Combine(parts.Path, "distillation")));
    }

    [Fact]
    public void What_it_writes_is_text_of_the_task_and_near_what_it_was_told()
    {
        using var folder = new TempFolder();
        Train(folder.Path, Tiny with { Steps = 250, BackboneSteps = 500 });
        using var generator = Generator.Open(folder.Path, torch.Thread);
        using var target = TargetModel.Open(speaker.Folder(torch), torch.Thread);
        var prior = generator.DrawPrior(200, new RunSeed(1).Stream("prior"), CancellationToken.None);
        Assert.InRange(prior.Count(d => d.Text is { } text && SpeakerTarget.Task.WhyInvalid(text) is null), 150, 200);
        var references = GeneratorEvaluation.References(SpeakerTarget.Task, [generator.Record], 10, new RunSeed(1));
        var evaluation = new GeneratorEvaluation(target, SpeakerTarget.Task, references, new MeasurementOptions(), new RunSeed(1));
        var found = evaluation.Measure(generator, Sites(target)[0], 12, [0.05, 0.2, 3], new DrawOptions(), null, CancellationToken.None);
        Assert.InRange(found.RefusalRate[0.05], found.RefusalRate[0.2], 1);
        Assert.InRange(found.RefusalRate[0.2], found.RefusalRate[3], 1);
        Assert.InRange(found.DistinctShare, 1.0 / 12, 1);
        Assert.True(found.Bits > 0.5);
        var again = evaluation.Measure(generator, Sites(target)[0], 12, [0.05, 0.2, 3], new DrawOptions(), null, CancellationToken.None);
        Assert.Equivalent(found, again);
    }

    [Fact]
    public void What_cannot_be_used_is_refused()
    {
        using var folder = new TempFolder();
        Assert.Contains("learning_rate", Assert.Throws<BadInputException>(() => Train(folder.Path, Tiny with { LearningRate = 0 })).What, StringComparison.Ordinal);
        Assert.Contains("joint_share", Assert.Throws<BadInputException>(() => Train(folder.Path, Tiny with { JointShare = 1.5 })).What, StringComparison.Ordinal);
        Assert.Contains("low_rank", Assert.Throws<BadInputException>(() => Train(folder.Path, Tiny with { LowRank = 4 })).What, StringComparison.Ordinal);
        Train(folder.Path, Tiny with { Steps = 2, BackboneSteps = 2 });
        Assert.Contains("already", Assert.Throws<BadInputException>(() => Train(folder.Path, Tiny)).What, StringComparison.Ordinal);
        using var generator = Generator.Open(folder.Path, torch.Thread);
        using var target = TargetModel.Open(speaker.Folder(torch), torch.Thread);
        generator.CheckFits(target.Description, SpeakerTarget.Task, Basis.Raw);
        var other = Assert.Throws<BadInputException>(() => generator.CheckFits(target.Description, SpeakerTarget.Task, Basis.Centred));
        Assert.Contains("basis", other.What, StringComparison.Ordinal);
        Assert.Equal("Give --basis raw, or basis: raw in a plan.", other.Fix);
        Assert.Contains("task", Assert.Throws<BadInputException>(() => generator.CheckFits(target.Description, new AdditionTask(), Basis.Raw)).What, StringComparison.Ordinal);
        Assert.Contains("trained on model", Assert.Throws<BadInputException>(() => generator.CheckFits(
            target.Description with { ContentHash = new string('0', 64) }, SpeakerTarget.Task, Basis.Raw)).What, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => Generator.Open(Path.Combine(folder.Path, "none"), torch.Thread));
        string Refused(float[] activation) => Assert.Throws<BadInputException>(() => generator.Draw(
            0, [activation], [new RunSeed(1).Stream("x")], 3, new DrawOptions(), CancellationToken.None)).What;
        Assert.Contains("takes 16", Refused(new float[5]), StringComparison.Ordinal);
        Assert.Contains("NaN", Refused([.. Enumerable.Repeat(1f, 15), float.NaN]), StringComparison.Ordinal);
        Assert.Contains("takes 16", Assert.Throws<BadInputException>(() => generator.LogGiven(
            0, [new float[17]], [SpeakerTarget.Task.TextAt(0)], new DrawOptions(), CancellationToken.None)).What, StringComparison.Ordinal);
    }

    private GeneratorRecord Train(
        string folder, GeneratorOptions options, string? backboneOf = null, IProgress<GeneratorProgress>? progress = null, CancellationToken cancel = default)
    {
        using var target = TargetModel.Open(speaker.Folder(torch), torch.Thread);
        return new GeneratorTrainer(torch.Thread, TimeProvider.System).Train(
            target, SpeakerTarget.Task, Sites(target), options, folder, "a command", backboneOf, progress, cancel);
    }

    private static IReadOnlyList<Site> Sites(TargetModel target) =>
        SitePattern.ExpandAll(Patterns, target.Description.Layers, target.Description.Heads, null, SpeakerTarget.Task);

    private static byte[] Weights(string folder, string prefix)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, "unfinished.safetensors"));
        return [.. file.Tensors.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .SelectMany(name => MemoryMarshal.AsBytes(file.ReadSingles(name).AsSpan()).ToArray())];
    }

    private static byte[] Bytes(string folder, string file) => File.ReadAllBytes(Path.Combine(folder, file));

    private sealed class Told(Action<GeneratorProgress> tell) : IProgress<GeneratorProgress>
    {
        public void Report(GeneratorProgress value) => tell(value);
    }
}
