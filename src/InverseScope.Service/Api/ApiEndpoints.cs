using InverseScope.Service.Desk;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Api;

/// <summary>The API under <c>/api/v1</c>.</summary>
internal static class ApiEndpoints
{
    public static void Add(IServiceCollection services) => services.AddOpenApi("v1");

    public static void Map(WebApplication app)
    {
        app.MapOpenApi();
        var api = app.MapGroup("/api/v1");
        api.MapGet("/sweeps", (SweepDesk desk) => desk.All());
        api.MapPost("/sweeps", async (HttpRequest request, SweepDesk desk, CancellationToken cancel) =>
        {
            using var body = new StreamReader(request.Body);
            var sweep = desk.Begin(await body.ReadToEndAsync(cancel));
            return Results.Created($"/api/v1/sweeps/{sweep.Id}", sweep);
        });
        api.MapGet("/sweeps/{id}", (string id, SweepDesk desk) => desk.Find(id));
        api.MapPost("/sweeps/{id}/pause", (string id, SweepDesk desk) => desk.Pause(id));
        api.MapPost("/sweeps/{id}/resume", (string id, SweepDesk desk) => desk.Resume(id));
    }
}
