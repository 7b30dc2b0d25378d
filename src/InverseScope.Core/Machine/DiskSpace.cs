using System.Globalization;

namespace InverseScope.Core.Machine;

/// <summary>Space of the disk that a folder is on.</summary>
public static class DiskSpace
{
    /// <param name="folder">It, or one of those above it, exists.</param>
    /// <returns>Bytes that this user may still write; null where the system does not tell.</returns>
    public static long? Free(string folder)
    {
        var existing = Path.GetFullPath(folder);
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { Length: > 0 } parent)
            existing = parent;
        try
        {
            return new DriveInfo(existing).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Refuses to begin what the disk cannot hold.</summary>
    /// <param name="needed">Bytes.</param>
    /// <param name="free">As <see cref="Free"/> tells; null lets all pass: a full disk then shows itself.</param>
    /// <param name="what">What takes them, as a sentence begins, e.g. <c>The files of the model</c>.</param>
    /// <exception cref="OutsideServiceException">There is less.</exception>
    public static void Check(double needed, long? free, string what, string folder)
    {
        if (free is { } left && needed > left)
        {
            throw new OutsideServiceException(
                $"{what} take {Text(needed)}, and {Text(left)} are free in '{folder}'. Free some, or give a home on another disk with --home DIR.");
        }
    }

    private static string Text(double bytes) =>
        bytes < 1e9 ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N0} MB") : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:N1} GB");
}
