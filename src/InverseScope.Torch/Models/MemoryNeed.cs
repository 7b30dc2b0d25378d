using System.Globalization;
using System.Runtime.InteropServices;
using InverseScope.Core;
using InverseScope.Torch.Runtime;

namespace InverseScope.Torch.Models;

/// <summary>Whether a model's weights fit where they are to lie; asked before memory is taken.</summary>
internal static partial class MemoryNeed
{
    // What runs beside the weights: libtorch itself, activations of a batch.
    private const double Beside = 0.5e9;
    private const string MemInfo = "/proc/meminfo";

    /// <summary>Bytes of the weights.</summary>
    public static double Weights(TransformerConfig config, NumberType type) => config.Parameters * type.Size();

    /// <param name="available">Bytes that are free there; null if nobody knows.</param>
    /// <exception cref="BadInputException">They do not fit; says in which type they would.</exception>
    public static void Check(string folder, TransformerConfig config, NumberType type, string device, double? available)
    {
        var needed = Weights(config, type) + Beside;
        if (available is not { } free || needed <= free)
            return;
        var narrow = Weights(config, NumberType.BFloat16) + Beside;
        throw new BadInputException(
            $"{folder} needs about {Giga(needed)} GB on {device} in {type.Text()}, but {Giga(free)} GB are free there.",
            type == NumberType.Float32 && narrow <= free
                ? $"In bfloat16 it needs about {Giga(narrow)} GB: --dtype bfloat16."
                : "Choose a smaller model or another device, or free memory.");
    }

    /// <summary>Bytes that are free on a device; null if it cannot be told.</summary>
    public static double? Available(string device) => device.StartsWith("cuda", StringComparison.Ordinal) ? OnGpu() : OnHost();

    /// <summary>What the machine has free, or what its container leaves of it.</summary>
    private static double OnHost()
    {
        var allowed = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - (double)Environment.WorkingSet;
        if (!File.Exists(MemInfo))
            return allowed;
        var line = File.ReadLines(MemInfo).FirstOrDefault(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kibibytes, ..]
            ? Math.Min(allowed, 1024 * double.Parse(kibibytes, CultureInfo.InvariantCulture))
            : allowed;
    }

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
