using InverseScope.Core;
using InverseScope.Service.Compute;
using InverseScope.Service.Desk;
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

    private static async Task<JsonHttpResult<HealthView>> Ready(Workspace workspace, ISweepQueue queue, ICompute compute, HealthLooks looks)
    {
        HealthCheck[] checks =
        [
            .. await Task.WhenAll(
                looks.CheckAsync("store", () => workspace.Store.Sweeps()), looks.CheckAsync("home", () => WriteInto(workspace.Home.Path))),
            Check("queue", queue.IsWorking ? null : "Sweeps are no longer worked on: start the service again."),
            Check("compute", compute.Health is { State: ComputeState.Failed } health ? $"What computes has failed: {health.LastFault ?? "it did not start"}. The next work tries anew." : null),
        ];
        var ready = checks.All(c => c.Ok);
        return TypedResults.Json(new HealthView(ready, checks), statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static void WriteInto(string folder)
    {
        var probe = Path.Combine(folder, $".ready-{Guid.NewGuid():n}");
        File.WriteAllText(probe, "");
        File.Delete(probe);
    }

    private static HealthCheck Check(string name, string? what) => new(name, what is null, what);
}

/// <summary>Looks at what may not answer at all, of which there is one at a time, however often is asked.</summary>
internal sealed class HealthLooks(TimeProvider clock)
{
    // Whoever asks waits less long than the store waits for a server, or a home for a disk, that is away.
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, Task> _looks = new(StringComparer.Ordinal);

    public async Task<HealthCheck> CheckAsync(string name, Action look)
    {
        try
        {
            await Look(name, look).WaitAsync(LongestLook, clock);
            return new HealthCheck(name, true, null);
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

    private Task Look(string name, Action look)
    {
        lock (_looks)
        {
            if (!_looks.TryGetValue(name, out var known) || known.IsCompleted)
                _looks[name] = known = Task.Run(look);
            return known;
        }
    }
}
