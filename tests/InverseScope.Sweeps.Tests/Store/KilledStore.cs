using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Store;

/// <summary>What the next process finds after a kill: the files as they are at this moment, while their owner still has them open.</summary>
internal static class KilledStore
{
    /// <returns>A store over copies in the same folder.</returns>
    public static SweepStore Reopen(TempFolder folder, string path)
    {
        var copy = folder[Guid.NewGuid().ToString("N") + ".db"];
        Copy(path, copy);
        Copy(LogOf(path), LogOf(copy));
        return SweepStore.Open(copy);
    }

    private static void Copy(string from, string to)
    {
        if (!File.Exists(from))
            return;
        using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var target = new FileStream(to, FileMode.CreateNew);
        source.CopyTo(target);
    }

    // Where LiteDB writes what is not checkpointed yet.
    private static string LogOf(string path) => Path.ChangeExtension(path, null) + "-log" + Path.GetExtension(path);
}
