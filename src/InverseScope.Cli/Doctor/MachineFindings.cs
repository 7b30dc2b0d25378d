using System.Globalization;
using System.Runtime.InteropServices;
using InverseScope.Core;
using InverseScope.Torch.Runtime;

namespace InverseScope.Cli.Doctor;

/// <summary>What the machine offers.</summary>
internal static class MachineFindings
{
    // A small model with its activation bank fits; below this the system itself begins to swap.
    private const long LittleMemory = 2L << 30;

    public static IEnumerable<Finding> All()
    {
        yield return Finding.Ok(
            "system",
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, .NET {Environment.Version}");
        yield return Finding.Ok("processors", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture));
        yield return Memory();
        yield return Libtorch();
    }

    private static Finding Libtorch()
    {
        try
        {
            return Finding.Ok("libtorch", $"loads; computes on {string.Join(", ", TorchRuntime.Devices())}");
        }
        catch (BadInputException e)
        {
            return Finding.Fault("libtorch", e.What, e.Fix);
        }
    }

    private static Finding Memory()
    {
        var total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var available = AvailableMemory();
        var detail = available is { } free ? $"{Gigabytes(free)} free of {Gigabytes(total)}" : Gigabytes(total);
        return (available ?? total) >= LittleMemory
            ? Finding.Ok("memory", detail)
            : Finding.Note("memory", detail, "Large banks may not fit: use a smaller --bank-size, or end other programs.");
    }

    private static long? AvailableMemory()
    {
        const string file = "/proc/meminfo";
        if (!File.Exists(file))
            return null;
        var line = File.ReadLines(file).FirstOrDefault(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kibibytes, ..]
            && long.TryParse(kibibytes, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count << 10
            : null;
    }

    public static string Gigabytes(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):N1} GiB");
}
