using InverseScope.Service.Api;
using InverseScope.Service.Compute;
using InverseScope.Service.Desk;
using InverseScope.Service.Mcp;
using InverseScope.Service.Pages;
using InverseScope.Service.Security;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Stages;
using InverseScope.Sweeps.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service;

/// <summary>The service as one application: pages, API and MCP over one home, whose store it owns.</summary>
public static class ServiceApp
{
    /// <summary>Opens the home; nothing listens yet.</summary>
    /// <param name="compute">Where models run; belongs to the application.</param>
    /// <exception cref="Core.BadInputException">Another process owns the store, or an address that is not loopback has no key.</exception>
    public static WebApplication Build(ServiceOptions options, Func<Workspace, ICompute> compute)
    {
        ServiceSecurity.Check(options);
        options.Home.Make();
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls(options.Address.ToString());
        var services = builder.Services;
        AddDesks(services, options, compute);
        ServiceSecurity.Add(services);
        ApiEndpoints.Add(services);
        PageEndpoints.Add(services);
        McpEndpoints.Add(services);

        var app = builder.Build();
        // The store is taken now: who starts a second service on a home learns it at once.
        app.Services.GetRequiredService<Workspace>();
        ServiceSecurity.Use(app);
        ApiEndpoints.Map(app);
        PageEndpoints.Map(app);
        McpEndpoints.Map(app);
        return app;
    }

    /// <summary>Adds what works on a home, whatever listens to people and programs.</summary>
    internal static void AddDesks(IServiceCollection services, ServiceOptions options, Func<Workspace, ICompute> compute)
    {
        services.AddSingleton(options);
        services.AddSingleton(options.Clock);
        services.AddSingleton(_ => new Workspace(options.Home, SweepStore.Open(options.Home.Store), options.Clock, options.Version));
        services.AddSingleton(provider => compute(provider.GetRequiredService<Workspace>()));
        services.AddSingleton(provider => Runner(options, provider.GetRequiredService<Workspace>(), provider.GetRequiredService<ICompute>()));
        services.AddSingleton<SweepQueue>();
        services.AddHostedService(provider => provider.GetRequiredService<SweepQueue>());
        services.AddSingleton<SweepDesk>();
        services.AddSingleton<ReportShelf>();
        services.AddSingleton<ReviewDesk>();
        services.AddSingleton<SampleShelf>();
        services.AddSingleton<SpecDesk>();
    }

    private static SweepRunner Runner(ServiceOptions options, Workspace workspace, ICompute compute) => new(
        workspace.Home, workspace.Store, compute.Open, compute.Describe, workspace.Tasks, workspace.Clock, workspace.Version,
        asked => LanguageModelAccess.Open(asked, options.Variable, workspace.Clock, CancellationToken.None));
}
