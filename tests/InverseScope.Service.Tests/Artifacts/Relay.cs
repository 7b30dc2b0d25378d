using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Tests.Artifacts;

/// <summary>What came through a <see cref="Relay"/>.</summary>
/// <param name="Range">Empty if it had none.</param>
internal sealed record RelayedRequest(string Path, string Range)
{
    /// <summary>Bytes of the body that went back.</summary>
    public long Sent { get; set; }
}

/// <summary>Stands between a worker and its service on a real port, counts what passes, and does with it what a test asks.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _service;
    private readonly ConcurrentQueue<RelayedRequest> _requests = new();
    private readonly List<Fault> _faults = [];

    private Relay(Uri service)
    {
        _service = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = service };
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public Uri Address => new(_app.Urls.Single());

    /// <summary>In the order in which they came.</summary>
    public IReadOnlyList<RelayedRequest> Requests => [.. _requests];

    /// <summary>Those for files.</summary>
    public IReadOnlyList<RelayedRequest> FilesAsked => [.. _requests.Where(r => r.Path.Contains("/files/", StringComparison.Ordinal))];

    public static async Task<Relay> StartAsync(Uri service)
    {
        var relay = new Relay(service);
        await relay._app.StartAsync(TestContext.Current.CancellationToken);
        return relay;
    }

    /// <summary>Answers otherwise where the path ends so.</summary>
    /// <param name="answer">Given what the service answers.</param>
    /// <param name="times">How often; then it passes on again.</param>
    public void Misbehave(string pathEnd, Func<HttpContext, byte[], Task> answer, int times = int.MaxValue)
    {
        lock (_faults)
            _faults.Add(new Fault(pathEnd, answer) { Left = times });
    }

    public static async Task SendAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        await context.Response.Body.WriteAsync(body);
        ((RelayedRequest)context.Items[nameof(RelayedRequest)]!).Sent += body.Length;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _service.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = new RelayedRequest(context.Request.Path.Value!, context.Request.Headers.Range.ToString());
        _requests.Enqueue(request);
        context.Items[nameof(RelayedRequest)] = request;
        using var passed = new HttpRequestMessage(HttpMethod.Get, context.Request.Path + context.Request.QueryString);
        foreach (var header in new[] { "Authorization", "Range", "If-Range", "Accept-Encoding" }.Where(h => context.Request.Headers.ContainsKey(h)))
            passed.Headers.TryAddWithoutValidation(header, context.Request.Headers[header].ToString());
        using var answer = await _service.SendAsync(passed, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(h => h.Key is "ETag" or "Content-Range" or "Content-Type" or "Retry-After"))
            context.Response.Headers[name] = values.ToArray();
        var body = await answer.Content.ReadAsByteArrayAsync(context.RequestAborted);
        Fault? fault;
        lock (_faults)
        {
            fault = _faults.Find(f => f.Left > 0 && request.Path.EndsWith(f.PathEnd, StringComparison.Ordinal));
            if (fault is not null)
                fault.Left--;
        }

        await (fault is null ? SendAsync(context, body) : fault.Answer(context, body));
    }

    private sealed record Fault(string PathEnd, Func<HttpContext, byte[], Task> Answer)
    {
        public int Left { get; set; }
    }
}
