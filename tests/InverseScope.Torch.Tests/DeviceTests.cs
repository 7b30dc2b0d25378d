using System.Text.RegularExpressions;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Testing;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using InverseScope.Torch.Tests.Training;
using InverseScope.Torch.Training;
using TorchSharp;
using static TorchSharp.torch;
using AdamW = InverseScope.Torch.Training.AdamW;
using Generator = InverseScope.Torch.Generators.Generator;

namespace InverseScope.Torch.Tests;

/// <summary>
/// What a GPU computes against what the CPU computes; each also runs with the CPU in place of the GPU, so that the test
/// itself is known to work. The others show without a GPU what can be shown.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed partial class DeviceTests(TorchFixture torch)
{
    private static readonly TransformerConfig Small = new()
    {
        Family = "gpt2",
        Layers = 2,
        Heads = 2,
        HeadWidth = 4,
        Width = 8,
        MlpWidth = 16,
        Vocabulary = 9,
        Context = 9,
    };

    public static TheoryData<bool, NumberType> OnCuda => new()
    {
        { false, NumberType.Float32 }, { false, NumberType.BFloat16 }, { true, NumberType.Float32 }, { true, NumberType.BFloat16 },
    };

    [Fact]
    public void A_device_that_is_not_there_is_refused_with_what_to_do()
    {
        using var thread = new TorchThread(device: "cuda:99");
        var e = Assert.Throws<BadInputException>(() => thread.Run(() => { }));
        Assert.Contains("cuda:99", e.What, StringComparison.Ordinal);
        Assert.NotNull(e.Fix);
        Assert.Equal("cpu", TorchRuntime.Devices()[0]);
    }

    /// <summary>
    /// Moving makes new parameters. Where there is one device only, they are moved to another type, which takes the same way:
    /// a module that kept an old one, or a scope that took a new one, would show.
    /// </summary>
    [Theory]
    [InlineData(ConditioningKind.Control)]
    [InlineData(ConditioningKind.Prefix)]
    public void What_is_moved_is_what_is_computed_and_trained_with(ConditioningKind kind) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var network = Network(kind);
        var ids = tensor(new long[] { 0, 3, 4, 5, 0, 7, 2, 8 }, [2, 4]);
        var batch = SiteBatch.Of(1, [1, 2, 3, 4, 5, 6], 2);
        Tensor Logits()
        {
            using var inference = no_grad();
            return network.Logits(ids, network.Conditioning.Condition(batch));
        }

        var before = Logits();
        using (NewDisposeScope())
        {
            network.Backbone.to(ScalarType.Float64);
            network.Conditioning.to(ScalarType.Float64);
        }

        var after = Logits();
        Assert.Equal(ScalarType.Float64, after.dtype);
        Assert.InRange((after - before).abs().max().item<double>(), 0, 1e-5);

        var trained = network.Trained(network.Conditioning.HasOwnBackbone).ToArray();
        using var optimizer = new AdamW(trained, 0.01);
        var texts = new LaidTexts(cat([ids, ids.narrow(1, 0, 1)], 1).data<long>().ToArray(), [.. Enumerable.Repeat(1 / 8f, 8)], (int)ids.shape[1] + 1);
        texts.Loss(given => network.Logits(given, network.Conditioning.Condition(batch)), ids.device).backward();
        optimizer.Step(1, 0.1);
        Assert.True((Logits() - after).abs().max().item<double>() > 1e-4);
    });

    /// <summary>
    /// A tensor made without a device is on the CPU, and meets those on a GPU only where there is one. It may stay there if
    /// it is copied from at once; parameters are moved when their module is.
    /// </summary>
    [Fact]
    public void No_tensor_is_made_without_naming_its_device()
    {
        var found =
            from file in Directory.GetFiles(Repository.Path("src", "InverseScope.Torch"), "*.cs", SearchOption.AllDirectories)
            from line in File.ReadLines(file)
            where MakesTensor().IsMatch(line) && !line.Contains("device", StringComparison.Ordinal)
            where !line.Contains(".copy_(", StringComparison.Ordinal) && !line.Contains("nn.Parameter(empty(", StringComparison.Ordinal)
            select $"{Path.GetFileName(file)}: {line.Trim()}";

        Assert.Empty(found);
    }

    [Theory]
    [MemberData(nameof(OnCuda))]
    public void Activations_agree(bool onCuda, NumberType weights)
    {
        using var thread = Other(onCuda, weights);
        using var folder = TinyTarget.Make(torch.Thread);
        float[][] Read(TorchThread on, Basis basis)
        {
            using var target = TargetModel.Open(folder.Path, on);
            var sites = SitePattern.ExpandAll(
                ["embed", "L*H*", "L*.attn", "L*.mlp", "L*.resid"], TinyTarget.Layers, TinyTarget.Heads, [SitePattern.ParsePosition("@last"), SitePattern.ParsePosition("@1")], null);
            using var capture = new ActivationCapture(target, sites, basis, null);
            var found = capture.Read(["abcdefgh", "hg", "bcb"], default);
            return [.. found.Select(f => f.Values), .. found.Select((f, s) => capture.FullWidth(s, f.Values))];
        }

        foreach (var basis in new[] { Basis.Raw, Basis.Centred })
        {
            foreach (var (expected, found) in Read(torch.Thread, basis).Zip(Read(thread, basis)))
                Near(expected, found, weights == NumberType.Float32 ? 1e-4f : 0.05f);
        }

        using var here = TargetModel.Open(folder.Path, torch.Thread);
        using var there = TargetModel.Open(folder.Path, thread);
        Assert.Equal(weights == NumberType.Float32, here.Description.ContentHash == there.Description.ContentHash);
    }

    [Theory]
    [MemberData(nameof(OnCuda))]
    public void A_generator_trains_writes_and_judges_there(bool onCuda, NumberType weights)
    {
        using var thread = Other(onCuda, weights);
        using var folder = new TempFolder();
        var task = TinyTasks.LastSpeaker;
        new ModelTrainer(thread, TimeProvider.System).Train(
            task,
            new TrainingOptions { Layers = 1, Heads = 2, Width = 16, Steps = 3, BatchSize = 8, WarmupSteps = 1, EvaluationTexts = 5, InitialDeviation = 0.4 },
            folder["target"], "test");
        using var target = TargetModel.Open(folder["target"], thread);
        var site = new Site(SitePattern.ExpandAll(["L0.resid"], 1, 2, null, task)[0].Address, SitePattern.ParsePosition("@last"));
        var record = new GeneratorTrainer(thread, TimeProvider.System).Train(
            target, task, [site],
            new GeneratorOptions
            {
                Layers = 2,
                Heads = 2,
                Width = 24,
                BackboneSteps = 60,
                BackboneLearningRate = 1e-2,
                Steps = 60,
                LearningRate = 3e-3,
                BatchSize = 24,
                SitesPerBatch = 1,
                WarmupSteps = 5,
                EvaluateEvery = 10,
                CheckpointEvery = 20,
                Architecture = new GeneratorArchitecture { Latent = 12, ControlHeads = 6, ControlHeadWidth = 8 },
            },
            folder["generator"], "test");
        Assert.True(record.Backbone!.HeldOutLoss < record.Backbone.FirstLoss);
        Assert.True(record.Conditioning.HeldOutLoss < record.Conditioning.FirstLoss);

        using var there = Generator.Open(folder["generator"], thread);
        using var here = Generator.Open(folder["generator"], torch.Thread);
        ReadOnlyMemory<float>[] activation = [Enumerable.Range(0, 16).Select(i => MathF.Sin(i)).ToArray()];
        var drawn = there.Draw(0, activation, [new RunSeed(1).Stream("texts")], 20, new DrawOptions(), default)[0];
        var written = drawn.Where(d => d.Text is not null).ToArray();
        Assert.NotEmpty(written);
        string[] texts = [.. written.Select(w => w.Text!)];
        ReadOnlyMemory<float>[] given = [.. texts.Select(_ => activation[0])];
        var (mine, theirs) = (here.LogGiven(0, given, texts, new DrawOptions(), default), there.LogGiven(0, given, texts, new DrawOptions(), default));
        for (var i = 0; i < texts.Length; i++)
        {
            var tolerance = weights == NumberType.Float32 ? 1e-3 : 0.3;
            Assert.Equal(mine[i].Sum(), theirs[i].Sum(), tolerance);
            Assert.Equal(theirs[i].Sum(), written[i].LogProposal, tolerance);
        }
    }

    [GeneratedRegex(@"(?<![\w.])(tensor|arange|zeros|ones|empty|full|rand|randn|randint|eye)\(")]
    private static partial Regex MakesTensor();

    private static TorchThread Other(bool onCuda, NumberType weights) => onCuda ? NeedsCuda.Thread(weights) : new TorchThread(threads: 1, weights: weights);

    private static void Near(float[] expected, float[] found, float tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], found[i], tolerance * (1 + Math.Abs(expected[i])));
    }

    private static GeneratorNetwork Network(ConditioningKind kind)
    {
        var backbone = new CausalTransformer(Small);
        backbone.Initialise(new RunSeed(2), 0.5, 0.3);
        backbone.eval();
        Conditioning conditioning = kind == ConditioningKind.Control
            ? new ControlConditioning(Small, [new SiteShape(2, "L0", "@last"), new SiteShape(3, "L1", "@last")], new GeneratorArchitecture { Latent = 5, ControlHeads = 3, ControlHeadWidth = 4 })
            : new PrefixConditioning(Small, [2, 3]);
        conditioning.Initialise([new(new float[2], [1], []), new(new float[3], [2], [])], backbone, [[0, 1, 2, 3], [0, 4, 5]], new RunSeed(4));
        return new GeneratorNetwork(backbone, conditioning, backbone, trainsBackbone: false);
    }
}
