using InverseScope.Core;
using InverseScope.Service.Compute;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace InverseScope.Service.Api;

/// <summary>One thing that the service needs.</summary>
/// <param name="What">What is wrong; null if nothing is.</param>
internal sealed record HealthCheck(string Name, bool Ok, string? What);

/// <summary>Whether the service can do what it is asked.</summary>
internal sealed record HealthView(bool Ready, IReadOnlyList<HealthCheck> Checks);

/// <summary>
/// For whoever keeps the service running. That it lives is told to everybody, as nothing but a status: container health checks have no key.
/// </summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(5);

    public static void Map(WebApplication app)
    {
        app.MapGet("/health/live", () => TypedResults.StatusCode(StatusCodes.Status200OK))
            .AllowAnonymous()
            .WithTags("health").WithName("Live").WithSummary("Whether the process answers; the body is empty, and no key is needed.");
        app.MapGet("/health/ready", Ready)
            .Produces<HealthView>().Produces<HealthView>(StatusCodes.Status503ServiceUnavailable)
            .Answers(StatusCodes.Status401Unauthorized)
            .WithTags("health").WithName("Ready").WithSummary("Whether it can do what it is asked: the store can be written, sweeps are worked on, and models can be run.");
    }

    private static async Task<JsonHttpResult<HealthView>> Ready(Workspace workspace, ISweepQueue queue, ICompute compute)
    {
        HealthCheck[] checks =
        [
            await CheckAsync("store", workspace.Clock, () => Read(workspace.Store)),
            await CheckAsync("home", workspace.Clock, () => WriteInto(workspace.Home.Path)),
            await CheckAsync("queue", workspace.Clock, () => queue.IsWorking ? null : "Sweeps are no longer worked on: start the service again."),
            await CheckAsync("compute", workspace.Clock, () => compute.Health is { State: ComputeState.Failed } health ? $"What computes has failed: {health.LastFault ?? "it did not start"}. The next work tries anew." : null),
        ];
        var ready = checks.All(c => c.Ok);
        return TypedResults.Json(new HealthView(ready, checks), statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static string? Read(SweepStore store)
    {
        store.Sweeps();
        return null;
    }

    private static string? WriteInto(string folder)
    {
        var probe = Path.Combine(folder, $".ready-{Guid.NewGuid():n}");
        File.WriteAllText(probe, "");
        File.Delete(probe);
        return null;
    }

    // Whoever asks waits less long than the store waits for a server, or a home for a disk, that is away.
    private static async Task<HealthCheck> CheckAsync(string name, TimeProvider clock, Func<string?> look)
    {
        try
        {
            var wrong = await Task.Run(look).WaitAsync(LongestLook, clock);
            return new HealthCheck(name, wrong is null, wrong);
        }
        catch (TimeoutException)
        {
            return new HealthCheck(name, false, $"The {name} does not answer within {LongestLook.TotalSeconds:0} s.");
        }
        catch (Exception e) when (e is OutsideServiceException or BadInputException or IOException or UnauthorizedAccessException)
        {
            return new HealthCheck(name, false, e.Message);
        }
    }
}
