using System.Runtime.InteropServices;
using System.Text.Json;
using InverseScope.Core.Seeds;
using InverseScope.Torch.Generators;
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
        using var encoders = new SiteEncoders([Number("d_site")], Number("d_latent"));
        encoders.Initialise([(new float[Number("d_site")], 1)], new RunSeed(1));
        using (no_grad())
        {
            foreach (var (parameter, values) in layer.named_parameters())
                values.copy_(Read(parameters.GetProperty(parameter)));
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
        var told = stream + control;
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
    public void At_first_it_adds_nothing(ControlInitial initial) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var layer = new ControlLayer(12, 8, 3, 16);
        layer.Initialise(initial, new RunSeed(3), "0");
        var state = layer.Prepare(randn(4, 8));
        Assert.Equal(0, layer.Apply(randn(4, 5, 12), state).abs().max().item<float>());
        Assert.InRange(layer.Weights(randn(4, 5, 12), state).abs().mean().item<float>(), 0.1, 0.99);
    });

    private static JsonElement Case(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Golden.Folder("control-layer"), "golden.json")));
        return json.RootElement.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name).Clone();
    }

    private static Parameter Of(SiteEncoders encoders, string name) =>
        encoders.named_parameters().Single(p => p.name.EndsWith($".{name}", StringComparison.Ordinal)).parameter;

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
