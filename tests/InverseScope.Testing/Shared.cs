using Xunit;

namespace InverseScope.Testing;

/// <summary>
/// Finds material beside the checkout that may be used but not copied into it: models that others trained, published
/// task data. A test that asks for something absent is reported as skipped.
/// </summary>
public static class Shared
{
    /// <summary>Path of a folder or file below the shared folder; skips the test where it is absent.</summary>
    /// <param name="relative">e.g. <c>models/addition</c>.</param>
    public static string Path(string relative)
    {
        var path = Find(relative);
        if (path is null)
            Assert.Skip($"needs {relative} of the shared material: see tests/SKIPS.md");
        return path;
    }

    /// <summary>The path, or null where it is absent.</summary>
    public static string? Find(string relative)
    {
        var root = Environment.GetEnvironmentVariable("INVERSESCOPE_SHARED")
            ?? System.IO.Path.Combine(Repository.Root, "..", "shared");
        var path = System.IO.Path.GetFullPath(System.IO.Path.Combine(root, relative));
        return Directory.Exists(path) || File.Exists(path) ? path : null;
    }
}
