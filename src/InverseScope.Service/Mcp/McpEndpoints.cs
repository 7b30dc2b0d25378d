using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Mcp;

/// <summary>The Model Context Protocol under <c>/mcp</c>.</summary>
internal static class McpEndpoints
{
    public static void Add(IServiceCollection services) => services.AddMcpServer().WithHttpTransport();

    public static void Map(WebApplication app) => app.MapMcp("/mcp");
}
