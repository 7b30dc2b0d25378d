using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using InverseScope.Core.Machine;
using InverseScope.Torch.Runtime;

namespace InverseScope.Torch.Models;

/// <summary>Whether a model and what it computes fit where they are to lie; asked before memory is taken.</summary>
internal static partial class MemoryNeed
{
    /// <summary>Tokens of the longest text that is expected where nobody knows it: more than any built-in task's texts have.</summary>
    public const int LongestText = 512;

    private const int LeastBatch = 64;

    // What runs beside the model: libtorch itself, the block of the checkpoint that is being loaded.
    private const double Beside = 0.5e9;

    /// <summary>Bytes of the weights.</summary>
    public static double Weights(TransformerConfig config, NumberType type) => config.Parameters * type.Size();

    /// <summary>
    /// Bytes that a batch takes where it takes most, about: the stream and its norm, which is float32, and in turn the attention with
    /// queries, keys and values, or the MLP with its wide numbers before and after they are bent. Scores that are capped are kept of
    /// each pair of tokens of one text.
    /// </summary>
    /// <param name="tokens">Of all its texts.</param>
    /// <param name="longest">Of its longest text; one that is longer than a batch runs alone.</param>
    public static double Batch(TransformerConfig config, NumberType type, int tokens, int longest)
    {
        longest = Math.Min(longest, config.Context);
        tokens = Math.Max(tokens, longest);
        double width = config.Width, heads = config.HeadWidth * (3.0 * config.Heads + 2 * config.KeyValueHeads);
        var scores = config.ScoreCap is null ? 0 : (4.0 + 2 * type.Size()) * config.Heads * longest;
        var attention = heads * type.Size() + scores;
        var wide = (config.GatedMlp ? 5.0 : 2.0) * config.MlpWidth * type.Size();
        return tokens * ((4 * type.Size() + 3 * sizeof(float)) * width + Math.Max(attention, wide));
    }

    /// <param name="batchTokens">Tokens that run through the model at once.</param>
    /// <param name="longest">Tokens of the longest text that is expected.</param>
    /// <param name="available">Bytes that are free there; null if nobody knows.</param>
    /// <exception cref="ShortOfMemoryException">They do not fit; says in which type, or with how many tokens at once, they would.</exception>
    public static void Check(string folder, TransformerConfig config, NumberType type, string device, int batchTokens, int longest, double? available)
    {
        var needed = Needed(type, batchTokens);
        if (available is not { } free || needed <= free)
            return;
        var fewer = (int)BitOperations.RoundUpToPowerOf2((uint)batchTokens) / 2;
        while (fewer > LeastBatch && Needed(type, fewer) > free)
            fewer /= 2;
        var narrow = Needed(NumberType.BFloat16, batchTokens);
        string[] ways =
        [
            .. type == NumberType.Float32 && narrow <= free ? [$"In bfloat16 it needs about {Giga(narrow)} GB: --dtype bfloat16."] : (string[])[],
            .. fewer >= LeastBatch && Needed(type, fewer) <= free
                ? [$"To collect activations it needs about {Giga(Needed(type, fewer))} GB with --batch-tokens {fewer}."] : (string[])[],
        ];
        throw new ShortOfMemoryException(
            $"{folder} needs about {Giga(needed)} GB on {device} in {type.Text()}, but {Giga(free)} GB are free there.",
            ways.Length > 0 ? string.Join(" ", ways) : "Choose a smaller model or another device, or free memory.");

        double Needed(NumberType of, int tokens) => Weights(config, of) + Batch(config, of, tokens, longest) + Beside;
    }

    /// <summary>Bytes that are free on a device; null if it cannot be told.</summary>
    public static double? Available(string device) => device.StartsWith("cuda", StringComparison.Ordinal) ? OnGpu() : MachineMemory.Free();

    /// <summary>Of the GPU whose context is current, which is the one that libtorch last computed on.</summary>
    private static double? OnGpu()
    {
        try
        {
            return MemoryInfo(out var free, out _) == 0 ? free : null;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libcuda.so.1", EntryPoint = "cuMemGetInfo_v2")]
    private static partial int MemoryInfo(out nuint free, out nuint total);

    private static string Giga(double bytes) => (bytes / 1e9).ToString("N1", CultureInfo.InvariantCulture);
}
