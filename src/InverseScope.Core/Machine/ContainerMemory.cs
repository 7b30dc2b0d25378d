using System.Globalization;

namespace InverseScope.Core.Machine;

/// <summary>What the control groups of this process leave of the machine's memory, version 1 and 2.</summary>
public static class ContainerMemory
{
    private const string Unlimited = "max";

    // Where a version keeps a group's limit, its use, and what of that is cache that the kernel gives back first.
    private static readonly Version V2 = new("memory.max", "memory.current", "inactive_file");
    private static readonly Version V1 = new("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");

    /// <summary>
    /// Bytes that may still be used: the least over the process's group and all above it, each its limit less what is in use there and
    /// not cache. Null where nothing limits, or nobody tells.
    /// </summary>
    /// <param name="root">The root of the file system.</param>
    public static double? Free(string root = "/")
    {
        var groups = Path.Combine(root, "proc/self/cgroup");
        if (!File.Exists(groups))
            return null;
        double? least = null;
        foreach (var line in File.ReadLines(groups))
        {
            // 4:memory:/group in version 1, 0::/group in version 2.
            if (line.Split(':', 3) is not [_, var controllers, var group])
                continue;
            (string Mount, Version Version)[] mounts = controllers.Length == 0
                ? [("sys/fs/cgroup", V2), ("sys/fs/cgroup/unified", V2)]
                : controllers.Split(',').Contains("memory") ? [("sys/fs/cgroup/memory", V1)] : [];
            foreach (var (mount, version) in mounts)
            {
                // Within a container the group's own folder may be the mount itself, and its path not there.
                for (var path = group.Trim('/'); ; path = Path.GetDirectoryName(path) ?? "")
                {
                    if (version.Free(Path.Combine(root, mount, path)) is { } free)
                        least = Math.Min(free, least ?? free);
                    if (path.Length == 0)
                        break;
                }
            }
        }

        return least;
    }

    private sealed record Version(string Limit, string Use, string Cache)
    {
        public double? Free(string folder)
        {
            if (Number(Path.Combine(folder, Limit)) is not { } limit || Number(Path.Combine(folder, Use)) is not { } use)
                return null;
            var statistics = Path.Combine(folder, "memory.stat");
            var cache = File.Exists(statistics)
                ? File.ReadLines(statistics).FirstOrDefault(line => line.StartsWith(Cache + " ", StringComparison.Ordinal))
                : null;
            return Math.Max(0, limit - use + (cache is null ? 0 : double.Parse(cache[Cache.Length..], CultureInfo.InvariantCulture)));
        }

        private static double? Number(string path)
        {
            if (!File.Exists(path))
                return null;
            var text = File.ReadAllText(path).Trim();
            return text == Unlimited ? null : double.Parse(text, CultureInfo.InvariantCulture);
        }
    }
}
