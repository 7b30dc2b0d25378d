using InverseScope.Core.Seeds;
using InverseScope.Torch.Generators;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests.Generators;

[Collection(TorchCollection.Name)]
public sealed class EncoderInputTests(TorchFixture torch)
{
    [Fact]
    public void Polar_input_is_the_activation_its_direction_and_the_logarithm_of_its_norm() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        float[] read = EncoderInput.Polar.Of(tensor([3f, 0, 0, 4], [1, 1, 4])).flatten().data<float>().ToArray();
        Near([3, 0, 0, 4, 1.2f, 0, 0, 1.6f, (float)Math.Log(5)], read);
        Assert.Equal([4, 4, 1], EncoderInput.Polar.Blocks(4));
        Assert.Equal([3f, 0, 0, 4], EncoderInput.Activation.Of(tensor([3f, 0, 0, 4], [1, 1, 4])).flatten().data<float>().ToArray());
    });

    [Fact]
    public void Each_block_of_each_site_has_its_own_scale() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        SiteShape[] shapes = [new(2, "L0", "@a"), new(2, "L1", "@a")];
        using var encoders = new SiteEncoders(shapes, 5, EncoderInput.Polar);
        encoders.Initialise([new([9, 9, 9, 9, 9], [9, 9, 9], []), new([1, 2, 0.5f, -0.5f, 1], [2, 0.5f, 0.1f], [])], new RunSeed(1));
        using (no_grad())
        {
            foreach (var (name, parameter) in encoders.named_parameters().Where(p => p.name.EndsWith("weight", StringComparison.Ordinal) || p.name.EndsWith("bias", StringComparison.Ordinal)))
            {
                parameter.zero_();
                if (name.EndsWith(".site.weight", StringComparison.Ordinal))
                    parameter[1].copy_(eye(5));
                if (name.EndsWith(".site.bias", StringComparison.Ordinal))
                    parameter[1].copy_(tensor([0f, 0, 0, 0, 7]));
            }
        }

        var root = Math.Sqrt(2);
        Near(
            [(3 - 1) / 2f, (4 - 2) / 2f, (float)((0.6 * root - 0.5) / 0.5), (float)((0.8 * root + 0.5) / 0.5), (float)((Math.Log(5) - 1) / 0.1) + 7],
            encoders.Encode(SiteBatch.Of(1, [3, 4], 1)).flatten().data<float>().ToArray());
        // Of zeros the direction is none, and the norm no further off than 8 deviations.
        Near([-0.5f, -1, -1, 1, -8 + 7], encoders.Encode(SiteBatch.Of(1, [0, 0], 1)).flatten().data<float>().ToArray());
    });

    [Fact]
    public void Small_activations_are_told_apart_by_their_directions() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        double Apart(EncoderInput input)
        {
            using var encoders = new SiteEncoders([new(3, "L0", "@a")], 4, input);
            encoders.Initialise([new SiteStatistics(new float[input.Blocks(3).Sum()], [.. input.Blocks(3).Select(_ => 1f)], [])], new RunSeed(1));
            return (encoders.Encode(SiteBatch.Of(0, [1e-4f, 0, 0], 1)) - encoders.Encode(SiteBatch.Of(0, [0, 1e-4f, 0], 1))).abs().max().item<float>();
        }

        Assert.InRange(Apart(EncoderInput.Activation), 0, 1e-3);
        Assert.InRange(Apart(EncoderInput.Polar), 0.05, double.MaxValue);
    });

    private static void Near(float[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        foreach (var (e, f) in expected.Zip(found))
            Assert.Equal(e, f, 1e-5);
    }
}
