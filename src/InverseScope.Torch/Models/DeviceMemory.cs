using System.Globalization;
using System.Runtime.InteropServices;
using InverseScope.Core.Machine;

namespace InverseScope.Torch.Models;

/// <summary>
/// Memory of a device, as its driver tells it to any process: also to one that computes nothing there itself. What libtorch keeps for later
/// use counts as taken. The driver counts GPUs in the order of their slots, and so does CUDA where all are alike or CUDA_DEVICE_ORDER is PCI_BUS_ID.
/// </summary>
public static partial class DeviceMemory
{
    private const string Visible = "CUDA_VISIBLE_DEVICES";

    // Of whole GPUs, and of slices of them.
    private static readonly string[] Uuids = ["GPU-", "MIG-"];

    private static readonly Lazy<bool> IsThere = new(() => Initialise() == 0);

    /// <summary>Bytes that are free on a device; null if it cannot be told.</summary>
    /// <param name="device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    public static double? Free(string device) =>
        device.StartsWith("cuda", StringComparison.Ordinal) ? OnGpu(NameOf(device, Environment.GetEnvironmentVariable(Visible))) : MachineMemory.Free();

    /// <summary>What the driver calls a device: its place among all GPUs, or its UUID.</summary>
    /// <param name="device"><c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="visible">GPUs that CUDA was told to see, in its order; null or empty: all.</param>
    /// <returns>Null if there is no such device.</returns>
    internal static string? NameOf(string device, string? visible)
    {
        var number = device.Split(':') is [_, var text] ? text : "0";
        if (string.IsNullOrWhiteSpace(visible))
            return number;
        var seen = visible.Split(',', StringSplitOptions.TrimEntries);
        return int.TryParse(number, CultureInfo.InvariantCulture, out var place) && place >= 0 && place < seen.Length ? seen[place] : null;
    }

    private static double? OnGpu(string? name)
    {
        try
        {
            return name is not null && IsThere.Value && Handle(name) is { } handle && MemoryInfo(handle, out var info) == 0 ? info.Free : null;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            return null;
        }
    }

    private static nint? Handle(string name)
    {
        nint handle;
        if (Uuids.Any(u => name.StartsWith(u, StringComparison.Ordinal)))
            return HandleByUuid(name, out handle) == 0 ? handle : null;
        return uint.TryParse(name, CultureInfo.InvariantCulture, out var index) && HandleByIndex(index, out handle) == 0 ? handle : null;
    }

    [LibraryImport("libnvidia-ml.so.1", EntryPoint = "nvmlInit_v2")]
    private static partial int Initialise();

    [LibraryImport("libnvidia-ml.so.1", EntryPoint = "nvmlDeviceGetHandleByIndex_v2")]
    private static partial int HandleByIndex(uint index, out nint handle);

    [LibraryImport("libnvidia-ml.so.1", EntryPoint = "nvmlDeviceGetHandleByUUID", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int HandleByUuid(string uuid, out nint handle);

    [LibraryImport("libnvidia-ml.so.1", EntryPoint = "nvmlDeviceGetMemoryInfo")]
    private static partial int MemoryInfo(nint handle, out Info info);

    // nvmlMemory_t
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Info
    {
        public readonly ulong Total;
        public readonly ulong Free;
        public readonly ulong Used;
    }
}
