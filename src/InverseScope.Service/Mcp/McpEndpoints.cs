using InverseScope.Service.Desk;
using InverseScope.Service.Security;
using InverseScope.Sweeps;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;

namespace InverseScope.Service.Mcp;

/// <summary>The Model Context Protocol under <c>/mcp</c>.</summary>
internal static class McpEndpoints
{
    public const string Path = "/mcp";

    /// <summary>Adds what a service needs for it.</summary>
    public static void Add(IServiceCollection services)
    {
        AddServer(services).WithHttpTransport(http =>
        {
            // A study belongs to a session, and ends with it.
#pragma warning disable MCP9006 // Sessions are what studies belong to, as long as there are any.
            http.IdleTimeout = StudyLimits.Idle;
            http.MaxIdleSessionCount = StudyLimits.Sessions;
#pragma warning restore MCP9006
            http.SessionMode = HttpServerSessionMode.Stateful;
#pragma warning disable MCPEXP002 // There is no other way to learn that a session has ended.
            http.RunSessionHandler = async (context, server, cancel) =>
#pragma warning restore MCPEXP002
            {
                // The request that began the session is over long before it ends.
                var studies = context.RequestServices.GetRequiredService<StudyDesk>();
                try
                {
                    await server.RunAsync(cancel);
                }
                finally
                {
                    studies.Close(server.SessionId ?? "");
                }
            };
        });
    }

    /// <summary>Adds the server itself, without a transport.</summary>
    public static IMcpServerBuilder AddServer(IServiceCollection services)
    {
        services.AddSingleton<StudyDesk>();
        services.AddHostedService(provider => provider.GetRequiredService<StudyDesk>());
        services.AddSingleton<StudySubmission>();
        services.AddSingleton<McpTools>();
        return services
            .AddMcpServer(options => (options.ServerInfo, options.ServerInstructions) = (new Implementation { Name = "inversescope", Version = VersionOf(services) }, McpTexts.Instructions))
            .WithListToolsHandler((_, _) => ValueTask.FromResult(new ListToolsResult { Tools = [.. McpTools.All] }))
            .WithCallToolHandler((context, cancel) => context.Services!.GetRequiredService<McpTools>().CallAsync(context, cancel))
            .WithListResourcesHandler((_, _) => ValueTask.FromResult(McpTexts.Resources))
            .WithReadResourceHandler((context, _) => ValueTask.FromResult(McpTexts.Read(context.Params)))
            .WithListPromptsHandler((_, _) => ValueTask.FromResult(McpTexts.Prompts))
            .WithGetPromptHandler((context, _) => ValueTask.FromResult(McpTexts.Find(context.Params, context.Services!.GetRequiredService<Workspace>())));
    }

    public static void Map(WebApplication app)
    {
        app.MapMcp(Path).RequireRateLimiting(RequestRates.Streaming);
        var home = app.Services.GetRequiredService<Workspace>().Home;
        app.Lifetime.ApplicationStarted.Register(() => ServiceAddress.Write(home, app.Urls));
        app.Lifetime.ApplicationStopping.Register(() => ServiceAddress.Forget(home));
    }

    private static string VersionOf(IServiceCollection services) =>
        ((ServiceOptions)services.Single(s => s.ServiceType == typeof(ServiceOptions)).ImplementationInstance!).Version;
}
