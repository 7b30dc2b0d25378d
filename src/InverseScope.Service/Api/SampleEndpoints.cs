using InverseScope.Service.Desk;
using InverseScope.Service.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Api;

internal static class SampleEndpoints
{
    public static void Map(RouteGroupBuilder api) => api.MapPost("/sample", Draw)
        .TakesBody().Answers(StatusCodes.Status503ServiceUnavailable).RequireRateLimiting(RequestRates.Computing)
        .WithTags("samples").WithName("DrawSamples").WithSummary("Inputs whose activation at a site is like that of a given text, with the heat map of its tokens.");

    private static DrawnSamples Draw(SampleOrder order, SampleDesk desk, ServiceOptions options, CancellationToken cancel) =>
        ComputingTime.Within(options.Limits.Computing, token => desk.Draw(order, token), cancel);
}
