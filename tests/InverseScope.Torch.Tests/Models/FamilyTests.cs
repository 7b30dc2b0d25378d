using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests.Models;

/// <summary>What must hold of every family, whatever its options.</summary>
[Collection(TorchCollection.Name)]
public sealed class FamilyTests(TorchFixture torch)
{
    private const int Tokens = 7;

    private static readonly TransformerConfig Llama = new()
    {
        Family = "llama",
        Layers = 3,
        Heads = 4,
        KeyValueHeads = 2,
        HeadWidth = 6,
        Width = 8,
        MlpWidth = 12,
        Vocabulary = 11,
        Context = 8,
        Rotary = new RotaryPositions(100, new RotaryScaling(4, new RotaryBands(1, 4, 8))),
        Norm = NormKind.RootMeanSquare,
        GatedMlp = true,
        AttentionBias = false,
        MlpBias = false,
        TiedHead = false,
        Activation = Activation.Silu,
    };

    private static readonly TransformerConfig Gemma2 = Llama with
    {
        Family = "gemma2",
        Norm = NormKind.RootMeanSquareFromOne,
        NormsAdded = true,
        EmbeddingScale = 3,
        ScoreScale = 0.5,
        ScoreCap = 2,
        LogitCap = 3,
        SlidingWindow = 3,
        SlidingLayers = [true, false, true],
        TiedHead = true,
    };

    public static TheoryData<string> Names => ["llama", "gemma2", "gemma2 without caps", "llama with biases"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Reading_on_from_a_cache_gives_what_reading_all_gives(string name) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var model = Model(Config(name));
        var (ids, rows) = (Ids(3), randn(3, 1, 8));
        foreach (var hasPrefix in new[] { false, true })
        {
            Func<int, Tensor>? prefix = hasPrefix ? layer => rows.Times(layer + 1) : null;
            var all = model.Run(new ForwardPass(ids) { Prefix = prefix });
            foreach (var first in new[] { 1, 4 })
            {
                using var cache = new KeyValueCache(model.Config, 3, Tokens, hasPrefix, CPU, ScalarType.Float32);
                for (int at = 0, length = first; at < Tokens; at += length, length = Math.Min(at % 2 + 1, Tokens - at))
                    Near(all.narrow(1, at, length), model.Run(new ForwardPass(ids.narrow(1, at, length)) { Cache = cache, Prefix = prefix }));
            }
        }
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Padding_before_a_text_changes_nothing(string name) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var model = Model(Config(name));
        var ids = Ids(1);
        var alone = model.Run(new ForwardPass(ids));
        var padded = model.Run(new ForwardPass(cat([zeros_like(ids.narrow(1, 0, 2)), ids], 1))
        {
            Mask = tensor([.. new bool[2], .. Enumerable.Repeat(true, Tokens)], [1, Tokens + 2]),
            Positions = tensor([0L, 0L, .. Enumerable.Range(0, Tokens).Select(t => (long)t)], [1, Tokens + 2]),
        });
        Near(alone, padded.narrow(1, 2, Tokens));
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void A_later_token_does_not_change_an_earlier_one(string name) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var model = Model(Config(name));
        var ids = Ids(1);
        var other = ids.clone();
        other[0, 4] = (ids[0, 4].item<long>() + 1) % 11;
        var (a, b) = (model.call(ids), model.call(other));
        Near(a.narrow(1, 0, 4), b.narrow(1, 0, 4));
        Assert.True((a - b).abs()[0, 4].max().item<float>() > 1e-3);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Both_ways_of_computing_attention_agree(string name) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var model = Model(Config(name));
        var ids = Ids(2);
        Near(model.Run(new ForwardPass(ids)), model.Run(new ForwardPass(ids) { Tap = (_, _, v) => v, TapsWeights = true }));
    });

    [Fact]
    public void A_sliding_layer_sees_no_further_than_its_window() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var model = Model(Gemma2 with { Layers = 1 });
        var ids = Ids(1);
        var other = ids.clone();
        other[0, 2] = (ids[0, 2].item<long>() + 1) % 11;
        var changed = (model.Run(new ForwardPass(ids)) - model.Run(new ForwardPass(other))).abs().amax([0L, 2L]);
        Assert.Equal([false, false, true, true, true, false, false], Enumerable.Range(0, Tokens).Select(t => changed[t].item<float>() > 1e-5));
    });

    [Fact]
    public void Rotary_positions_tell_distances_alone() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var model = Model(Llama);
        var ids = Ids(1);
        var moved = model.Run(new ForwardPass(ids) { Positions = TensorArithmetic.Integers(5, 5 + Tokens, ids.device).unsqueeze(0) });
        Near(model.Run(new ForwardPass(ids)), moved);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Head_outputs_sum_to_what_attention_gives(string name) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var model = Model(Config(name));
        var ids = new[] { 1, 2, 3, 4, 5 };
        using var reader = new SiteReader(model, [.. Enumerable.Range(0, 4).Select(head => new SiteAddress(SiteKind.Head, 1, head))], 1, Basis.Raw);
        var read = reader.Read([ids], [[4]]);
        var sum = new float[8];
        for (var head = 0; head < 4; head++)
        {
            foreach (var (i, value) in reader.FullWidth(head, read[head][0]).Index())
                sum[i] += value;
        }

        float[] given = [];
        model.Run(new ForwardPass(tensor(Array.ConvertAll(ids, id => (long)id), [1, 5]))
        {
            Tap = (place, layer, value) =>
            {
                if (layer == 1 && place == (model.Config.NormsAdded ? Place.UnnormedAttention : Place.Attention))
                    given = value[0, 4].data<float>().ToArray();
                return value;
            },
        });
        var bias = model.named_parameters().FirstOrDefault(p => p.name == "h.1.attn.c_proj.bias").parameter?.data<float>().ToArray() ?? new float[8];
        Assert.All(Enumerable.Range(0, 8), i => Assert.Equal(given[i] - bias[i], sum[i], 1e-5f));
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_parameter_is_used(string name) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var model = Model(Config(name));
        model.call(Ids(2)).Squared().sum().backward();
        Assert.All(model.named_parameters(), p => Assert.True(p.parameter.grad is { } grad && grad.abs().sum().item<float>() > 0, p.name));
    });

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void A_half_as_wide_type_gives_about_the_same(ScalarType type) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        foreach (var name in Names.Select(row => row.Data))
        {
            using var wide = Model(Config(name));
            using var narrow = new CausalTransformer(Config(name), new Placement(CPU, type));
            foreach (var (from, to) in wide.parameters().Zip(narrow.parameters()))
                to.copy_(from);
            var ids = Ids(2);
            var (expected, found) = (wide.call(ids), narrow.call(ids));
            Assert.Equal(type, found.dtype);
            Assert.InRange((expected - found.@float()).abs().mean().item<float>() / expected.abs().mean().item<float>(), 0, 0.15);
            // Padded queries see nothing, and become no NaN.
            var padded = narrow.Run(new ForwardPass(ids) { Mask = tensor([.. new bool[2], .. Enumerable.Repeat(true, Tokens - 2)], [1, Tokens]).expand(2, -1) });
            Assert.True(padded.isfinite().all().item<bool>());
        }
    });

    [Fact]
    public void Random_weights_do_not_depend_on_how_many_are_made_at_once() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var whole = Model(Llama);
        using var parts = Model(Llama);
        whole.Randomise(new RunSeed(9));
        parts.Randomise(new RunSeed(9), blockNumbers: 20);
        using var frozen = no_grad();
        Assert.All(whole.parameters().Zip(parts.parameters()), p => Assert.False(p.First.ne(p.Second).any().item<bool>()));
        Assert.True(whole.parameters().First().std().item<float>() > 0.1);
    });

    private static TransformerConfig Config(string name) => name switch
    {
        "llama" => Llama,
        "gemma2" => Gemma2,
        "gemma2 without caps" => Gemma2 with { ScoreCap = null, LogitCap = null },
        _ => Llama with { AttentionBias = true, MlpBias = true, KeyValueHeads = 1 },
    };

    private static CausalTransformer Model(TransformerConfig config)
    {
        var model = new CausalTransformer(config);
        model.Initialise(new RunSeed(3), 0.5, 0.5);
        model.eval();
        using var frozen = no_grad();
        var random = new RunSeed(4).Stream("biases");
        foreach (var (name, parameter) in model.named_parameters().Where(p => p.name.EndsWith("bias", StringComparison.Ordinal)))
            parameter.copy_(tensor([.. Enumerable.Range(0, (int)parameter.numel()).Select(_ => (float)random.NextNormal())]));
        return model;
    }

    private static Tensor Ids(int rows)
    {
        var random = new RunSeed(5).Stream("ids");
        return tensor([.. Enumerable.Range(0, rows * Tokens).Select(_ => (long)random.NextInt(11))], [rows, Tokens]);
    }

    private static void Near(Tensor expected, Tensor found) =>
        Assert.InRange((expected - found).abs().max().item<float>(), 0, 2e-5f * Math.Max(1, expected.abs().max().item<float>()));
}
