namespace InverseScope.Service.Artifacts;

/// <summary>Where something came from.</summary>
public enum ArtifactOrigin
{
    /// <summary>It came with the program, or was in the home.</summary>
    Home,

    /// <summary>It is used where it lies in the shared folder.</summary>
    Shared,

    /// <summary>It was fetched from the service, now or earlier.</summary>
    Pulled,
}

/// <summary>A model or a generator on this machine.</summary>
/// <param name="Name">That it was asked for by. In a home or a shared folder the same content may lie under another.</param>
/// <param name="Folder">Full path; of a model in Hugging Face layout.</param>
public sealed record LocalArtifact(string Name, string Folder, ArtifactOrigin Origin);
