namespace InverseScope.Service.Artifacts;

/// <summary>The files of a model, a generator or a task: all that it takes for the same content hash to come out elsewhere.</summary>
/// <param name="Name">Of the model or of the task; of a generator that of its folder, which samples are told to come from.</param>
/// <param name="Hash">Of a model that of its files, whatever number type the hash that was asked for stands for; else what was asked for.</param>
/// <param name="Files">At least one.</param>
public sealed record ArtifactManifest(ArtifactKind Kind, string Name, string Hash, IReadOnlyList<ArtifactFile> Files)
{
    private const int HashDigits = 64;

    /// <summary>Whether a text is a content hash: 64 hexadecimal digits in lower case.</summary>
    internal static bool IsHash(string text) => text.Length == HashDigits && text.All(char.IsAsciiHexDigitLower);
}

/// <summary>One file of a manifest.</summary>
/// <param name="Path">Below the folder of the whole, with slashes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Lower-case hex.</param>
public sealed record ArtifactFile(string Path, long Size, string Sha256);
