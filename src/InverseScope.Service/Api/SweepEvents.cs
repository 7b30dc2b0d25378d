using System.ComponentModel;
using System.Globalization;
using System.Text.Json;
using InverseScope.Service.Desk;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace InverseScope.Service.Api;

/// <summary>A sweep's progress as server-sent events.</summary>
internal static class SweepEvents
{
    public const string ContentType = "text/event-stream";

    // Proxies close what is silent for a minute.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public static async Task SendAsync(
        [Description("As /sweeps lists it.")] string id, HttpContext context, SweepDesk desk, IHostApplicationLifetime lifetime, TimeProvider clock)
    {
        var sweep = Known.Find(id, desk.Find);
        var response = context.Response;
        if (context.Request.Headers.ContainsKey("Last-Event-ID") && sweep.Status is not (SweepStatus.Queued or SweepStatus.Running))
        {
            // So that browsers, which come again after the end, do not come again.
            response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        response.ContentType = ContentType;
        response.Headers["X-Accel-Buffering"] = "no";
        // A service that ends waits for nobody who only listens.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        await using var views = desk.Watch(sweep.Id, end.Token).GetAsyncEnumerator(end.Token);
        var next = views.MoveNextAsync().AsTask();
        try
        {
            for (var number = 1; await Arrived(next, response, clock, end.Token); number++)
            {
                await WriteAsync(response, "sweep", number, JsonSerializer.Serialize(views.Current, ApiJson.Options), end.Token);
                next = views.MoveNextAsync().AsTask();
            }

            await WriteAsync(response, "end", null, "{}", end.Token);
        }
        catch (OperationCanceledException)
        {
            // The enumerator is not to be disposed while it moves.
            await next.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private static async Task<bool> Arrived(Task<bool> next, HttpResponse response, TimeProvider clock, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                return await next.WaitAsync(Heartbeat, clock, cancel);
            }
            catch (TimeoutException)
            {
                await response.WriteAsync(": still here\n\n", cancel);
                await response.Body.FlushAsync(cancel);
            }
        }
    }

    private static async Task WriteAsync(HttpResponse response, string name, int? id, string data, CancellationToken cancel)
    {
        var place = id is { } number ? string.Create(CultureInfo.InvariantCulture, $"id: {number}\n") : "";
        await response.WriteAsync($"event: {name}\n{place}data: {data}\n\n", cancel);
        await response.Body.FlushAsync(cancel);
    }
}
