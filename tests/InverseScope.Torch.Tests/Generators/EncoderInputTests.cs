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
        var read = EncoderInput.Polar.Of(tensor([3f, 0, 0, 4], [1, 1, 4])).flatten().data<float>().ToArray();
        float[] expected = [3, 0, 0, 4, 1.2f, 0, 0, 1.6f, (float)Math.Log(5)];
        Assert.Equal(expected.Length, read.Length);
        foreach (var (e, r) in expected.Zip(read))
            Assert.Equal(e, r, 1e-6);
        Assert.Equal([4, 4, 1], EncoderInput.Polar.Parts(4));
        Assert.Equal([3f, 0, 0, 4], EncoderInput.Activation.Of(tensor([3f, 0, 0, 4], [1, 1, 4])).flatten().data<float>().ToArray());
    });

    [Fact]
    public void A_small_activation_is_told_apart_by_its_direction_and_zeros_drown_nothing() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        SiteShape[] shapes = [new(3, "L0", "@a")];
        float[] Encoded(EncoderInput input, params float[] z)
        {
            using var encoders = new SiteEncoders(shapes, 4, input);
            encoders.Initialise([new SiteStatistics(new float[input.Parts(3).Sum()], [.. input.Parts(3).Select(_ => 1f)], [])], new RunSeed(1));
            return encoders.Encode(SiteBatch.Of(0, z, 1)).flatten().data<float>().ToArray();
        }

        double Apart(EncoderInput input, float scale) =>
            Encoded(input, scale, 0, 0).Zip(Encoded(input, 0, scale, 0), (a, b) => Math.Abs(a - b)).Max();
        Assert.InRange(Apart(EncoderInput.Activation, 1e-4f), 0, 1e-3);
        Assert.InRange(Apart(EncoderInput.Polar, 1e-4f), 0.05, double.MaxValue);
        Assert.All(Encoded(EncoderInput.Polar, 0, 0, 0), e => Assert.InRange(e, -20, 20));
    });
}
