using InverseScope.Core;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Pages;

/// <summary>Marks an endpoint whose faults are told by a page.</summary>
internal sealed class PageMark;

/// <summary>What a browser sees where there is no page, or where one breaks.</summary>
internal sealed partial class PageFaults(ILogger<PageFaults> logger)
{
    public async Task Handle(HttpContext context, RequestDelegate next)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<PageMark>() is null)
        {
            await next(context);
            if (endpoint is null && context.Response is { StatusCode: StatusCodes.Status404NotFound, HasStarted: false } && IsForPeople(context.Request))
                await Tell(context, StatusCodes.Status404NotFound, "There is no such page", "The address may be mistyped, or what it led to is gone.");
            return;
        }

        try
        {
            await next(context);
        }
        catch (BadInputException e) when (!context.Response.HasStarted)
        {
            var isGet = HttpMethods.IsGet(context.Request.Method);
            await Tell(context, isGet ? StatusCodes.Status404NotFound : StatusCodes.Status400BadRequest, isGet ? "It is not here" : "That cannot be done", e.Message);
        }
        catch (Exception e) when (!context.Response.HasStarted && e is BadHttpRequestException or AntiforgeryValidationException)
        {
            await Tell(
                context, StatusCodes.Status400BadRequest, "The form was not taken",
                "It was too large, or was opened too long ago or elsewhere. Go back, reload the page and send it again.");
        }
        catch (OutsideServiceException e) when (!context.Response.HasStarted)
        {
            await Tell(context, StatusCodes.Status503ServiceUnavailable, "It cannot be had now", e.Message);
        }
#pragma warning disable CA1031 // Whatever else breaks is a fault of the program; the reader sees a page of the program all the same.
        catch (Exception e) when (!context.Response.HasStarted && e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogFault(logger, context.Request.Path, e);
            await Tell(context, StatusCodes.Status500InternalServerError, "The page broke", "This is a fault of the program; its log has the details.");
        }
    }

    private static bool IsForPeople(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal)
        && !request.Path.StartsWithSegments("/api") && !request.Path.StartsWithSegments("/mcp");

    private static Task Tell(HttpContext context, int status, string heading, string what)
    {
        context.Response.Clear();
        return PageResult.Fault(status, heading, what).ExecuteAsync(context);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The page {Path} broke.")]
    private static partial void LogFault(ILogger logger, PathString path, Exception fault);
}
