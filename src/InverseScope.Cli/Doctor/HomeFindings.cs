using System.Globalization;
using InverseScope.Core;
using InverseScope.Core.Machine;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Store;

namespace InverseScope.Cli.Doctor;

/// <summary>What the home holds, and whether it can take more.</summary>
internal static class HomeFindings
{
    // A bank of activations takes hundreds of megabytes; without a hundred the store itself is in danger.
    private const long LittleSpace = 2L << 30;
    private const long NoSpace = 100L << 20;

    public static IEnumerable<Finding> All(Home home)
    {
        yield return Writable(home);
        if (Disk(home) is { } disk)
            yield return disk;
        yield return Store(home);
    }

    private static Finding Writable(Home home)
    {
        var folder = Existing(home);
        if (InTheWay(home) is { } file)
            return Finding.Fault("home", $"{home.Path}: {file} is a file", "Give another with --home DIR.");
        var probe = Path.Combine(folder, $".inversescope-probe-{Environment.ProcessId}");
        try
        {
            File.WriteAllText(probe, "probe");
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Finding.Fault("home", $"{home.Path}: {e.Message}", "Make it writable, or give another with --home DIR.");
        }

        return folder == home.Path
            ? Finding.Ok("home", home.Path)
            : Finding.Ok("home", $"{home.Path} (will be made when it is needed)");
    }

    private static Finding? Disk(Home home)
    {
        if (DiskSpace.Free(home.Path) is not { } free)
            return null;
        var detail = $"{MachineFindings.Gigabytes(free)} free";
        return free switch
        {
            < NoSpace => Finding.Fault("disk", detail, "Free some space, or give a home on another disk with --home DIR."),
            < LittleSpace => Finding.Note("disk", detail, "Activation banks may need more."),
            _ => Finding.Ok("disk", detail),
        };
    }

    private static Finding Store(Home home)
    {
        if (!File.Exists(home.Store))
            return Finding.Ok("store", "none yet: the first sweep makes it");
        if (IsOwned(home))
            return Finding.Note("store", "in use by another process, which is as it should be while a sweep runs");
        try
        {
            using var store = SweepStore.Open(home.Store);
            return Finding.Ok("store", string.Create(CultureInfo.InvariantCulture, $"opens; {store.Sweeps().Count} sweeps"));
        }
        catch (BadInputException e)
        {
            return Finding.Fault("store", e.What, e.Fix);
        }
        catch (OutsideServiceException e)
        {
            return Finding.Fault("store", e.Message, null);
        }
    }

    // The owner holds its lock file open for itself alone.
    private static bool IsOwned(Home home)
    {
        var lockFile = home.Store + ".lock";
        if (!File.Exists(lockFile))
            return false;
        try
        {
            using var probe = new FileStream(lockFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    // A file where the home, or a folder above it, would have to be.
    private static string? InTheWay(Home home)
    {
        for (var path = home.Path; path is not null && !Directory.Exists(path); path = Path.GetDirectoryName(path))
        {
            if (File.Exists(path))
                return path;
        }

        return null;
    }

    private static string Existing(Home home)
    {
        var folder = home.Path;
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { Length: > 0 } parent)
            folder = parent;
        return folder;
    }
}
