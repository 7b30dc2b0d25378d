using InverseScope.Core.Seeds;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests.Models;

[Collection(TorchCollection.Name)]
public sealed class KeyValueCacheTests(TorchFixture torch)
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
        Context = 8,
    };

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(1, true)]
    [InlineData(3, true)]
    public void Reading_on_gives_what_reading_all_gives(int first, bool hasPrefix) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var model = Random();
        var ids = randint(0, 11, [3, 7], dtype: ScalarType.Int64);
        var rows = randn(3, 1, 8);
        Func<int, Tensor>? prefix = hasPrefix ? layer => rows.Times(layer + 1) : null;
        var all = model.Run(new ForwardPass(ids) { Prefix = prefix });
        using var cache = new KeyValueCache(Tiny, 3, 7, hasPrefix, CPU, ScalarType.Float32);
        for (int at = 0, length = first; at < 7; at += length, length = Math.Min(2, 7 - at))
        {
            var part = model.Run(new ForwardPass(ids.narrow(1, at, length)) { Cache = cache, Prefix = prefix });
            Near(all.narrow(1, at, length), part);
        }
    });

    [Fact]
    public void A_prefix_is_seen_by_every_token() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var model = Random();
        var ids = randint(0, 11, [1, 5], dtype: ScalarType.Int64);
        var without = model.Run(new ForwardPass(ids));
        var with = model.Run(new ForwardPass(ids) { Prefix = _ => ones(1, 1, 8) });
        Assert.All(Enumerable.Range(0, 5), t => Assert.True((without[0, t] - with[0, t]).abs().max().item<float>() > 1e-4));
    });

    [Fact]
    public void Rows_that_stay_are_read_on_as_before() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var model = Random();
        var ids = randint(0, 11, [4, 6], dtype: ScalarType.Int64);
        using var cache = new KeyValueCache(Tiny, 4, 6, false, CPU, ScalarType.Float32);
        model.Run(new ForwardPass(ids.narrow(1, 0, 4)) { Cache = cache });
        var kept = tensor(new long[] { 3, 1 });
        cache.Keep(kept);
        var fewer = ids.index_select(0, kept);
        Near(model.Run(new ForwardPass(fewer)).narrow(1, 4, 2), model.Run(new ForwardPass(fewer.narrow(1, 4, 2)) { Cache = cache }));
    });

    [Fact]
    public void Low_rank_updates_change_nothing_at_first_and_merge_into_the_weights() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var model = Random();
        var ids = randint(0, 11, [2, 5], dtype: ScalarType.Int64);
        var before = model.call(ids).detach();
        model.AddLowRank(2, new RunSeed(1));
        Near(before, model.call(ids).detach());
        Assert.All(
            model.named_parameters().Where(p => p.parameter.requires_grad), p => Assert.Contains("update_", p.name, StringComparison.Ordinal));

        // 2 layers of 4 projections, each with two factors.
        Assert.Equal(16, model.named_parameters().Count(p => p.parameter.requires_grad));
        model.call(ids).Squared().sum().backward();
        using (no_grad())
        {
            foreach (var (_, parameter) in model.named_parameters().Where(p => p.parameter.requires_grad))
                parameter.AddInPlace(randn_like(parameter), 0.1);
        }

        var moved = model.call(ids).detach();
        Assert.True((moved - before).abs().max().item<float>() > 1e-3);
        using var merged = model.Merged();
        Near(moved, merged.call(ids).detach());
        Assert.DoesNotContain(merged.named_parameters(), p => p.name.Contains("update", StringComparison.Ordinal));
    });

    private static CausalTransformer Random()
    {
        var model = new CausalTransformer(Tiny);
        model.Initialise(new RunSeed(7), deviation: 0.4, positionDeviation: 0.4);
        model.eval();
        return model;
    }

    private static void Near(Tensor expected, Tensor found) =>
        Assert.InRange((expected - found).abs().max().item<float>(), 0, 1e-5 * expected.abs().max().item<float>());
}
