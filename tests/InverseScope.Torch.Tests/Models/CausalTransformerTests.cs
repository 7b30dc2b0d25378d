using System.Text.Json;
using InverseScope.Core.Seeds;
using InverseScope.Testing;
using InverseScope.Torch.Models;
using InverseScope.Torch.Safetensors;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests.Models;

[Collection(TorchCollection.Name)]
public sealed class CausalTransformerTests(TorchFixture torch)
{
    private static readonly TransformerConfig Tiny = new()
    {
        Family = "gpt2",
        Layers = 2,
        Heads = 2,
        HeadWidth = 4,
        Width = 8,
        MlpWidth = 32,
        Vocabulary = 11,
        Context = 6,
    };

    [Theory]
    [InlineData("gpt2-tiny")]
    [InlineData("gpt2-tiny-f16")]
    [InlineData("gpt2-tiny-bf16-sharded")]
    [InlineData("gpt2-tiny-hub-layout")]
    public void Logits_equal_the_reference(string name)
    {
        var folder = Golden.Folder(name);
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "golden.json")));
        torch.Thread.Run(() =>
        {
            using var scope = NewDisposeScope();
            using var inference = inference_mode();
            using var model = Load(folder);
            foreach (var prompt in golden.RootElement.GetProperty("prompts").EnumerateArray())
            {
                var ids = prompt.GetProperty("input_ids").EnumerateArray().Select(i => i.GetInt64()).ToArray();
                var expected = prompt.GetProperty("final_logits").EnumerateArray().Select(v => v.GetSingle()).ToArray();
                var logits = model.call(tensor(ids, [1, ids.Length]))[0, -1].data<float>().ToArray();
                var error = logits.Zip(expected, (a, b) => Math.Abs(a - b)).Max() / expected.Max(Math.Abs);
                Assert.InRange(error, 0, 1e-5);
            }
        });
    }

    [Fact]
    public void A_saved_model_loads_to_the_same_numbers_and_config()
    {
        using var folder = new TempFolder();
        torch.Thread.Run(() =>
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            using var model = new CausalTransformer(Tiny with { TiedHead = false, Activation = Activation.Relu, BeginToken = 3 });
            model.Initialise(new RunSeed(1));
            WeightLoader.Save(model, folder.Path, new Dictionary<string, string> { ["seed"] = "1" });
            using var again = Load(folder.Path);
            Assert.Equal(model.Config, again.Config);
            var ids = tensor(new long[] { 1, 2, 3 }, [1, 3]);
            Assert.Equal(model.call(ids).data<float>().ToArray(), again.call(ids).data<float>().ToArray());
        });
        using var file = SafetensorsFile.Open(folder["model.safetensors"]);
        Assert.Equal("1", file.Metadata["seed"]);
    }

    [Fact]
    public void Initial_weights_depend_on_the_seed_alone()
    {
        torch.Thread.Run(() =>
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            float[] First(long seed)
            {
                using var model = new CausalTransformer(Tiny);
                model.Initialise(new RunSeed(seed));
                return [.. model.parameters().SelectMany(p => p.data<float>().ToArray())];
            }

            Assert.Equal(First(1), First(1));
            Assert.NotEqual(First(1), First(2));
        });
    }

    [Fact]
    public void Every_parameter_has_a_gradient_and_the_tied_one_is_there_once()
    {
        torch.Thread.Run(() =>
        {
            using var scope = NewDisposeScope();
            using var model = new CausalTransformer(Tiny);
            model.Initialise(new RunSeed(1));
            model.train();
            model.call(tensor(new long[] { 1, 2, 3, 4 }, [1, 4])).sum().backward();
            Assert.All(model.named_parameters(), p => Assert.NotNull(p.parameter.grad));
            Assert.Equal(2 + 2 * 12 + 2, model.named_parameters().Count());
            Assert.DoesNotContain(model.named_parameters(), p => p.name.Contains("head", StringComparison.Ordinal));
        });
    }

    [Fact]
    public void A_later_token_does_not_change_an_earlier_score()
    {
        torch.Thread.Run(() =>
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            using var model = new CausalTransformer(Tiny);
            model.Initialise(new RunSeed(1), deviation: 0.5);
            var a = model.call(tensor(new long[] { 1, 2, 3, 4 }, [1, 4]));
            var b = model.call(tensor(new long[] { 1, 2, 9, 5 }, [1, 4]));
            Assert.Equal(a[0, 1].data<float>().ToArray(), b[0, 1].data<float>().ToArray());
            Assert.NotEqual(a[0, 2].data<float>().ToArray(), b[0, 2].data<float>().ToArray());
        });
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void Both_ways_of_computing_attention_agree_whatever_the_scale(bool scaled, bool byLayer)
    {
        torch.Thread.Run(() =>
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            using var model = new CausalTransformer(Tiny with { ScaleScores = scaled, ScaleScoresByLayer = byLayer });
            model.Initialise(new RunSeed(1), deviation: 0.5);
            var ids = tensor(new long[] { 1, 2, 3, 4 }, [1, 4]);
            var plain = model.Run(new ForwardPass(ids)).data<float>().ToArray();
            var tapped = model.Run(new ForwardPass(ids) { Tap = (_, _, v) => v, TapsWeights = true }).data<float>().ToArray();
            Assert.All(plain.Zip(tapped), p => Assert.Equal(p.First, p.Second, 1e-5f));
        });
    }

    [Fact]
    public void The_scale_options_of_the_config_change_the_scores()
    {
        torch.Thread.Run(() =>
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            float[] Logits(TransformerConfig config)
            {
                using var model = new CausalTransformer(config);
                model.Initialise(new RunSeed(1), deviation: 0.5);
                return model.call(tensor(new long[] { 1, 2, 3, 4 }, [1, 4])).data<float>().ToArray();
            }

            var outputs = new[] { Tiny, Tiny with { ScaleScores = false }, Tiny with { ScaleScoresByLayer = true } }
                .Concat(Enum.GetValues<Activation>().Skip(2).Select(a => Tiny with { Activation = a }))
                .Select(c => string.Join(' ', Logits(c))).ToArray();
            Assert.Equal(outputs.Length, outputs.Distinct().Count());
        });
    }

    [Fact]
    public void A_pass_leaves_no_tensor_behind()
    {
        torch.Thread.Run(() =>
        {
            using var model = new CausalTransformer(Tiny);
            model.Initialise(new RunSeed(1));
            using var ids = tensor(new long[] { 1, 2, 3, 4 }, [1, 4]);
            using var inference = inference_mode();
            var before = Tensor.TotalCount;
            model.call(ids).Dispose();
            model.Run(new ForwardPass(ids) { StopAfter = (0, Place.HeadMix) }).Dispose();
            Assert.Equal(before, Tensor.TotalCount);
        });
    }

    private static CausalTransformer Load(string folder)
    {
        var model = new CausalTransformer(ConfigFile.Read(folder));
        using var checkpoint = Checkpoint.Open(folder);
        WeightLoader.Load(model, checkpoint);
        model.eval();
        return model;
    }
}
