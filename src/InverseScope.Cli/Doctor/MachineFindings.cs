using System.Globalization;
using System.Runtime.InteropServices;
using InverseScope.Core;
using InverseScope.Core.Machine;
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
        var free = MachineMemory.Free();
        var detail = $"{Gigabytes(free)} free of {Gigabytes(total)}";
        return free >= LittleMemory
            ? Finding.Ok("memory", detail)
            : Finding.Note("memory", detail, "Large banks may not fit: use a smaller --bank-size, or end other programs.");
    }

    public static string Gigabytes(double bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / (1L << 30):N1} GiB");
}
