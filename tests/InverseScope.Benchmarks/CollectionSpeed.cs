using System.Diagnostics;
using System.Globalization;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Banks;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Benchmarks;

/// <summary>
/// How much of the time of collecting activations is the model's own, with GPT-2's sizes, random weights, and batches of 64 texts of
/// 24 tokens. Ceiling: the bare pass takes at least 85 % of it. The bare pass is the model's forward on the same batches as far as the
/// last site, without unembedding and without anything that reads it. Collecting is all that <see cref="ActivationBank"/> does,
/// from texts to files that are flushed and renamed. What is compared is run in turn; the ratio is of the processor's time of all
/// threads, which what else runs changes little, beside that of the clock. Last numbers: results/collection.md.
/// </summary>
internal static class CollectionSpeed
{
    private const int Tokens = 24;
    private const int Batch = 64;
    private const string Letters = "abcdefghijklmnopqrstuvwxyz";
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
        Context = Tokens,
    };

    /// <summary>Prints the medians and the ratios.</summary>
    /// <param name="batches">Batches in one collection.</param>
    public static void Run(int batches, int repeats)
    {
        var folder = Directory.CreateTempSubdirectory("inversescope-benchmark-").FullName;
        try
        {
            using var thread = new TorchThread(threads: 1);
            var model = Path.Combine(folder, "model");
            thread.Run(() =>
            {
                using var network = new CausalTransformer(Gpt2);
                network.Initialise(Seed);
                WeightLoader.Save(network, model);
            });
            File.WriteAllText(
                Path.Combine(model, "vocab.json"), $"{{{string.Join(",", Letters.Select((letter, id) => $"\"{letter}\":{id}"))}}}");
            using var target = TargetModel.Open(model, thread);
            Compare(target, Path.Combine(folder, "banks"), batches, repeats);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Compare(TargetModel target, string banks, int batches, int repeats)
    {
        var random = Seed.Stream("texts");
        var texts = Enumerable.Range(0, batches * Batch)
            .Select(_ => new string([.. Enumerable.Range(0, Tokens).Select(_ => Letters[random.NextInt(Letters.Length)])])).ToArray();
        var task = new TextFileTask("benchmark", "texts of 24 letters", texts.Select(text => new WeightedText(text, 1)));
        var heads = SitePattern.ExpandAll(["L*H*"], Gpt2.Layers, Gpt2.Heads);
        var all = SitePattern.ExpandAll(
            ["L*H*", "L*.attn", "L*.mlp", "L*.resid", "embed"], Gpt2.Layers, Gpt2.Heads, [.. Enumerable.Range(0, Tokens).Select(p => SitePattern.ParsePosition($"@{p}"))]);
        var ways = new (string Name, int Bare, Action Run)[]
        {
            ("bare as far as the last heads", 0, () => Bare(target, texts, (Gpt2.Layers - 1, Place.HeadMix))),
            ($"{heads.Count} heads @last", 0, () => Collect(target, task, banks, heads)),
            ("bare as far as the last layer", 2, () => Bare(target, texts, null)),
            ($"{all.Count} sites and positions", 2, () => Collect(target, task, banks, all)),
        };
        var (work, clock) = (ways.Select(_ => new double[repeats]).ToArray(), ways.Select(_ => new double[repeats]).ToArray());
        for (var repeat = -1; repeat < repeats; repeat++)
        {
            for (var way = 0; way < ways.Length; way++)
            {
                var (began, at) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
                ways[way].Run();
                var (worked, passed) = (Environment.CpuUsage.TotalTime - began, Stopwatch.GetElapsedTime(at));
                if (Directory.Exists(banks))
                    Directory.Delete(banks, recursive: true);
                if (repeat < 0)
                    continue;
                (work[way][repeat], clock[way][repeat]) = (worked.TotalMilliseconds, passed.TotalMilliseconds);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"round {repeat}, {ways[way].Name}: processor {work[way][repeat]:0} ms, clock {clock[way][repeat]:0} ms"));
            }
        }

        double Share(double[][] times, int way) => Median([.. times[ways[way].Bare].Zip(times[way], (bare, with) => bare / with)]);
        for (var way = 0; way < ways.Length; way++)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{batches} batches of {Batch} × {Tokens}, {ways[way].Name,-32}: processor {Median(work[way]),7:0} ms, clock {Median(clock[way]),7:0} ms; bare share {Share(work, way):0.000} of the processor's time, {Share(clock, way):0.000} of the clock's"));
        }
    }

    private static void Bare(TargetModel target, string[] texts, (int Layer, Place Place)? stop)
    {
        foreach (var batch in texts.Chunk(Batch))
        {
            target.Compute(network =>
            {
                using var scope = NewDisposeScope();
                using var inference = inference_mode();
                var ids = ForwardPass.Padded([.. batch.Select(text => target.Tokenize(text).Ids)], Tokens);
                network.Run(new ForwardPass(tensor(ids, [batch.Length, Tokens])) { StopAfter = stop });
                return true;
            });
        }
    }

    private static void Collect(TargetModel target, TextFileTask task, string banks, IReadOnlyList<Site> sites)
    {
        var population = Population.Of(task, new MeasurementOptions { Sampler = SamplerKind.Enumerate }, Seed);
        var bank = new ActivationBank(
            banks, target, task, population, Basis.Raw, new CollectionOptions { BatchTokens = Batch * Tokens });
        bank.Collect(sites, null, CancellationToken.None);
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
