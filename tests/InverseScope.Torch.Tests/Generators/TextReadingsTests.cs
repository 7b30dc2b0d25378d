using InverseScope.Core.Seeds;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests.Generators;

[Collection(TorchCollection.Name)]
public sealed class TextReadingsTests(TorchFixture torch)
{
    private const int Latent = 12;
    private const int Begin = 9;

    // Three tokens of three kinds each, after one that all have.
    private static readonly int[][] Texts = [.. Enumerable.Range(0, 400).Select(i =>
    {
        var random = new RunSeed(i).Stream("text");
        return (int[])[Begin, random.NextInt(3), 3 + random.NextInt(3), 6 + random.NextInt(3)];
    })];

    [Fact]
    public void Texts_are_as_far_apart_as_tokens_differ() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        var readings = TextReadings.Of(Texts, Latent);
        Assert.Equal([400, Latent], readings.shape);
        Assert.Equal(1, readings.Squared().mean().item<float>(), 1e-3);
        Assert.InRange(readings.mean([0L]).abs().max().item<float>(), 0, 1e-4);
        double Apart(int a, int b) => (readings[a] - readings[b]).Squared().sum().item<float>();
        int Differing(int a, int b) => Texts[a].Zip(Texts[b]).Count(t => t.First != t.Second);
        var one = Apart(0, Enumerable.Range(1, 399).First(i => Differing(0, i) == 1));
        for (var other = 1; other < 100; other++)
            Assert.Equal(one * Differing(0, other), Apart(0, other), 1e-2);
    });

    [Fact]
    public void What_an_activation_tells_in_a_line_is_read_and_nothing_else() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        var readings = TextReadings.Of(Texts, Latent);
        var told = Normed(readings.mm(Normal("image", Latent, 20)));
        Assert.True(Explained(told, readings) > 0.95);
        // Two of the three tokens.
        var part = Normed(TextReadings.Of([.. Texts.Select(t => t[..3])], Latent).mm(Normal("image", Latent, 20)));
        Assert.InRange(Explained(part, readings), 0.6, 0.7);
        // Twenty numbers of noise and 400 texts: a twentieth is chance.
        Assert.InRange(Explained(Normal("noise", 400, 20), readings), 0, 0.1);
    });

    [Fact]
    public void Activations_wider_than_there_are_texts_have_the_same_ridge_regression() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        var (z, t) = (Normal("z", 30, 50).@double(), Normal("t", 30, 4).@double());
        var map = TextReadings.MapOf(z.@float(), t.@float()).@double(); // (4, 50)
        // (ZᵀZ/N + 0.01) W = ZᵀT/N
        var left = z.t().mm(z).DividedBy(30).mm(map.t()).Plus(map.t().Times(0.01));
        Assert.InRange((left - z.t().mm(t).DividedBy(30)).abs().max().item<double>(), 0, 1e-5);
    });

    [Fact]
    public void Sites_that_tell_the_same_begin_with_the_same_encodings() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        var readings = TextReadings.Of(Texts, Latent);
        SiteShape[] shapes = [new(20, "L0", "@a"), new(30, "L1", "@b")];
        var activations = shapes.Select(s => Normed(readings.mm(Normal(s.Address, Latent, s.Width)))).ToArray();
        using var encoders = new SiteEncoders(shapes, Latent, EncoderInput.Activation);
        encoders.Initialise(
            [.. activations.Select((z, i) => new SiteStatistics(new float[shapes[i].Width], [1], TextReadings.MapOf(z, readings).data<float>().ToArray()))], new RunSeed(1));
        Tensor[] encoded = [.. activations.Select((z, i) => encoders.Encode(SiteBatch.Of(i, z.contiguous().data<float>().ToArray(), 400)))];
        // Beside what names the site, which is the same for all its texts.
        var (first, second) = (encoded[0] - encoded[0].mean([0L], keepdim: true), encoded[1] - encoded[1].mean([0L], keepdim: true));
        var alike = (first * second).sum().item<float>() / Math.Sqrt(first.Squared().sum().item<float>() * second.Squared().sum().item<float>());
        Assert.True(alike > 0.8, $"{alike}");
    });

    private static double Explained(Tensor activations, Tensor readings) =>
        1 - (readings - activations.mm(TextReadings.MapOf(activations, readings).t())).Squared().sum().item<float>() / readings.Squared().sum().item<float>();

    private static Tensor Normed(Tensor z)
    {
        var centred = z - z.mean([0L], keepdim: true);
        return centred / Math.Sqrt(centred.Squared().mean().item<float>());
    }

    private static Tensor Normal(string name, int rows, int columns)
    {
        var random = new RunSeed(5).Stream(name);
        return tensor([.. Enumerable.Range(0, rows * columns).Select(_ => (float)random.NextNormal())], [rows, columns]);
    }
}
