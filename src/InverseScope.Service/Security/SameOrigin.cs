using InverseScope.Service.Api;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Security;

/// <summary>
/// Keeps pages of other sites from acting through a visitor's browser, with a key and without one. Browsers say where a request comes
/// from and no page can change that; what says nothing is no browser of these days, and needs the key in a header where there is one.
/// Another port of the same machine is another site here.
/// </summary>
internal static class SameOrigin
{
    private const string FetchSite = "Sec-Fetch-Site";
    private const string FetchMode = "Sec-Fetch-Mode";

    public static Task Check(HttpContext context, RequestDelegate next) => IsAllowed(context)
        ? next(context)
        : Problems.WriteAsync(context, Problems.Of(
            StatusCodes.Status403Forbidden, "The request comes from a page of another site.", "Use the service's own pages, or a program outside the browser."));

    private static bool IsAllowed(HttpContext context)
    {
        var request = context.Request;
        var reads = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        if (request.Headers[FetchSite].ToString() is { Length: > 0 } site)
        {
            // A link from elsewhere may be followed; what it leads to stands in a window of its own.
            return site is "same-origin" or "none" || (reads && request.Headers[FetchMode] == "navigate");
        }

        if (request.Headers.Origin.ToString() is { Length: > 0 } origin)
            return Uri.TryCreate(origin, UriKind.Absolute, out var from) && string.Equals(from.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase);
        return reads || !LoginSession.Is(context.User);
    }
}
