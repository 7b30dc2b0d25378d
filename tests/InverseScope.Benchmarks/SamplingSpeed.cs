using System.Globalization;
using InverseScope.Core.Seeds;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using InverseScope.Torch.Tokenizers;
using static TorchSharp.torch;

namespace InverseScope.Benchmarks;

/// <summary>
/// How much time sampling takes beyond its matrix products, and control layers beyond that, with GPT-2's sizes and random
/// weights. Ceilings: the products alone take at least 80 % of the time of sampling without control layers, and control
/// layers add at most 15 %. Not a benchmark of the library's kind: what is compared is run in turn on one
/// thread, and measured by the processor's time, which what else runs changes little. Last numbers: results/sampling.md.
/// </summary>
internal static class SamplingSpeed
{
    private const int Tokens = 24;
    private const int SiteWidth = 64;
    private static readonly RunSeed Seed = new(1);

    private static readonly TransformerConfig Gpt2 = new()
    {
        Family = Gpt2Config.Family,
        Layers = 12,
        Heads = 12,
        HeadWidth = 64,
        Width = 768,
        MlpWidth = 3072,
        Vocabulary = 50257,
        Context = Tokens + 1,
    };

    private static readonly GeneratorArchitecture Control = new() { Latent = 768, ControlHeads = 32, ControlHeadWidth = 64 };

    /// <summary>Prints the medians and the ratios.</summary>
    /// <param name="batch">Texts written at once, a multiple of 4.</param>
    public static void Run(int batch, int repeats)
    {
        using var thread = new TorchThread(threads: 1);
        thread.Run(() =>
        {
            using var scope = NewDisposeScope();
            using var inference = inference_mode();
            var backbone = new CausalTransformer(Gpt2);
            backbone.Initialise(Seed);
            backbone.eval();
            var conditioning = new ControlConditioning(Gpt2, [new SiteShape(SiteWidth, "L0", "@last")], Control);
            conditioning.Initialise([new(new float[SiteWidth], [1], [])], backbone, [[0, 1, 2, 3]], Seed);
            using var network = new GeneratorNetwork(backbone, conditioning, backbone, trainsBackbone: false);
            Compare(network, batch, repeats);
        });
    }

    private static void Compare(GeneratorNetwork network, int batch, int repeats)
    {
        using var scope = NewDisposeScope();
        var products = new Products(network.Backbone, batch);
        var ways = new (string Name, Action Run)[]
        {
            ("products alone", () => products.Run(Tokens)),
            ("sampling", () => Write(network, 0, batch)),
            ("sampling, 1 activation", () => Write(network, 1, batch)),
            ("sampling, 4 activations", () => Write(network, 4, batch)),
        };
        var times = ways.Select(_ => new double[repeats]).ToArray();
        for (var repeat = -1; repeat < repeats; repeat++)
        {
            for (var way = 0; way < ways.Length; way++)
            {
                var began = Environment.CpuUsage.TotalTime;
                ways[way].Run();
                if (repeat >= 0)
                    times[way][repeat] = (Environment.CpuUsage.TotalTime - began).TotalMilliseconds;
            }
        }

        double Ratio(int way, int to) => Median([.. times[way].Zip(times[to], (a, b) => a / b)]);
        for (var way = 0; way < ways.Length; way++)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"batch {batch,4}, {ways[way].Name,-24}: median {Median(times[way]),7:0} ms, least {times[way].Min(),7:0} ms, to sampling {Ratio(way, 1):0.000} (of the least {times[way].Min() / times[1].Min():0.000})"));
        }
    }

    private static void Write(GeneratorNetwork network, int activations, int batch)
    {
        using var scope = NewDisposeScope();
        var tokenizer = new VocabularyTokenizer(
            new Dictionary<string, int> { ["a"] = 0, ["<end>"] = Gpt2.Vocabulary - 1 }, TokenUnit.Character, new TokenizerConfig(null, "<end>", "<end>", "<end>", false));
        var groups = Math.Max(1, activations);
        var told = activations == 0 ? null : network.Conditioning.Condition(SiteBatch.Of(0, new float[groups * SiteWidth], groups));
        new TextSampler(network, new GeneratorTokens(tokenizer, Gpt2, "benchmark")).Write(
            told, [.. Enumerable.Range(0, groups).Select(g => Seed.Stream("sampling", g.ToString(CultureInfo.InvariantCulture)))], batch / groups,
            new TokenChoice(), CancellationToken.None);
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    /// <summary>The matrix products of one step after the other, with inputs made before.</summary>
    private sealed class Products
    {
        private readonly (Tensor Input, Tensor Weight)[] _layer;
        private readonly (Tensor Input, Tensor Weight) _head;
        private readonly Tensor _query;
        private readonly Tensor _keys;

        public Products(CausalTransformer network, int batch)
        {
            var config = network.Config;
            var weights = network.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter, StringComparer.Ordinal);
            // Names of GPT-2's checkpoint; the weights of each layer are its own, as their sizes are beyond the caches.
            _layer = [.. from layer in Enumerable.Range(0, config.Layers)
                         from name in new[] { "attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj" }
                         let weight = weights[$"h.{layer}.{name}.weight"]
                         select (randn(batch, weight.shape[0]), weight.t())];
            _head = (randn(batch, config.Width), weights["wte.weight"]);
            _query = randn(batch * config.Heads, 1, config.HeadWidth);
            _keys = randn(batch * config.Heads, Tokens, config.HeadWidth);
        }

        public void Run(int steps)
        {
            for (var t = 1; t <= steps; t++)
            {
                using var scope = NewDisposeScope();
                var keys = _keys.narrow(1, 0, t);
                foreach (var (input, weight) in _layer)
                {
                    nn.functional.linear(input, weight).Dispose();
                    if (weight.shape[0] != 3 * weight.shape[1])
                        continue;
                    using var scores = _query.bmm(keys.transpose(1, 2));
                    scores.bmm(keys).Dispose();
                }

                nn.functional.linear(_head.Input, _head.Weight).Dispose();
            }
        }
    }
}
