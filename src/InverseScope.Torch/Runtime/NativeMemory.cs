using System.Runtime.InteropServices;

namespace InverseScope.Torch.Runtime;

/// <summary>The native memory of the process.</summary>
public static partial class NativeMemory
{
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MapThreshold = -3;
    private const int MostMapped = 1 << 30;
    private const int Padding = 1 << 28;

    /// <summary>
    /// Has freed memory kept for what comes next, where glibc would give large pieces back to the system: each step of a training frees and asks
    /// for the same hundreds of megabytes, and pages that come anew cost more than what is computed on them. For processes that train and end.
    /// </summary>
    public static void KeepFreed()
    {
        try
        {
            foreach (var (parameter, value) in new[] { (MapThreshold, MostMapped), (TrimThreshold, int.MaxValue), (TopPad, Padding) })
                _ = Set(parameter, value);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another allocator, which does as it does.
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int Set(int parameter, int value);
}
