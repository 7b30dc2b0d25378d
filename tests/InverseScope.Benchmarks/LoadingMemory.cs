using System.Globalization;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using InverseScope.Torch.Safetensors;
using static TorchSharp.torch;

namespace InverseScope.Benchmarks;

/// <summary>
/// Host memory that loading takes beyond the weights: a checkpoint of the Llama family in bfloat16, 1.5 billion parameters in four
/// shards, loaded in bfloat16. Ceiling: the largest shard and 1 GB. The files are sparse, and read as zeros. Last numbers:
/// results/loading.md.
/// </summary>
internal static class LoadingMemory
{
    private const int Shards = 4;
    private const string Status = "/proc/self/status";

    private const string Config = """
        {
          "model_type": "llama", "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
          "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128256, "max_position_embeddings": 8192, "rms_norm_eps": 1e-05,
          "rope_theta": 500000.0, "rope_scaling": null, "hidden_act": "silu", "tie_word_embeddings": false, "torch_dtype": "bfloat16"
        }
        """;

    /// <summary>Prints what the weights, the shards and the peak take.</summary>
    public static void Run()
    {
        var folder = Directory.CreateTempSubdirectory("inversescope-benchmark-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, ConfigFile.Name), Config);
            using var thread = new TorchThread(threads: 1, weights: NumberType.BFloat16);
            var largest = thread.Run(() => Write(folder));
            var before = Kibibytes("VmRSS:");
            using var target = TargetModel.Open(folder, thread);
            target.LoadWeights();
            var weights = target.WeightBytes[NumberType.BFloat16];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"weights {weights / 1e6:0} MB in {Shards} shards of {largest / 1e6:0} MB at most; resident before {before * 1.024e-3:0} MB, after {Kibibytes("VmRSS:") * 1.024e-3:0} MB, peak {Kibibytes("VmHWM:") * 1.024e-3:0} MB: {(Kibibytes("VmHWM:") * 1024 - before * 1024 - weights) / 1e6:0} MB beyond the weights and what was there before"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Writes the shards and their index.</summary>
    /// <returns>Bytes of the largest shard.</returns>
    private static long Write(string folder)
    {
        var config = ConfigFile.Read(folder);
        using var network = new CausalTransformer(config, new Placement(CPU, ScalarType.BFloat16));
        var layout = StoredLayout.Of(config);
        var tensors = network.named_parameters().SelectMany(p => layout.Parts(p.name, p.parameter.shape).Select(part =>
            (Name: part.Name == "lm_head.weight" ? part.Name : layout.Prefix + part.Name, DType.BF16, Shape: (IReadOnlyList<long>)(
                p.parameter.dim() == 1 ? [part.Columns] : part.Transposed ? [part.Columns, p.parameter.shape[0]] : [p.parameter.shape[0], part.Columns])))).ToArray();
        long Bytes(IReadOnlyList<long> shape) => 2 * shape.Aggregate(1L, (product, size) => product * size);
        var each = tensors.Sum(t => Bytes(t.Shape)) / Shards;
        var index = new List<string>();
        long largest = 0;
        for (int shard = 0, begin = 0, end; shard < Shards; shard++, begin = end)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"model-{shard + 1:00000}-of-{Shards:00000}.safetensors");
            var bytes = 0L;
            for (end = begin; end < tensors.Length && (bytes < each || shard == Shards - 1); end++)
            {
                bytes += Bytes(tensors[end].Shape);
                index.Add($"\"{tensors[end].Name}\": \"{name}\"");
            }

            largest = Math.Max(largest, bytes);
            using var writer = new SafetensorsWriter(Path.Combine(folder, name), tensors[begin..end]);
            writer.Commit();
        }

        File.WriteAllText(Path.Combine(folder, Checkpoint.IndexName), $"{{\"weight_map\": {{{string.Join(",", index)}}}}}");
        return largest;
    }

    private static double Kibibytes(string field) => double.Parse(
        File.ReadLines(Status).First(line => line.StartsWith(field, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}
