using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Testing;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using InverseScope.Torch.Safetensors;

namespace InverseScope.Torch.Tests.Models;

[Collection(TorchCollection.Name)]
public sealed class WeightLoaderTests(TorchFixture torch) : IDisposable
{
    private static readonly TransformerConfig Tiny = new()
    {
        Family = "gpt2",
        Layers = 1,
        Heads = 2,
        HeadWidth = 2,
        Width = 4,
        MlpWidth = 16,
        Vocabulary = 5,
        Context = 6,
    };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void All_differences_are_listed_at_once()
    {
        Rewrite(tensors =>
        {
            tensors.Remove("transformer.ln_f.bias");
            tensors["transformer.wpe.weight"] = (DType.F32, [7, 4], new float[28]);
            tensors["transformer.h.1.ln_1.weight"] = (DType.F32, [4], new float[4]);
        });
        var e = Assert.Throws<BadInputException>(Load);
        Assert.Contains("3 differences", e.Message, StringComparison.Ordinal);
        Assert.Contains("missing: ln_f.bias [4]", e.Message, StringComparison.Ordinal);
        Assert.Contains("transformer.wpe.weight is F32 [7, 4], expected [6, 4]", e.Message, StringComparison.Ordinal);
        Assert.Contains("not expected: transformer.h.1.ln_1.weight F32 [4]", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2_000_000_000, 4, 5)]
    [InlineData(1, 1_000_000, 5)]
    [InlineData(1, 4, 2_000_000_000)]
    public void A_config_that_asks_for_far_more_than_the_files_hold_is_refused_before_memory_is_taken(int layers, int width, int vocabulary)
    {
        Rewrite(_ => { });
        using var checkpoint = Checkpoint.Open(_folder.Path);
        WeightLoader.CheckSize(Tiny, checkpoint);

        var e = Assert.Throws<BadInputException>(() =>
            WeightLoader.CheckSize(Tiny with { Layers = layers, Width = width, Vocabulary = vocabulary }, checkpoint));

        Assert.Contains("but the weights hold", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama3-tiny-bf16-sharded")]
    [InlineData("gpt2-tiny-bf16-sharded")]
    public void A_checkpoint_comes_in_blocks_of_bounded_size_and_the_size_changes_nothing(string name) => torch.Thread.Run(() =>
    {
        const long Most = 512;
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var checkpoint = Checkpoint.Open(Golden.Folder(name));
        foreach (var tensor in checkpoint.Names)
        {
            var (entry, next) = (checkpoint[tensor], 0L);
            var alive = TorchSharp.torch.Tensor.TotalCount;
            foreach (var (first, block) in WeightLoader.Blocks(checkpoint, tensor, Most))
            {
                using (block)
                {
                    Assert.Equal(next, first);
                    Assert.InRange(block.numel() * block.element_size(), 1, Math.Max(Most, entry.Bytes / entry.Shape[0]));
                    Assert.Equal(alive + 1, TorchSharp.torch.Tensor.TotalCount);
                    next += block.shape[0];
                }
            }

            Assert.Equal(entry.Shape[0], next);
        }

        var config = ConfigFile.Read(Golden.Folder(name));
        var placement = new Placement(TorchSharp.torch.CPU, TorchSharp.torch.ScalarType.BFloat16);
        using CausalTransformer usual = new(config, placement), small = new(config, placement);
        WeightLoader.Load(usual, checkpoint);
        WeightLoader.Load(small, checkpoint, blockBytes: 1);
        foreach (var (mine, theirs) in usual.parameters().Zip(small.parameters()))
            Assert.Equal(mine.Singles(), theirs.Singles());
    });

    [Fact]
    public void A_shape_that_would_broadcast_is_refused()
    {
        Rewrite(tensors => tensors["transformer.ln_f.bias"] = (DType.F32, [1], [1]));
        Assert.Contains("ln_f.bias", Assert.Throws<BadInputException>(Load).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mask_buffers_are_ignored()
    {
        Rewrite(tensors =>
        {
            tensors["transformer.h.0.attn.bias"] = (DType.F32, [1, 1, 6, 6], new float[36]);
            tensors["h.0.attn.masked_bias"] = (DType.F32, [], [-1e4f]);
        });
        Load();
    }

    [Fact]
    public void A_copy_of_the_tied_head_is_accepted_and_another_head_is_not()
    {
        Rewrite(tensors => tensors["lm_head.weight"] = tensors["transformer.wte.weight"]);
        Load();
        Rewrite(tensors => tensors["lm_head.weight"] = (DType.F32, [5, 4], new float[20]));
        var e = Assert.Throws<BadInputException>(Load);
        Assert.Contains("tie_word_embeddings", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_under_two_names_is_refused()
    {
        Rewrite(tensors => tensors["ln_f.bias"] = tensors["transformer.ln_f.bias"]);
        Assert.Contains("twice", Assert.Throws<BadInputException>(Load).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Differences_are_told_in_the_names_of_the_family()
    {
        CopyLlama(tensors =>
        {
            tensors.Remove("model.layers.1.self_attn.k_proj.weight");
            tensors["model.layers.0.mlp.gate_proj.weight"] = (DType.F32, [64, 112], new float[64 * 112]);
            tensors["model.layers.0.self_attn.q_proj.bias"] = (DType.F32, [64], new float[64]);
        });
        var e = Assert.Throws<BadInputException>(Load);
        Assert.Contains("3 differences", e.Message, StringComparison.Ordinal);
        Assert.Contains("missing: layers.1.self_attn.k_proj.weight [32, 64]", e.Message, StringComparison.Ordinal);
        Assert.Contains("model.layers.0.mlp.gate_proj.weight is F32 [64, 112], expected [112, 64]", e.Message, StringComparison.Ordinal);
        Assert.Contains("not expected: model.layers.0.self_attn.q_proj.bias F32 [64]", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rotary_speeds_of_old_files_are_ignored()
    {
        CopyLlama(tensors => tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = (DType.F32, [8], new float[8]));
        Load();
    }

    private void Load() => torch.Thread.Run(() =>
    {
        using var model = new CausalTransformer(ConfigFile.Read(_folder.Path));
        using var checkpoint = Checkpoint.Open(_folder.Path);
        WeightLoader.Load(model, checkpoint);
    });

    private void Rewrite(Action<Dictionary<string, (DType DType, long[] Shape, float[] Values)>> change)
    {
        torch.Thread.Run(() =>
        {
            using var model = new CausalTransformer(Tiny);
            model.Initialise(new RunSeed(1));
            WeightLoader.Save(model, _folder.Path);
        });
        ChangeTensors(change);
    }

    private void CopyLlama(Action<Dictionary<string, (DType DType, long[] Shape, float[] Values)>> change)
    {
        foreach (var name in new[] { "config.json", "model.safetensors" })
            File.Copy(Path.Combine(Golden.Folder("llama3-tiny"), name), _folder[name]);
        ChangeTensors(change);
    }

    private void ChangeTensors(Action<Dictionary<string, (DType DType, long[] Shape, float[] Values)>> change)
    {
        var path = _folder["model.safetensors"];
        Dictionary<string, (DType DType, long[] Shape, float[] Values)> tensors;
        using (var file = SafetensorsFile.Open(path))
            tensors = file.Tensors.ToDictionary(t => t.Key, t => (t.Value.DType, t.Value.Shape.ToArray(), file.ReadSingles(t.Key)));
        change(tensors);
        using var writer = new SafetensorsWriter(
            path, tensors.Select(t => (t.Key, t.Value.DType, (IReadOnlyList<long>)t.Value.Shape)));
        foreach (var (name, tensor) in tensors)
            writer.Write<float>(name, 0, tensor.Values);
        writer.Commit();
    }
}
