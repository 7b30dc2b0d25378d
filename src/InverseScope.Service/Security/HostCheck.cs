using System.Net;
using InverseScope.Service.Api;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Security;

/// <summary>
/// Refuses requests under names that are not the service's. A page elsewhere can have its own name point to this machine, so that a browser
/// takes the service for that page's; the name is the one thing that it cannot change.
/// </summary>
internal sealed class HostCheck(ServiceOptions options)
{
    private readonly HashSet<string>? _allowed = Allowed(options);

    public Task Invoke(HttpContext context, RequestDelegate next)
    {
        var host = context.Request.Host;
        if (_allowed is null || _allowed.Contains(host.Host))
            return next(context);
        return Problems.WriteAsync(context, Problems.Of(
            StatusCodes.Status400BadRequest, "The service is not known by the name in the request's Host header.",
            "Use the address that it printed at its start, or allow the name when starting it."));
    }

    // Null: any.
    private static HashSet<string>? Allowed(ServiceOptions options)
    {
        var address = options.Address.Host;
        var isEverywhere = IPAddress.TryParse(address.Trim('[', ']'), out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any));
        if (isEverywhere && options.AllowedHosts.Count == 0)
            return null;
        return new HashSet<string>(["localhost", "127.0.0.1", "[::1]", .. isEverywhere ? [] : new[] { address }, .. options.AllowedHosts], StringComparer.OrdinalIgnoreCase);
    }
}
