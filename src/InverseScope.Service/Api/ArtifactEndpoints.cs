using System.ComponentModel;
using InverseScope.Service.Artifacts;
using InverseScope.Service.Desk;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace InverseScope.Service.Api;

/// <summary>Models, generators and tasks as workers on other machines fetch them.</summary>
internal static class ArtifactEndpoints
{
    private const string ContentType = "application/octet-stream";
    private const string Kind = "models, generators or tasks.";
    private const string Hash = "Content hash of a model or a generator, or fingerprint of a task: 64 hexadecimal digits in lower case.";
    private const string Name = "What is of this name is looked at first, which saves the reading of others.";

    private static readonly Dictionary<string, ArtifactKind> Kinds = Enum.GetValues<ArtifactKind>()
        .ToDictionary(k => k.ToString().ToLowerInvariant(), StringComparer.Ordinal);

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/artifacts/{kind}/{hash}").WithTags("artifacts").Answers(StatusCodes.Status404NotFound);
        group.MapGet("", ArtifactManifest ([Description(Kind)] string kind, [Description(Hash)] string hash, ArtifactDesk desk, [Description(Name)] string? name) => Find(kind, hash, name, desk).Manifest)
            .WithName("ShowArtifact").WithSummary("The files of the model, generator or task with a content hash. Tasks that are built in have none.");
        group.MapGet("/files/{**path}", Download)
            .Produces(StatusCodes.Status200OK, contentType: ContentType).Produces(StatusCodes.Status206PartialContent, contentType: ContentType)
            .Produces(StatusCodes.Status304NotModified).Produces(StatusCodes.Status416RangeNotSatisfiable)
            .WithName("DownloadArtifactFile").WithSummary("A file of it, whole or from a byte on. Its ETag is its SHA-256.");
    }

    private static FileStreamHttpResult Download(
        [Description(Kind)] string kind, [Description(Hash)] string hash, [Description("As the list of files has it.")] string path, ArtifactDesk desk, [Description(Name)] string? name)
    {
        var (file, content) = Find(kind, hash, name, desk).Open(path) ?? throw RequestException.NotFound(
            "It has no such file.", "The address without /files lists those that it has.");
        return TypedResults.Stream(content, ContentType, entityTag: new EntityTagHeaderValue(Preconditions.Quote(file.Sha256)), enableRangeProcessing: true);
    }

    private static ShelvedArtifact Find(string kind, string hash, string? name, ArtifactDesk desk)
    {
        if (!Kinds.TryGetValue(kind, out var known))
            throw RequestException.NotFound("There is nothing of this kind.", $"Known: {string.Join(", ", Kinds.Keys)}.");
        return ArtifactManifest.IsHash(hash) && desk.Find(known, hash, name) is { } found
            ? found
            : throw RequestException.NotFound($"None of the {kind} here has this content hash.", "The content may have changed since it was named; tasks that are built in have no file.");
    }
}
