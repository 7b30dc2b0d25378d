using System.Runtime.InteropServices;
using System.Text.Json;
using InverseScope.Core.Seeds;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests.Generators;

[Collection(TorchCollection.Name)]
public sealed class ControlLayerTests(TorchFixture torch)
{
    // max|a − b| / max|b|, as the golden files say.
    private const double Tolerance = 1e-5;

    public static TheoryData<string> Cases => ["single", "batched-latent-differs", "zero-init-values"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Outputs_and_gradients_equal_the_reference(string name) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        var golden = Case(name);
        var (parameters, inputs, outputs, gradients) =
            (golden.GetProperty("params"), golden.GetProperty("inputs"), golden.GetProperty("outputs"), golden.GetProperty("grad_of_sum"));
        int Number(string of) => golden.GetProperty(of).GetInt32();
        using var layer = new ControlLayer(Number("d_model"), Number("d_latent"), Number("n_heads"), Number("head_dim"));
        using var encoders = new SiteEncoders([new SiteShape(Number("d_site"), "L0", "@last")], Number("d_latent"), EncoderInput.Activation);
        encoders.Initialise([new(new float[Number("d_site")], [1], [])], new RunSeed(1));
        using (no_grad())
        {
            foreach (var (parameter, values) in layer.named_parameters())
                values.copy_(Read(parameters.GetProperty(parameter)));
            foreach (var part in encoders.named_parameters().Where(p => p.name.EndsWith("weight", StringComparison.Ordinal) || p.name.EndsWith("bias", StringComparison.Ordinal)))
                part.parameter.zero_();
            Of(encoders, "weight").copy_(Read(parameters.GetProperty("site_weight")).unsqueeze(0));
            Of(encoders, "bias").copy_(Read(parameters.GetProperty("site_bias")).unsqueeze(0));
        }

        var z = inputs.GetProperty("z");
        var encoded = encoders.Encode(SiteBatch.Of(0, Values(Read(z)), Number("B")));
        Near(outputs.GetProperty("site_encoding"), encoded);
        var stream = Read(inputs.GetProperty("h")).requires_grad_();
        var state = layer.Prepare(encoded);
        Near(outputs.GetProperty("v"), state.Values);
        Near(outputs.GetProperty("omega"), layer.Weights(stream, state));
        var control = layer.Apply(stream, state);
        Near(outputs.GetProperty("control"), control);
        var told = stream.Plus(control);
        Near(outputs.GetProperty("h_plus_control"), told);

        (told * Read(gradients.GetProperty("G"))).sum().backward();
        Near(gradients.GetProperty("h"), stream.grad!);
        foreach (var (parameter, values) in layer.named_parameters())
            Near(gradients.GetProperty(parameter), values.grad!);
        Near(gradients.GetProperty("site_weight"), Of(encoders, "weight").grad!.squeeze(0));
        Near(gradients.GetProperty("site_bias"), Of(encoders, "bias").grad!.squeeze(0));
    });

    [Theory]
    [InlineData(ControlInitial.Kaiming)]
    [InlineData(ControlInitial.Linear)]
    [InlineData(ControlInitial.Unit)]
    [InlineData(ControlInitial.Places)]
    public void At_first_it_adds_nothing(ControlInitial initial) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var layer = new ControlLayer(12, 8, 3, 16);
        layer.Initialise(initial, new RunSeed(3), "0");
        var state = layer.Prepare(randn(4, 8));
        Assert.Equal(0, layer.Apply(randn(4, 5, 12), state).abs().max().item<float>());
        Assert.InRange(layer.Weights(randn(4, 5, 12), state).abs().mean().item<float>(), 0.1, 0.99);
    });

    [Fact]
    public void Heads_begin_by_reading_one_kind_of_place_each() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var layer = new ControlLayer(16, 8, 4, 32);
        layer.Initialise(ControlInitial.Places, new RunSeed(3), "0");
        var random = new RunSeed(5).Stream("places");
        var kinds = Normal(random, 4, 16);
        var places = kinds.unsqueeze(1).Plus(Normal(random, 4, 50, 16).Times(0.05)).flatten(0, 1); // 50 places of each kind
        layer.ReadPlaces(places, new RunSeed(3), "0");
        var weights = layer.Weights(places.unsqueeze(0).expand(3, -1, -1), layer.Prepare(Normal(random, 3, 8))).view(3, 4, 50, 4).mean([0L, 2L]).abs(); // (kinds, heads)
        var (own, rest) = (weights.max(0).values, (weights.sum(dim: 0L) - weights.max(0).values).DividedBy(3));
        Assert.Equal(4, weights.argmax(0).data<long>().ToArray().Distinct().Count());
        Assert.InRange(own.min().item<float>(), 0.5, 1);
        Assert.InRange(rest.max().item<float>(), 0, 0.25);
        Assert.Equal(0, layer.Apply(places.unsqueeze(0).expand(3, -1, -1), layer.Prepare(Normal(random, 3, 8))).abs().max().item<float>());
    });

    [Fact]
    public void No_cluster_is_empty_where_there_are_points_enough() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new RunSeed(seed).Stream("points");
            var found = Clusters.Of(Normal(random, 60, 3), 12, random);
            Assert.Equal(12, found.data<long>().ToArray().Distinct().Count());
        }
    });

    [Fact]
    public void Sites_learn_from_those_of_their_address_and_their_position() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        SiteShape[] shapes = [new(3, "L0", "@a"), new(3, "L0", "@b"), new(3, "L1", "@b"), new(3, "L1", "@c"), new(2, "L0", "@a")];
        using var encoders = new SiteEncoders(shapes, 4, EncoderInput.Activation);
        encoders.Initialise([.. shapes.Select(s => new SiteStatistics(new float[s.Width], [1], []))], new RunSeed(1));
        Tensor[] Encoded() => [.. shapes.Select((s, i) => encoders.Encode(SiteBatch.Of(i, Enumerable.Repeat(1f, s.Width).ToArray(), 1)))];
        var before = Encoded();
        Assert.True((before[0] - before[1]).abs().max().item<float>() > 0.01);
        before[1].sum().backward();
        using (no_grad())
        {
            foreach (var (name, parameter) in encoders.named_parameters().Where(p => p.parameter.grad is not null && !p.name.Contains(".all.", StringComparison.Ordinal)))
                parameter.sub_(parameter.grad!);
        }

        var moved = before.Zip(Encoded(), (a, b) => (a - b).abs().max().item<float>()).ToArray();
        Assert.True(moved[1] > moved[0] && moved[1] > moved[2] && moved[0] > 0 && moved[2] > 0, string.Join(" ", moved));
        Assert.Equal((0, 0), (moved[3], moved[4]));
    });

    private static Tensor Normal(RandomStream random, params long[] shape) =>
        tensor([.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => (float)random.NextNormal())], shape);

    private static JsonElement Case(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Golden.Folder("control-layer"), "golden.json")));
        return json.RootElement.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name).Clone();
    }

    private static Parameter Of(SiteEncoders encoders, string name) =>
        encoders.named_parameters().Single(p => p.name.EndsWith($".site.{name}", StringComparison.Ordinal)).parameter;

    private static Tensor Read(JsonElement nested)
    {
        var shape = new List<long>();
        for (var level = nested; level.ValueKind == JsonValueKind.Array; level = level[0])
            shape.Add(level.GetArrayLength());
        var values = new List<float>();
        void Add(JsonElement element)
        {
            if (element.ValueKind == JsonValueKind.Array)
            {
                foreach (var inner in element.EnumerateArray())
                    Add(inner);
            }
            else
            {
                values.Add((float)element.GetDouble());
            }
        }

        Add(nested);
        return tensor(values.ToArray(), [.. shape]);
    }

    private static float[] Values(Tensor of) => MemoryMarshal.Cast<byte, float>(of.detach().contiguous().bytes).ToArray();

    private static void Near(JsonElement expected, Tensor found)
    {
        var wanted = Read(expected);
        Assert.Equal(wanted.shape, found.shape);
        var largest = wanted.abs().max().item<float>();
        Assert.InRange((wanted - found).abs().max().item<float>(), 0, largest * Tolerance);
    }
}
