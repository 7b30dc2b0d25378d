using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;

namespace InverseScope.Torch.Tests.Models;

public sealed class MemoryNeedTests
{
    // Llama-3-8B's sizes: 8.03 billion parameters.
    private static readonly TransformerConfig Llama8B = new()
    {
        Family = "llama",
        Layers = 32,
        Heads = 32,
        KeyValueHeads = 8,
        HeadWidth = 128,
        Width = 4096,
        MlpWidth = 14336,
        Vocabulary = 128256,
        Context = 8192,
        Rotary = new RotaryPositions(500_000),
        GatedMlp = true,
        TiedHead = false,
    };

    private static readonly TransformerConfig Gemma2B = new()
    {
        Family = "gemma2",
        Layers = 26,
        Heads = 8,
        KeyValueHeads = 4,
        HeadWidth = 256,
        Width = 2304,
        MlpWidth = 9216,
        Vocabulary = 256_000,
        Context = 8192,
        Rotary = new RotaryPositions(10_000),
        GatedMlp = true,
        NormsAdded = true,
        ScoreCap = 50,
    };

    private const int Tokens = 8192;

    [Fact]
    public void A_batch_counts_as_well()
    {
        // 8,192 tokens × (5 × 14,336 wide numbers and 4 × 4,096 of the stream in 2 bytes, 3 × 4,096 in 4).
        Assert.Equal(1.846e9, MemoryNeed.Batch(Llama8B, NumberType.BFloat16, Tokens, 512), 0.001e9);
        Assert.Equal(MemoryNeed.Batch(Llama8B, NumberType.BFloat16, Tokens, 512) / 8, MemoryNeed.Batch(Llama8B, NumberType.BFloat16, Tokens / 8, 512), 1);
        MemoryNeed.Check("m", Llama8B, NumberType.BFloat16, "cpu", 100, 30, 16.7e9);
        Assert.Throws<ShortOfMemoryException>(() => MemoryNeed.Check("m", Llama8B, NumberType.BFloat16, "cpu", Tokens, 512, 16.7e9));
    }

    [Fact]
    public void Scores_that_are_capped_are_kept_for_every_pair_of_tokens_of_a_text()
    {
        var capped = Llama8B with { ScoreCap = 50 };
        Assert.True(MemoryNeed.Batch(capped, NumberType.Float32, Tokens, Tokens) > 8192.0 * 8192 * 32 * 4);
        var uncapped = MemoryNeed.Batch(Llama8B, NumberType.Float32, Tokens, 30);
        Assert.InRange(MemoryNeed.Batch(capped, NumberType.Float32, Tokens, 30), uncapped, uncapped + 8192.0 * 30 * 32 * 12);
        // A text that is longer than a batch runs alone, and none is longer than the context.
        Assert.Equal(MemoryNeed.Batch(capped, NumberType.Float32, Tokens, Tokens), MemoryNeed.Batch(capped, NumberType.Float32, 100, 2 * Tokens));
    }

    // Gemma-2-2B's sizes: 2.61 billion parameters, 10.5 GB in float32.
    [Theory]
    [InlineData(30)]
    [InlineData(MemoryNeed.LongestText)]
    public void A_model_of_two_billion_fits_where_texts_are_short(int longest) =>
        MemoryNeed.Check("m", Gemma2B, NumberType.Float32, "cpu", Tokens, longest, 15e9);

    [Fact]
    public void A_batch_that_is_too_large_alone_is_told_with_the_option()
    {
        var e = Assert.Throws<ShortOfMemoryException>(() => MemoryNeed.Check("m", Gemma2B, NumberType.Float32, "cpu", Tokens, 512, 11.8e9));
        Assert.Contains("--batch-tokens 2048", e.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_are_counted()
    {
        Assert.Equal(8.03e9, Llama8B.Parameters, 0.01e9);
        Assert.Equal(32.1e9, MemoryNeed.Weights(Llama8B, NumberType.Float32), 0.1e9);
        Assert.Equal(16.06e9, MemoryNeed.Weights(Llama8B, NumberType.BFloat16), 0.1e9);
    }

    [Fact]
    public void What_fits_or_cannot_be_told_is_not_refused()
    {
        MemoryNeed.Check("m", Llama8B, NumberType.BFloat16, "cuda", Tokens, 512, 24e9);
        MemoryNeed.Check("m", Llama8B, NumberType.Float32, "cuda", Tokens, 512, null);
    }

    [Fact]
    public void What_would_fit_in_another_type_is_told_so()
    {
        var e = Assert.Throws<ShortOfMemoryException>(() => MemoryNeed.Check("m", Llama8B, NumberType.Float32, "cuda", Tokens, 512, 24e9));
        Assert.Equal("m needs about 35.9 GB on cuda in float32, but 24.0 GB are free there.", e.What);
        Assert.Equal("In bfloat16 it needs about 18.4 GB: --dtype bfloat16.", e.Fix);
    }

    [Fact]
    public void What_fits_in_no_type_is_refused()
    {
        var e = Assert.Throws<ShortOfMemoryException>(() => MemoryNeed.Check("m", Llama8B, NumberType.BFloat16, "cpu", Tokens, 512, 8e9));
        Assert.Contains("needs about 18.4 GB on cpu in bfloat16, but 8.0 GB are free", e.What, StringComparison.Ordinal);
        Assert.Contains("another device", e.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void This_machine_tells_what_is_free() => Assert.InRange(MemoryNeed.Available("cpu")!.Value, 1e6, 1e15);
}
