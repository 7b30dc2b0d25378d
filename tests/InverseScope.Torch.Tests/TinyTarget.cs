using InverseScope.Core.Seeds;
using InverseScope.Testing;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests;

/// <summary>A model folder with random weights that reads the characters a to h, without a begin token.</summary>
internal static class TinyTarget
{
    public const int Layers = 2;
    public const int Heads = 2;
    public const int Width = 12;

    /// <param name="spoil">Puts an infinity into the first MLP.</param>
    public static TempFolder Make(TorchThread thread, bool spoil = false, long seed = 5)
    {
        var folder = new TempFolder();
        thread.Run(() =>
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            using var model = new CausalTransformer(new TransformerConfig
            {
                Family = "gpt2",
                Layers = Layers,
                Heads = Heads,
                HeadWidth = Width / Heads,
                Width = Width,
                MlpWidth = 20,
                Vocabulary = 8,
                Context = 8,
            });
            model.Initialise(new RunSeed(seed), deviation: 0.4, positionDeviation: 0.4);
            foreach (var (name, parameter) in model.named_parameters())
            {
                // Biases and norms that are not what they are by default, so that leaving one out shows.
                if (parameter.dim() == 1)
                    parameter.AddInPlace(tensor([.. Enumerable.Range(0, (int)parameter.numel()).Select(i => 0.3f * MathF.Sin(i + name.Length))]));
                if (spoil && name == "h.0.mlp.c_proj.bias")
                    parameter.FillInPlace(float.PositiveInfinity);
            }

            WeightLoader.Save(model, folder.Path);
        });
        File.WriteAllText(folder["vocab.json"], """{"a":0,"b":1,"c":2,"d":3,"e":4,"f":5,"g":6,"h":7}""");
        return folder;
    }
}
