using System.Globalization;
using InverseScope.Core.Seeds;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;
using AdamW = InverseScope.Torch.Training.AdamW;

namespace InverseScope.Benchmarks;

/// <summary>
/// What a step that trains control layers and their backbone takes, by the type that matrix products round to and by whether freed memory is
/// kept: sizes as a training has them by default, random texts. On one thread, measured by the processor's time, the system's share of
/// it apart. Memory that is kept cannot be let go of again, so that comes last. Last numbers: results/training.md.
/// </summary>
internal static class TrainingSpeed
{
    private const int Texts = 256;
    private const int Tokens = 14;
    private const int Vocabulary = 20;
    private const int Sites = 64;
    private const int SiteWidth = 8;
    private static readonly RunSeed Seed = new(1);
    private static readonly GeneratorOptions Options = new();

    /// <summary>Prints medians and ratios to the first way.</summary>
    public static void Run(int steps, int rounds)
    {
        using var thread = new TorchThread(threads: 1);
        var (handed, kept) = thread.Run(() =>
        {
            using var scope = NewDisposeScope();
            using var network = Network();
            using var optimizer = new AdamW(network.Trained(withBackbone: true), Options.WeightDecay);
            var handed = Measure(network, optimizer, steps, rounds);
            NativeMemory.KeepFreed();
            return (handed, Measure(network, optimizer, steps, rounds));
        });
        var first = handed[0].Total;
        foreach (var (memory, ways) in new[] { ("handed back", handed), ("kept", kept) })
        {
            foreach (var (type, total, system) in ways)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{type,-8}, freed memory {memory,-11}: median {total,6:0.0} ms a step, of it {system,5:0.0} ms the system's; to the first {total / first:0.00}"));
            }
        }
    }

    private static GeneratorNetwork Network()
    {
        var backbone = new CausalTransformer(Gpt2Config.Sized(Options.Layers, Options.Heads, Options.Width, Vocabulary, Tokens));
        backbone.Initialise(Seed);
        var sites = SiteShape.Of(Enumerable.Range(0, Sites).Select(s => $"L0H{s}@last"), [.. Enumerable.Repeat(SiteWidth, Sites)]);
        var conditioning = new ControlConditioning(backbone.Config, sites, Options.Architecture);
        conditioning.Initialise([.. sites.Select(_ => new SiteStatistics(new float[SiteWidth], [1], []))], backbone, [[0, 1, 2, 3]], Seed);
        return new GeneratorNetwork(backbone, conditioning, backbone, trainsBackbone: true);
    }

    private static (NumberType Type, double Total, double System)[] Measure(GeneratorNetwork network, AdamW optimizer, int steps, int rounds)
    {
        NumberType[] types = [NumberType.Float32, NumberType.BFloat16];
        var times = types.Select(_ => new List<(double Total, double System)>()).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            foreach (var (way, type) in types.Index())
            {
                var began = Environment.CpuUsage;
                for (var step = 1; step <= steps; step++)
                    Step(network, optimizer, type, step);
                var took = Environment.CpuUsage;
                if (round >= 0)
                    times[way].Add(((took.TotalTime - began.TotalTime).TotalMilliseconds / steps, (took.PrivilegedTime - began.PrivilegedTime).TotalMilliseconds / steps));
            }
        }

        static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
        return [.. types.Zip(times, (type, of) => (type, Median(of.Select(t => t.Total)), Median(of.Select(t => t.System))))];
    }

    private static void Step(GeneratorNetwork network, AdamW optimizer, NumberType type, int step)
    {
        using var scope = NewDisposeScope();
        using var rounding = MatrixProducts.Rounded(type);
        var random = Seed.Stream("texts", step.ToString(CultureInfo.InvariantCulture));
        int[][] ids = [.. Enumerable.Range(0, Texts).Select(_ => Enumerable.Range(0, Tokens).Select(_ => random.NextInt(Vocabulary)).ToArray())];
        var each = Texts / Sites;
        var batch = new SiteBatch(
            [.. Enumerable.Range(0, Sites)],
            [.. Enumerable.Range(0, Sites).Select(_ => Enumerable.Range(0, each * SiteWidth).Select(_ => (float)random.NextNormal()).ToArray())], each);
        foreach (var (_, parameter) in network.Trained(withBackbone: true))
            parameter.grad?.zero_();
        LaidTexts.Of(ids, [.. ids.Select(_ => 1.0)]).Loss(given => network.Logits(given, network.Conditioning.Condition(batch)), network.Device).backward();
        optimizer.Step(step, 1e-4);
    }
}
