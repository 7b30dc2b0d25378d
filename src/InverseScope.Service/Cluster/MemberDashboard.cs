using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Orleans.Dashboard;

namespace InverseScope.Service.Cluster;

/// <summary>The page about members and grains that comes with Orleans, with the key, the name and the rates of every other page.</summary>
internal static class MemberDashboard
{
    /// <summary>Where it is; what belongs to its page has addresses relative to that.</summary>
    public const string Address = Root + "/";

    private const string Root = "/orleans";

    // It draws with styles on its elements, and has a font within its style.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; connect-src 'self'; form-action 'none'; "
        + "base-uri 'none'; frame-ancestors 'none'";

    public static void Map(WebApplication app)
    {
        app.Use((context, next) =>
        {
            if (context.Request.Path.Equals(Root))
            {
                context.Response.Redirect(Address);
                return Task.CompletedTask;
            }

            if (context.Request.Path.StartsWithSegments(Root))
                context.Response.Headers.ContentSecurityPolicy = Policy;
            return next(context);
        });
        app.MapOrleansDashboard(Root).ExcludeFromDescription();
    }
}
