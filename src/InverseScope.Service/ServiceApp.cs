using InverseScope.Agent.Chat;
using InverseScope.Core;
using InverseScope.Service.Api;
using InverseScope.Service.Cluster;
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
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace InverseScope.Service;

/// <summary>The service as one application: pages, API and MCP over one home, whose store it owns.</summary>
public static class ServiceApp
{
    // A sweep ends at its next batch, and the worker's is not waited for longer than some seconds.
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(10);

    // One device computes for one site; others wait for a language model meanwhile.
    private const int SitesThatAsk = 4;

    /// <summary>Opens the home; nothing listens yet.</summary>
    /// <param name="compute">Where models run; belongs to the application.</param>
    /// <exception cref="Core.BadInputException">
    /// Another process owns the store, an address that is not loopback has no key, or the cluster cannot be joined.
    /// </exception>
    /// <exception cref="Core.OutsideServiceException">The cluster's database does not answer.</exception>
    public static WebApplication Build(ServiceOptions options, Func<Workspace, ICompute> compute)
    {
        ServiceSecurity.Check(options);
        options.Home.Make();
        var homeMark = "";
        if (options.Cluster is { } joined)
        {
            ClusterSchema.Prepare(joined, options.Version, options.Clock, () => ClusterHome.MarkOf(options.Home));
            homeMark = ClusterHome.Mark(options.Home, joined);
        }

        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls(options.Address.ToString());
        builder.WebHost.ConfigureKestrel(ServiceSecurity.Limit);
        Log(builder.Logging);
        var services = builder.Services;
        // First, so that it has joined when others ask it.
        builder.UseOrleans(silo =>
        {
            if (options.Cluster is { } cluster)
                ClusterHost.AddService(silo, cluster, options.Version, homeMark);
            else
                ClusterHost.AddAlone(silo, options.Version);
        });
        services.AddSingleton<SiteWorks>();
        if (options.Cluster is null)
        {
            services.AddSingleton<ISiteDispatch>(provider => new SiteDispatch(
                provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<SiteWorks>(), asks => asks ? SitesThatAsk : 1, options.Clock));
        }

        AddDesks(services, options, compute);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = EndsWithin);
        ServiceSecurity.Add(services, options);
        ApiEndpoints.Add(services, options);
        PageEndpoints.Add(services);
        McpEndpoints.Add(services);

        var app = builder.Build();
        // The store is taken now: who starts a second service on a home learns it at once.
        app.Services.GetRequiredService<Workspace>();
        ServiceSecurity.UseFirst(app, options);
        ApiEndpoints.UseFaults(app);
        ServiceSecurity.Use(app, options);
        app.Use(Acceptance.Check);
        ServiceSecurity.Map(app, options);
        MemberDashboard.Map(app);
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
        services.AddSingleton(_ => new Workspace(
            options.Home, options.Cluster is { } joined ? SweepStore.OpenPostgres(joined.Store) : SweepStore.Open(options.Home.Store), options.Clock, options.Version));
        if (options.Cluster is null)
            AddAlone(services, compute);
        else
            AddClustered(services, compute);
        services.AddSingleton(provider => Runner(provider.GetRequiredService<Workspace>(), provider.GetRequiredService<ICompute>(), provider.GetRequiredService<LanguageModelFactory>()));
        services.AddSingleton<ClusterDesk>();
        services.AddSingleton<SweepDesk>();
        services.AddSingleton<ReportShelf>();
        services.AddSingleton<ReviewDesk>();
        services.AddSingleton<SampleShelf>();
        services.AddSingleton<SpecDesk>();
        services.AddSingleton<ModelDesk>();
        services.AddSingleton<TaskDesk>();
        services.AddSingleton<ArtifactDesk>();
        services.AddSingleton<SampleDesk>();
        services.AddSingleton<EvaluationDesk>();
        services.AddSingleton<LanguageModelFactory>(asked => Open(options, asked));
    }

    private static void AddAlone(IServiceCollection services, Func<Workspace, ICompute> compute)
    {
        services.AddSingleton(provider => compute(provider.GetRequiredService<Workspace>()));
        services.AddSingleton<SweepQueue>();
        services.AddSingleton<ISweepQueue>(provider => provider.GetRequiredService<SweepQueue>());
        services.AddHostedService(provider => provider.GetRequiredService<SweepQueue>());
    }

    private static void AddClustered(IServiceCollection services, Func<Workspace, ICompute> compute)
    {
        services.AddSingleton(provider =>
        {
            var workspace = provider.GetRequiredService<Workspace>();
            return new ClusterCompute(
                provider.GetRequiredService<IGrainFactory>(), compute(workspace), workspace.Home, workspace.Clock, provider.GetRequiredService<ILogger<ClusterBackend>>());
        });
        services.AddSingleton<ICompute>(provider => provider.GetRequiredService<ClusterCompute>());
        services.AddSingleton<ClusterSweeps>();
        services.AddSingleton<ClusterQueue>();
        services.AddSingleton<ISweepQueue>(provider => provider.GetRequiredService<ClusterQueue>());
        services.AddHostedService(provider => provider.GetRequiredService<ClusterQueue>());
    }

    private static SweepRunner Runner(Workspace workspace, ICompute compute, LanguageModelFactory languageModels) => new(
        workspace.Home, workspace.Store, compute.Open, compute.Describe, workspace.Tasks, workspace.Clock, workspace.Version, languageModels);

    // Whoever writes a plan names the variable and the address that its value is sent to. Whether another one is set is not told either.
    private static LanguageModelAccess Open(ServiceOptions options, ChatOptions asked)
    {
        var isAllowed = MayBeSent(options, asked.KeyVariable);
        if (!isAllowed && asked.KeyVariable != new ChatOptions().KeyVariable)
        {
            throw new BadInputException(
                $"key_variable: this service sends no language model the value of '{asked.KeyVariable}'.",
                $"Whoever starts it allows that: --key-variable {asked.KeyVariable}.");
        }

        return LanguageModelAccess.Open(asked, name => MayBeSent(options, name) ? options.Variable(name) : null, options.Clock, CancellationToken.None);
    }

    private static bool MayBeSent(ServiceOptions options, string name) =>
        options.KeyVariables.Contains(name, StringComparer.OrdinalIgnoreCase) && !ServiceOptions.KeyVariable.Equals(name, StringComparison.OrdinalIgnoreCase);

    // Standard output belongs to whoever started it.
    internal static void Log(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.ColorBehavior = LoggerColorBehavior.Disabled;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss'Z' ";
            console.UseUtcTimestamp = true;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.SetMinimumLevel(LogLevel.Warning);
        logging.AddFilter("InverseScope", LogLevel.Information);
        // Members come and go; what that does to sweeps is told by whoever works on them.
        logging.AddFilter("Orleans", LogLevel.Critical);
        logging.AddFilter("Orleans.Runtime.MembershipService.MembershipAgent", LogLevel.Error);
        logging.AddFilter("Polly", LogLevel.Critical);
        // What ends the service is told by whoever started it.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        // What clients do wrong comes back to them; faults of tools are logged by the tools.
        logging.AddFilter("ModelContextProtocol", LogLevel.Critical);
        // Every request without a key would have its lines.
        logging.AddFilter(typeof(KeyHandler).FullName, LogLevel.Warning);
        // That keys are not encrypted by another key is meant: their files are closed to others.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
    }
}
