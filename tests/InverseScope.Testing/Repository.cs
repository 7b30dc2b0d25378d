namespace InverseScope.Testing;

/// <summary>The checkout that the tests run from.</summary>
public static class Repository
{
    /// <summary>Folder with the solution file.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A path below the root.</summary>
    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "InverseScope.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No InverseScope.sln above {AppContext.BaseDirectory}.");
    }
}
