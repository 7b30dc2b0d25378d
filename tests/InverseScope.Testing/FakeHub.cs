using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Headers;
using Microsoft.Net.Http.Headers;

namespace InverseScope.Testing;

/// <summary>
/// A hub on this machine with one repository, and a second address that serves its large files, as the real one does.
/// It behaves, unless a test tells it otherwise.
/// </summary>
public sealed class FakeHub : IAsyncDisposable
{
    public const string Repository = "someone/tiny";

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<FakeHubRequest> _requests = new();
    private readonly List<Fault> _faults = [];

    private FakeHub()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Of the hub itself.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>Of whoever serves large files.</summary>
    public Uri Storage => new(_app.Urls.Last());

    /// <summary>Contents by path. Small ones are served by the hub, others (git LFS) by the storage.</summary>
    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    public string Commit { get; set; } = "0123456789abcdef0123456789abcdef01234567";

    /// <summary>What was asked so far, in order.</summary>
    public IReadOnlyList<FakeHubRequest> Requests => [.. _requests];

    public static async Task<FakeHub> StartAsync()
    {
        var hub = new FakeHub();
        await hub._app.StartAsync();
        return hub;
    }

    /// <summary>Puts the files of a folder into the repository.</summary>
    public FakeHub With(string folder)
    {
        foreach (var file in Directory.GetFiles(folder))
            Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        return this;
    }

    /// <summary>Answers otherwise where the method and the end of the path are these.</summary>
    /// <param name="times">How often; then it behaves again.</param>
    public void Misbehave(string method, string pathEnd, Func<HttpContext, Task> answer, int times = int.MaxValue)
    {
        lock (_faults)
            _faults.Add(new Fault(method, pathEnd, answer) { Left = times });
    }

    /// <summary>Where the storage serves a content.</summary>
    public static string StoredAt(byte[] content) => $"/stored/{Sha256(content)}";

    public static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>git's name of a blob.</summary>
#pragma warning disable CA5350 // git names blobs by SHA-1.
    public static string GitSha1(byte[] content) =>
        Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));
#pragma warning restore CA5350

    /// <summary>The first bytes, and then a connection that breaks.</summary>
    public static async Task SendHalfAndBreakAsync(HttpContext context, ReadOnlyMemory<byte> content, int sent)
    {
        context.Response.ContentLength = content.Length;
        await context.Response.Body.WriteAsync(content[..sent]);
        await context.Response.Body.FlushAsync();
        context.Abort();
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    /// <summary>What the hub does when it behaves.</summary>
    public async Task BehaveAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (context.Connection.LocalPort == Storage.Port)
        {
            var stored = Files.Values.FirstOrDefault(content => StoredAt(content) == path);
            if (stored is null)
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            else
                await ServeAsync(context, stored, $"\"s3-{GitSha1(stored)[..32]}\"");
            return;
        }

        var resolve = $"/{Repository}/resolve/{Commit}/";
        if (path.StartsWith($"/api/models/{Repository}/revision/", StringComparison.Ordinal))
        {
            await context.Response.WriteAsJsonAsync(
                new { sha = Commit, siblings = Files.Keys.Select(rfilename => new { rfilename }) });
        }
        else if (path.StartsWith(resolve, StringComparison.Ordinal) && Files.TryGetValue(path[resolve.Length..], out var content))
        {
            context.Response.Headers["X-Repo-Commit"] = Commit;
            if (path.EndsWith(".safetensors", StringComparison.Ordinal))
                RedirectToStorage(context, content);
            else
                await ServeAsync(context, content, $"\"{GitSha1(content)}\"");
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            context.Response.Headers["X-Error-Code"] = path.StartsWith(resolve, StringComparison.Ordinal) ? "EntryNotFound" : "RepoNotFound";
        }
    }

    private void RedirectToStorage(HttpContext context, byte[] content)
    {
        context.Response.StatusCode = StatusCodes.Status302Found;
        context.Response.Headers["X-Linked-Size"] = $"{content.Length}";
        context.Response.Headers["X-Linked-ETag"] = $"\"{Sha256(content)}\"";
        context.Response.Headers.Location = new Uri(Storage, $"{StoredAt(content)}?Signature=secret-signature").AbsoluteUri;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        _requests.Enqueue(new FakeHubRequest(
            request.Method, request.Path.Value!, context.Connection.LocalPort == Storage.Port, request.Headers.Range.ToString(),
            request.Headers.IfRange.ToString(), request.Headers.Authorization.ToString(), request.HttpContext.Features
                .Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget));
        Fault? fault;
        lock (_faults)
        {
            fault = _faults.Find(f => f.Left > 0 && f.Method == request.Method && request.Path.Value!.EndsWith(f.PathEnd, StringComparison.Ordinal));
            if (fault is not null)
                fault.Left--;
        }

        await (fault is null ? BehaveAsync(context) : fault.Answer(context));
    }

    private static async Task ServeAsync(HttpContext context, byte[] content, string tag)
    {
        context.Response.Headers.ETag = tag;
        var asked = new RequestHeaders(context.Request.Headers);
        var from = 0;
        if (asked.Range?.Ranges.Single().From is { } start
            && (asked.IfRange?.EntityTag is not { } known || known.Compare(EntityTagHeaderValue.Parse(tag), useStrongComparison: true)))
        {
            if (start >= content.Length)
            {
                context.Response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
                return;
            }

            from = (int)start;
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = $"bytes {from}-{content.Length - 1}/{content.Length}";
        }

        context.Response.ContentLength = content.Length - from;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(content.AsMemory(from));
    }

    private sealed record Fault(string Method, string PathEnd, Func<HttpContext, Task> Answer)
    {
        public int Left { get; set; }
    }
}

/// <summary>What a <see cref="FakeHub"/> was asked.</summary>
/// <param name="OfStorage">Whether it came to the storage rather than to the hub.</param>
/// <param name="Range">Empty if it has none, as the other headers.</param>
/// <param name="Target">Path and query as they were sent.</param>
public sealed record FakeHubRequest(
    string Method, string Path, bool OfStorage, string Range, string IfRange, string Authorization, string Target);
