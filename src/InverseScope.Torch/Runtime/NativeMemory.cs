using System.Runtime.InteropServices;

namespace InverseScope.Torch.Runtime;

/// <summary>The native memory of the process.</summary>
public static partial class NativeMemory
{
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MapThreshold = -3;
    private const int Padding = 1 << 28;

    // Pieces from here on are mapped apart. Older glibc allows half of an arena's heap, 32 MiB.
    private static readonly int[] Mapped = [1 << 30, 1 << 25];

    /// <summary>
    /// Has freed memory kept for what comes next, where glibc would give large pieces back to the system: each step of a training frees and asks
    /// for the same hundreds of megabytes, and getting those pages anew takes a good part of it (results/training.md of the benchmarks). For processes that train and end.
    /// </summary>
    public static void KeepFreed()
    {
        try
        {
            // Without it the others would end glibc's own adapting of it, and every tensor be mapped anew.
            if (!Mapped.Any(least => Set(MapThreshold, least) != 0))
                return;
            _ = Set(TrimThreshold, int.MaxValue);
            _ = Set(TopPad, Padding);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another allocator, which does as it does.
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int Set(int parameter, int value);
}
