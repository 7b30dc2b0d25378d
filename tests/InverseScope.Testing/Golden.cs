using System.Runtime.CompilerServices;
using System.Text;
using Xunit;

namespace InverseScope.Testing;

/// <summary>
/// Compares what a person or program reads with a file that someone has looked at. The accepted text lies beside the
/// test as <c>Class.Test.verified.EXT</c>; a differing one is written next to it as <c>.received.</c>, and accepting it
/// means to move it over.
/// </summary>
public static class Golden
{
    /// <summary>Fails with the first line that differs from the accepted text.</summary>
    /// <param name="actual">What the code produced.</param>
    /// <param name="extension">Without the dot, e.g. <c>html</c>.</param>
    public static void Verify(
        string actual, string extension, [CallerFilePath] string test = "", [CallerMemberName] string name = "") =>
        VerifyFile(
            actual,
            Path.Combine(Path.GetDirectoryName(test)!, $"{Path.GetFileNameWithoutExtension(test)}.{name}.verified.{extension}"));

    /// <summary>The same with a file named outright, which may be one that is shipped.</summary>
    public static void VerifyFile(string actual, string verified)
    {
        var extension = Path.GetExtension(verified);
        var stem = Path.ChangeExtension(verified, null);
        if (stem.EndsWith(".verified", StringComparison.Ordinal))
            stem = stem[..^".verified".Length];
        var received = $"{stem}.received{extension}";
        var expected = File.Exists(verified) ? File.ReadAllText(verified, Encoding.UTF8) : null;
        if (expected == actual)
        {
            File.Delete(received);
            return;
        }

        File.WriteAllText(received, actual);
        var why = expected is null ? "there is no accepted text yet" : FirstDifference(expected, actual);
        Assert.Fail($"{Path.GetFileName(verified)}: {why}.\nIf the new text is right: mv '{received}' '{verified}'");
    }

    private static string FirstDifference(string expected, string actual)
    {
        var want = expected.Split('\n');
        var have = actual.Split('\n');
        var line = 0;
        while (line < want.Length && line < have.Length && want[line] == have[line])
            line++;
        return $"line {line + 1} differs\n  accepted: {Part(want, line)}\n  received: {Part(have, line)}";
    }

    private static string Part(string[] lines, int line) => line >= lines.Length ? "(end)"
        : lines[line].Length > 200 ? lines[line][..200] + "…" : lines[line];
}
