using InverseScope.Core;

namespace InverseScope.Torch;

/// <summary>Pointers that Git leaves in place of large files where its extension for them is absent.</summary>
internal static class GitLfs
{
    private const int LongestPointer = 1024;

    /// <exception cref="BadInputException">The file is a pointer.</exception>
    public static void Refuse(string path)
    {
        if (new FileInfo(path) is not { Exists: true, Length: < LongestPointer })
            return;
        if (File.ReadAllText(path).StartsWith("version https://git-lfs", StringComparison.Ordinal))
            throw new BadInputException($"{path} is a pointer of Git LFS, and not the file itself.", "Fetch it: 'git lfs pull' in its repository, or 'inversescope model pull'.");
    }
}
