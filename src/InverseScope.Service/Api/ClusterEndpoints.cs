using InverseScope.Service.Cluster;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Api;

/// <summary>The cluster that a service is in.</summary>
internal static class ClusterEndpoints
{
    public static void Map(RouteGroupBuilder api) => api.MapGet("/cluster", Look)
        .Answers(StatusCodes.Status404NotFound, StatusCodes.Status503ServiceUnavailable)
        .WithTags("cluster").WithName("ShowCluster").WithSummary("Services, workers with what they have loaded and how busy they are, and the sweeps that share them.");

    private static ClusterOverview Look(ClusterDesk desk) => desk.Look()
        ?? throw RequestException.NotFound("This service is alone: it is in no cluster.", "Start it with --cluster to join one.");
}
