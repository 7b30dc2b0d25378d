using System.Text.Json;
using System.Text.Json.Serialization;

namespace InverseScope.Sweeps.Hub;

/// <summary>Where a pulled model came from; lies beside its files as <see cref="FileName"/>.</summary>
/// <param name="Schema"><see cref="CurrentSchema"/>.</param>
/// <param name="Repository">On the hub: <c>owner/name</c>.</param>
/// <param name="Endpoint">The hub's address.</param>
/// <param name="Revision">Branch, tag or commit that was asked for.</param>
/// <param name="Commit">What it was then, 40 hexadecimal digits.</param>
/// <param name="Pulled">When it was complete.</param>
public sealed record ModelSource(
    string Schema, string Repository, string Endpoint, string Revision, string Commit, DateTimeOffset Pulled,
    IReadOnlyList<ModelSourceFile> Files)
{
    public const string FileName = "source.json";

    public const string CurrentSchema = "inversescope/model-source/v1";

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>All bytes of the model.</summary>
    [JsonIgnore]
    public long Bytes => Files.Sum(f => f.Size);

    /// <returns>What a folder says of its source; null if nothing, or nothing that can be read.</returns>
    public static ModelSource? TryRead(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<ModelSource>(File.ReadAllBytes(Path.Combine(folder, FileName)), Options)
                is { Schema: CurrentSchema, Commit.Length: 40 } source ? source : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Names of files that a folder lacks, or has with another size.</summary>
    public IReadOnlyList<string> Lacking(string folder) =>
        [.. Files.Where(f => new FileInfo(Path.Combine(folder, f.Name)) is not { Exists: true } file || file.Length != f.Size).Select(f => f.Name)];

    internal void Write(string folder) => File.WriteAllBytes(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, Options));
}

/// <summary>One file of a pulled model.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Hash">What it was verified by: <c>sha256:</c> or <c>git-blob-sha1:</c>, and hexadecimal digits.</param>
public sealed record ModelSourceFile(string Name, long Size, string Hash);
