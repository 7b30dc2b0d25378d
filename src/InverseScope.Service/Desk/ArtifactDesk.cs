using System.Security.Cryptography;
using System.Text;
using InverseScope.Core;
using InverseScope.Core.Tasks;
using InverseScope.Service.Artifacts;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;

namespace InverseScope.Service.Desk;

/// <summary>What a home holds, as workers fetch it: by content hash.</summary>
internal sealed class ArtifactDesk
{
    private readonly FileHashes _hashes = new();
    private readonly HomeArtifacts _artifacts;

    public ArtifactDesk(Workspace workspace) => _artifacts = new HomeArtifacts(workspace.Home, _hashes);

    /// <summary>The files of the model, generator or task of this hash; null if there is none. Reads files that were not asked for before.</summary>
    /// <param name="name">Looked at first; null if none is told.</param>
    public ShelvedArtifact? Find(ArtifactKind kind, string hash, string? name)
    {
        try
        {
            return kind switch
            {
                ArtifactKind.Models => _artifacts.Model(hash, name) is { } model
                    ? OfFiles(kind, model.Name, model.Hash, model.Folder, TargetContent.Files(model.Folder))
                    : null,
                ArtifactKind.Generators => _artifacts.Generator(hash) is { } folder
                    ? OfFiles(kind, Path.GetFileName(folder), hash, folder, Generator.Files(folder))
                    : null,
                _ => _artifacts.Task(hash, name) is (var task, { } file) ? OfTask(task, file) : null,
            };
        }
        catch (Exception e) when (e is BadInputException or IOException or UnauthorizedAccessException)
        {
            // It changed while it was looked at.
            return null;
        }
    }

    // A file that names others would have to be sent with them, wherever they lie: it is sent as one that needs none.
    private ShelvedArtifact OfTask(ITask task, string file)
    {
        if (task is not TranslationTask translation)
            return OfFiles(ArtifactKind.Tasks, task.Name, task.Fingerprint, Path.GetDirectoryName(file)!, [file]);
        var bytes = Encoding.UTF8.GetBytes(TranslationTaskFile.Print(translation));
        var one = new ArtifactFile($"{Path.GetFileNameWithoutExtension(file)}.json", bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        return new ShelvedArtifact(
            new ArtifactManifest(ArtifactKind.Tasks, task.Name, task.Fingerprint, [one]), _ => new MemoryStream(bytes, writable: false));
    }

    private ShelvedArtifact OfFiles(ArtifactKind kind, string name, string hash, string folder, IReadOnlyList<string> paths) => new(
        new ArtifactManifest(kind, name, hash, [.. paths.Select(path => new ArtifactFile(
            Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'), new FileInfo(path).Length, Convert.ToHexStringLower(_hashes.Of(path))))]),
        file => File.OpenRead(Path.Combine(folder, file.Path)));
}

/// <summary>The files of a model, a generator or a task, to be read.</summary>
/// <param name="open">Begins to read a file of the manifest.</param>
internal sealed class ShelvedArtifact(ArtifactManifest manifest, Func<ArtifactFile, Stream> open)
{
    public ArtifactManifest Manifest => manifest;

    /// <param name="path">As the manifest has it; no other is opened.</param>
    /// <returns>The file and its content, which the caller disposes; null if the manifest has none of this path.</returns>
    public (ArtifactFile File, Stream Content)? Open(string path) =>
        manifest.Files.FirstOrDefault(f => f.Path == path) is { } file ? (file, open(file)) : null;
}
