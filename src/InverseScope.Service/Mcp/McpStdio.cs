using InverseScope.Core;
using InverseScope.Service.Compute;
using InverseScope.Service.Desk;
using InverseScope.Sweeps;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Mcp;

/// <summary>The Model Context Protocol over standard input and output: the service without its pages and its API, for one client.</summary>
public static class McpStdio
{
    /// <summary>Serves until standard input ends. Sweeps that are not done then go on when a service or this is started again.</summary>
    /// <param name="compute">Where models run; belongs to the server.</param>
    /// <exception cref="BadInputException">Another process owns the store.</exception>
    public static async Task RunAsync(ServiceOptions options, Func<Workspace, ICompute> compute, CancellationToken cancel)
    {
        options.Home.Make();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        // Standard output is the protocol's.
        builder.Logging.AddSimpleConsole();
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddFilter("ModelContextProtocol", LogLevel.Critical);
        ServiceApp.AddDesks(builder.Services, options, compute);
        McpEndpoints.AddServer(builder.Services).WithStdioServerTransport();
        using var host = builder.Build();
        try
        {
            host.Services.GetRequiredService<Workspace>();
        }
        catch (BadInputException e) when (ServiceAddress.Read(options.Home) is { } address)
        {
            throw new BadInputException(
                e.What, $"A service may own it: let the client connect to {new Uri(address, McpEndpoints.Path)} over HTTP (with the service's key, if it needs one), or use another --home.", e);
        }

        await host.RunAsync(cancel);
    }
}
