using System.Diagnostics;
using System.Runtime.Versioning;

namespace InverseScope.Cli.Tests.Architecture;

[UnsupportedOSPlatform("windows")]
public sealed class LauncherTests
{
    [Fact]
    public void The_launcher_is_a_posix_shell_script()
    {
        var launcher = Repository.Path("inversescope");
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-n", launcher]) { RedirectStandardError = true })!;
        var complaints = shell.StandardError.ReadToEnd();
        shell.WaitForExit();

        Assert.Equal("#!/bin/sh", File.ReadLines(launcher).First());
        Assert.Equal("", complaints);
        Assert.Equal(0, shell.ExitCode);
    }

    [Theory]
    [InlineData(".ci/run")]
    [InlineData("inversescope")]
    public void Scripts_may_be_executed(string path) =>
        Assert.True(File.GetUnixFileMode(Repository.Path(path)).HasFlag(UnixFileMode.UserExecute));
}
