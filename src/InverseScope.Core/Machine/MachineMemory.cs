using System.Globalization;

namespace InverseScope.Core.Machine;

/// <summary>Memory of the machine, not of a GPU.</summary>
public static class MachineMemory
{
    private const string MemInfo = "/proc/meminfo";

    /// <summary>Bytes that may still be taken: the least of what the machine has free, what control groups leave, and what .NET was told to keep to.</summary>
    public static double Free()
    {
        var allowed = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - (double)Environment.WorkingSet;
        return Math.Min(Math.Min(allowed, ContainerMemory.Free() ?? allowed), OnMachine() ?? allowed);
    }

    private static double? OnMachine()
    {
        var line = File.Exists(MemInfo)
            ? File.ReadLines(MemInfo).FirstOrDefault(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal))
            : null;
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kibibytes, ..]
            ? 1024 * double.Parse(kibibytes, CultureInfo.InvariantCulture)
            : null;
    }
}
