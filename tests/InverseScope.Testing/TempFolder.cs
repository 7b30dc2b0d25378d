namespace InverseScope.Testing;

/// <summary>A fresh folder that goes away at the end of the test.</summary>
public sealed class TempFolder : IDisposable
{
    public TempFolder() => Path = Directory.CreateTempSubdirectory("inversescope-").FullName;

    public string Path { get; }

    /// <summary>A path inside; nothing is made.</summary>
    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
