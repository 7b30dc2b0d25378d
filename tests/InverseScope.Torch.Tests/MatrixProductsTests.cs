using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests;

[Collection(TorchCollection.Name)]
public sealed class MatrixProductsTests(TorchFixture torch)
{
    [Fact]
    public void Rounded_factors_give_float32_results_and_gradients_near_those_of_whole_ones() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        var (whole, rounded) = (Pass(NumberType.Float32), Pass(NumberType.BFloat16));
        foreach (var (expected, found) in whole.Zip(rounded))
        {
            Assert.Equal(ScalarType.Float32, found.dtype);
            Assert.NotEqual(0, (expected - found).abs().max().item<float>());
            Assert.InRange((expected - found).norm().item<float>() / expected.norm().item<float>(), 0, 0.01);
        }
    });

    [Fact]
    public void Products_are_whole_before_and_after_and_where_numbers_are_of_another_type() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        var (x, w) = (Values(5, 7), Values(3, 7));
        var whole = nn.functional.linear(x, w);
        float Off(Tensor found) => (whole - found).abs().max().item<float>();
        using (MatrixProducts.Rounded(NumberType.BFloat16))
        {
            using (MatrixProducts.Rounded(NumberType.Float32))
                Assert.Equal(0, Off(MatrixProducts.Linear(x, w)));
            Assert.NotEqual(0, Off(MatrixProducts.Linear(x, w)));
            Assert.Equal(ScalarType.Float64, MatrixProducts.Linear(x.@double(), w.@double()).dtype);
        }

        Assert.Equal(0, Off(MatrixProducts.Linear(x, w)));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
        {
            using var narrow = MatrixProducts.Rounded(NumberType.Float16);
        });
    });

    [Fact]
    public void A_processor_multiplies_bfloat16_where_the_system_says_that_it_can()
    {
        const string Flags = "/proc/cpuinfo";
        Assert.SkipUnless(File.Exists(Flags), "only Linux tells what its processor can: see tests/SKIPS.md");
        var has = File.ReadAllText(Flags).Split().Any(flag => flag is "avx512_bf16" or "amx_bf16");
        Assert.Equal(has ? NumberType.BFloat16 : NumberType.Float32, MatrixProducts.FastestOn("cpu"));
        Assert.Equal(NumberType.Float32, MatrixProducts.FastestOn("cuda:1"));
    }

    // Results and gradients of one of each kind of product.
    private static Tensor[] Pass(NumberType type)
    {
        Tensor[] leaves = [Values(2, 5, 7), Values(6, 7), Values(6), Values(2, 6, 4)];
        foreach (var leaf in leaves)
            leaf.requires_grad = true;
        using (MatrixProducts.Rounded(type))
        {
            var found = MatrixProducts.Batched(MatrixProducts.Linear(leaves[0], leaves[1], leaves[2]).tanh(), leaves[3]);
            found.square().sum().backward();
            return [found.detach(), .. leaves.Select(leaf => leaf.grad!)];
        }
    }

    private static Tensor Values(params long[] shape)
    {
        var count = shape.Aggregate(1L, (a, b) => a * b);
        return tensor([.. Enumerable.Range(0, (int)count).Select(i => MathF.Sin(1 + i * i * 0.37f))], shape, device: CPU);
    }
}
