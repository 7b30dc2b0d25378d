using InverseScope.Core;
using InverseScope.Service.Cluster;
using InverseScope.Service.Desk;
using InverseScope.Service.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Pages;

/// <summary>The pages, rendered on the server; everything on them works by links and forms.</summary>
internal static class PageEndpoints
{
    public static void Add(IServiceCollection services)
    {
        services.AddRazorComponents();
        services.AddSingleton<PageAssets>();
        services.AddSingleton<PageFaults>();
        services.AddSingleton<FragmentCache>();
        services.AddSingleton<PageCache>();
        services.AddSingleton<SweepPages>();
        services.AddSingleton<HypothesisPages>();
        services.AddSingleton<SpecPages>();
    }

    public static void Map(WebApplication app)
    {
        var faults = app.Services.GetRequiredService<PageFaults>();
        app.Use(next => context => faults.Handle(context, next));
        app.MapGet("/assets/{hash}/{name}", (HttpContext context, string hash, string name, PageAssets assets) => assets.Answer(context, hash, name))
            // The page that asks for the key looks like the others.
            .AllowAnonymous()
            .ExcludeFromDescription();
        var pages = app.MapGroup("").WithMetadata(new PageMark()).ExcludeFromDescription();
        MapSweeps(pages);
        MapHypotheses(pages);
        MapSpecs(pages);
        pages.MapGet("/cluster", (ClusterDesk desk, Workspace workspace) => PageResult.Of<ClusterPage>("Cluster", PageSection.Cluster, new()
        {
            [nameof(ClusterPage.Cluster)] = desk.Look() ?? throw new BadInputException("This service is alone: it is in no cluster.", "Start it with --cluster to join one."),
            [nameof(ClusterPage.Now)] = workspace.Clock.GetUtcNow(),
        }));
    }

    private static void MapSweeps(RouteGroupBuilder pages)
    {
        pages.MapGet("/", (HttpRequest request, SweepPages sweeps) => sweeps.List(request.Query));
        pages.MapPost("/sweeps", (IFormCollection form, SweepPages sweeps) => sweeps.Begin(form));
        pages.MapGet("/sweeps/{id}", (string id, HttpRequest request, SweepPages sweeps) => sweeps.One(id, request.Query));
        pages.MapPost("/sweeps/{id}/pause", (string id, IFormCollection form, SweepPages sweeps) => sweeps.Act(id, form, (desk, _) => desk.Pause(id)));
        pages.MapPost("/sweeps/{id}/stop", (string id, IFormCollection form, SweepPages sweeps) => sweeps.Act(id, form, (desk, _) => desk.Stop(id)));
        pages.MapPost("/sweeps/{id}/resume", (string id, IFormCollection form, SweepPages sweeps) => sweeps.Act(id, form, (desk, _) => desk.Resume(id)));
        pages.MapPost("/sweeps/{id}/budget", (string id, IFormCollection form, SweepPages sweeps) => sweeps.Act(id, form, SweepPages.SetBudget));
        pages.MapPost("/sweeps/{id}/priority", (string id, IFormCollection form, SweepPages sweeps) => sweeps.Act(id, form, SweepPages.SetPriority));
        pages.MapGet("/sweeps/{id}/report.{format}", (string id, string format, SweepPages sweeps) => sweeps.Export(id, format));
        pages.MapGet("/sweeps/{id}/reviews.{format}", (string id, string format, SweepPages sweeps) => sweeps.ExportReviews(id, format));
        pages.MapGet("/sweeps/{id}/sites/{*site}", (string id, string site, HttpRequest request, SweepPages sweeps) => sweeps.Site(id, site, request.Query));
        pages.MapGet("/sweeps/{id}/transcripts", (string id, HttpRequest request, SweepPages sweeps) => sweeps.Transcripts(id, request.Query));
        pages.MapGet("/compare", (HttpRequest request, SweepPages sweeps) => sweeps.Compare(request.Query));
    }

    private static void MapHypotheses(RouteGroupBuilder pages)
    {
        pages.MapGet("/review", (HttpRequest request, HypothesisPages hypotheses) => hypotheses.Queue(request.Query));
        pages.MapGet("/sweeps/{id}/hypotheses/{*hypothesis}", (string id, string hypothesis, HttpRequest request, HypothesisPages hypotheses) =>
            hypotheses.One(id, hypothesis, request));
        pages.MapPost("/sweeps/{id}/reviews", (string id, IFormCollection form, HttpContext context, HypothesisPages hypotheses) => hypotheses.Review(id, form, context));
        pages.MapPost("/sweeps/{id}/corrections", (string id, IFormCollection form, HttpContext context, HypothesisPages hypotheses) => hypotheses.Correct(id, form, context));
    }

    private static void MapSpecs(RouteGroupBuilder pages)
    {
        pages.MapGet("/specs", (SpecPages specs) => specs.List());
        pages.MapGet("/specs/new", (HttpRequest request, SpecPages specs) => specs.New(request.Query));
        pages.MapGet("/specs/schema.json", SpecPages.Schema);
        pages.MapGet("/specs/{name}", (string name, HttpRequest request, SpecPages specs) => specs.One(name, request.Query));
        pages.MapPost("/specs/check", (IFormCollection form, SpecPages specs) => specs.Check(form));
        pages.MapPost("/specs/try", (IFormCollection form, SpecPages specs, CancellationToken cancel) => specs.Try(form, cancel))
            .RequireRateLimiting(RequestRates.Computing);
        pages.MapPost("/specs/save", (IFormCollection form, SpecPages specs) => specs.Save(form));
    }
}
