using System.Diagnostics;
using InverseScope.Core;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Store;

/// <summary>On a disk of four megabytes, which takes the right to mount one.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly bool _isMounted;

    public FullDiskTests() => _isMounted = OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", _folder.Path);

    public void Dispose()
    {
        if (_isMounted)
            Run("umount", "-l", _folder.Path);
        _folder.Dispose();
    }

    [Fact]
    public void A_store_whose_disk_was_full_goes_on_when_there_is_room_again()
    {
        Assert.SkipUnless(_isMounted, "needs the right to mount a small file system: see tests/SKIPS.md");
        File.WriteAllBytes(_folder["ballast"], new byte[2 << 20]);
        using var store = SweepStore.Open(_folder["store.db"]);
        var sweep = store.Begin(new StoredSweep { Name = "a", Started = Timestamp.Of(DateTimeOffset.UnixEpoch) }).Id;
        var kept = 0;
        Assert.Throws<OutsideServiceException>(() =>
        {
            for (; kept < 10_000; kept++)
                Commit(kept);
        });

        // Not a fault of the program, however often it is asked meanwhile; what was in the log may have made room when it was opened again.
        for (var again = 0; again < 3; again++)
            Assert.True(Record.Exception(() => Commit(kept)) is null or OutsideServiceException);
        File.Delete(_folder["ballast"]);

        Commit(kept);
        Assert.Equal(kept + 1, store.Steps(sweep).Count);
        Assert.Equal(sweep, Assert.Single(store.Sweeps()).Id);

        void Commit(int number) => store.Commit(
            new StoredStep { Sweep = sweep, Stage = $"stage {number}", Key = "k", Result = new string('x', 50_000) }, []);
    }

    /// <summary>Where the disk fills in the midst of a commit, LiteDB's own ways end in a process that waits for ever, or dies of what it left behind.</summary>
    [Fact]
    public void What_does_not_fit_is_refused_again_and_again()
    {
        Assert.SkipUnless(_isMounted, "needs the right to mount a small file system: see tests/SKIPS.md");
        using var store = SweepStore.Open(_folder["store.db"]);
        var sweep = store.Begin(new StoredSweep { Name = "a", Started = Timestamp.Of(DateTimeOffset.UnixEpoch) }).Id;

        for (var round = 0; round < 20; round++)
        {
            Assert.Throws<OutsideServiceException>(() => Commit("too much", (4 << 20) + (round * 45_000)));
#pragma warning disable RS0030 // What LiteDB leaves behind is no tensor, and it is its end that is looked at.
            GC.Collect();
#pragma warning restore RS0030
            GC.WaitForPendingFinalizers();
        }

        Commit("enough", 1000);
        Assert.Equal("enough", Assert.Single(store.Steps(sweep)).Stage);

        void Commit(string stage, int length) => store.Commit(new StoredStep { Sweep = sweep, Stage = stage, Key = "k", Result = new string('x', length) }, []);
    }

    private static bool Run(string command, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
