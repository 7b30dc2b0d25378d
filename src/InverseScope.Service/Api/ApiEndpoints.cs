using InverseScope.Service.Desk;
using Microsoft.AspNetCore.Builder;
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
    }
}
