using System.Globalization;
using InverseScope.Core.Seeds;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using InverseScope.Torch.Tokenizers;
using static TorchSharp.torch;

namespace InverseScope.Benchmarks;

/// <summary>
/// Resident memory over 10,000 batches of sampling with a small generator. Ceiling: 2 % above what it was after a tenth of
/// them. That no tensor is left is tested; this shows that neither allocators nor the heap creep. Last numbers:
/// results/sampling.md.
/// </summary>
internal static class SamplingMemory
{
    private const int Batches = 10_000;
    private const int SiteWidth = 8;
    private static readonly RunSeed Seed = new(1);

    private static readonly TransformerConfig Small = new()
    {
        Family = Gpt2Config.Family,
        Layers = 2,
        Heads = 2,
        HeadWidth = 8,
        Width = 16,
        MlpWidth = 64,
        Vocabulary = 600,
        Context = 5,
    };

    /// <summary>Prints the resident memory after each tenth.</summary>
    public static void Run()
    {
        using var thread = new TorchThread(threads: 1);
        thread.Run(() =>
        {
            var backbone = new CausalTransformer(Small);
            backbone.Initialise(Seed);
            backbone.eval();
            var conditioning = new ControlConditioning(Small, [new SiteShape(SiteWidth, "L0", "@last")], new GeneratorArchitecture { Latent = 8, ControlHeads = 4, ControlHeadWidth = 8 });
            conditioning.Initialise([new(new float[SiteWidth], [1], [])], backbone, [[0, 1, 2, 3]], Seed);
            using var network = new GeneratorNetwork(backbone, conditioning, backbone, trainsBackbone: false);
            for (var batch = 1; batch <= Batches; batch++)
            {
                using (NewDisposeScope())
                {
                    using var inference = inference_mode();
                    var told = network.Conditioning.Condition(SiteBatch.Of(0, new float[2 * SiteWidth], 2));
                    var random = Seed.Stream("memory", batch.ToString(CultureInfo.InvariantCulture));
                    new TextSampler(network, new GeneratorTokens(Tokenizer, Small, "benchmark")).Write(told, [random, random], 4, new TokenChoice(), CancellationToken.None);
                }

                if (batch % (Batches / 10) == 0)
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{batch} batches: {Environment.WorkingSet / 1024.0 / 1024:0.0} MiB, {Tensor.TotalCount} tensors"));
            }
        });
    }

    private static VocabularyTokenizer Tokenizer { get; } = new(
        new Dictionary<string, int> { ["a"] = 0, ["<end>"] = Small.Vocabulary - 1 }, TokenUnit.Character, new TokenizerConfig(null, "<end>", "<end>", "<end>", false));
}
