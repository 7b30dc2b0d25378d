using System.Net;
using InverseScope.Core;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Security;

/// <summary>Who may ask what of the service, and what a browser may do with its pages.</summary>
internal static class ServiceSecurity
{
    /// <summary>Bytes of a request's body where nothing else is said: forms with a spec or a plan, and messages of MCP.</summary>
    public const long LargestBody = 1 << 20;

    private const string KeyFolder = "keys";

    /// <exception cref="BadInputException">It would listen to others without a key, the key is too easily guessed, or the address is none.</exception>
    public static void Check(ServiceOptions options)
    {
        if (options.Address.Scheme != Uri.UriSchemeHttp)
            throw new BadInputException($"{options.Address} is not http.", "Listen on http, behind a reverse proxy that speaks https.");
        if (string.IsNullOrEmpty(options.ApiKey))
        {
            if (!options.Address.IsLoopback)
            {
                throw new BadInputException(
                    $"{options.Address} can be reached from other machines, and no key is set.",
                    $"Set {ServiceOptions.KeyVariable} to a long random text, or listen on http://127.0.0.1.");
            }

            return;
        }

        if (options.ApiKey.Length < ServiceOptions.ShortestKey || !options.ApiKey.All(c => c is > ' ' and <= '~'))
        {
            throw new BadInputException(
                $"The key in {ServiceOptions.KeyVariable} must have at least {ServiceOptions.ShortestKey} characters, all of them printable ASCII without spaces.",
                "Make one with 'openssl rand -hex 32'.");
        }
    }

    /// <summary>Limits of connections, so that slow or many ones cannot keep others out.</summary>
    public static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = LargestBody;
        limits.MaxRequestHeadersTotalSize = 16 << 10;
        limits.MaxRequestHeaderCount = 64;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        limits.MaxConcurrentConnections = 1000;
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
    }

    public static void Add(IServiceCollection services, ServiceOptions options)
    {
        services.AddDataProtection().SetApplicationName("inversescope");
        KeyFiles.Keep(services, Path.Combine(options.Home.Path, KeyFolder));
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "inversescope.form";
            antiforgery.Cookie.HttpOnly = true;
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            antiforgery.SuppressXFrameOptionsHeader = true;
            antiforgery.SuppressReadingTokenFromFormBody = false;
        });
        RequestRates.Add(services, options.Limits);
        var connections = new OpenConnections(options.Limits, options.Proxies);
        services.Configure<KestrelServerOptions>(kestrel => kestrel.ConfigureEndpointDefaults(
            listen => listen.Use(next => connection => connections.Invoke(connection, next))));
        if (string.IsNullOrEmpty(options.ApiKey))
        {
            services.AddAuthorization();
            return;
        }

        services.AddSingleton(new AccessKey(options.ApiKey, options.Limits.WrongKeys));
        services.AddAuthentication(KeyHandler.SchemeName)
            .AddScheme<KeyHandlerOptions, KeyHandler>(KeyHandler.SchemeName, null)
            .AddCookie(LoginSession.SchemeName, LoginSession.Configure);
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder(KeyHandler.SchemeName).RequireAuthenticatedUser().Build());
    }

    /// <summary>What comes before everything else.</summary>
    public static void UseFirst(WebApplication app, ServiceOptions options)
    {
        if (options.Proxies.Count > 0)
            app.UseForwardedHeaders(Forwarding(options.Proxies));
        app.Use(ResponseHeaders.Add);
        app.Use(new HostCheck(options).Invoke);
    }

    /// <summary>Who asks, whether they may, and whether a page of another site makes them.</summary>
    public static void Use(WebApplication app, ServiceOptions options)
    {
        app.UseRateLimiter();
        if (!string.IsNullOrEmpty(options.ApiKey))
            app.UseAuthentication();
        app.Use(SameOrigin.Check);
        app.UseAuthorization();
        app.UseAntiforgery();
    }

    public static void Map(WebApplication app, ServiceOptions options) => LoginPage.Map(app, isNeeded: !string.IsNullOrEmpty(options.ApiKey));

    private static ForwardedHeadersOptions Forwarding(IReadOnlyList<IPAddress> proxies)
    {
        var forwarding = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto };
        forwarding.KnownIPNetworks.Clear();
        forwarding.KnownProxies.Clear();
        foreach (var proxy in proxies)
            forwarding.KnownProxies.Add(proxy);
        return forwarding;
    }
}
