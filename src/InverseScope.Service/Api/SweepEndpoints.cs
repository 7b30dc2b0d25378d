using System.ComponentModel;
using System.Text;
using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Service.Security;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Api;

/// <summary>What a sweep's priority is to be.</summary>
internal sealed record SweepPriorityChange(SweepPriority Priority);

internal static class SweepEndpoints
{
    private const string Id = "As /sweeps lists it.";

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/sweeps").WithTags("sweeps");
        group.MapGet("", IReadOnlyList<SweepView> (SweepDesk desk) => desk.All())
            .WithName("ListSweeps").WithSummary("All sweeps, the latest first.");
        group.MapPost("", BeginAsync)
            .Accepts<string>("application/yaml", "text/yaml", "application/json").TakesLongBody().Answers(StatusCodes.Status503ServiceUnavailable)
            .WithName("BeginSweep").WithSummary("Begins a sweep: the body is a plan, as a plan file holds it. Paths in it lie in the service's home.");
        group.MapGet("/{id}", SweepView ([Description(Id)] string id, SweepDesk desk) => Known.Find(id, desk.Find))
            .Answers(StatusCodes.Status404NotFound)
            .WithName("ShowSweep").WithSummary("Where a sweep stands: progress, spend and limits.");
        group.MapGet("/{id}/plan", SweepPlan ([Description(Id)] string id, SweepRunner runner) => Known.Find(id, runner.PlanOf))
            .Answers(StatusCodes.Status404NotFound)
            .WithName("ShowPlan").WithSummary("What a sweep really does, defaults included.");
        group.MapPost("/{id}/pause", SweepView ([Description(Id)] string id, SweepDesk desk) => Act(id, desk, desk.Pause))
            .Answers(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict)
            .WithName("PauseSweep").WithSummary("Sets a sweep aside at its next batch.");
        group.MapPost("/{id}/resume", SweepView ([Description(Id)] string id, SweepDesk desk) => Act(id, desk, desk.Resume))
            .Answers(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict)
            .WithName("ResumeSweep").WithSummary("Lets a sweep that was set aside, stopped or broke off wait for its turn again.");
        group.MapPost("/{id}/stop", SweepView ([Description(Id)] string id, SweepDesk desk) => Act(id, desk, desk.Stop))
            .Answers(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict)
            .WithName("StopSweep").WithSummary("Ends a sweep at its next batch, with a report of what it has.");
        group.MapGet("/{id}/limits", Limits)
            .Produces(StatusCodes.Status304NotModified).Answers(StatusCodes.Status404NotFound)
            .WithName("ShowLimits").WithSummary("What a run of a sweep may use; null for no limit. Its ETag is what a change must name.");
        group.MapPut("/{id}/limits", SetLimits)
            .TakesBody().Answers(StatusCodes.Status404NotFound, StatusCodes.Status412PreconditionFailed, StatusCodes.Status428PreconditionRequired)
            .WithName("LimitSweep").WithSummary("Sets what a run of a sweep may use; null for no limit. If-Match names the limits that it replaces.");
        group.MapPut("/{id}/priority", SweepView ([Description(Id)] string id, SweepPriorityChange change, SweepDesk desk) => Act(id, desk, found => desk.SetPriority(found, change.Priority)))
            .TakesBody().Answers(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict)
            .WithName("PrioritiseSweep").WithSummary("Sets how large a share of a cluster's workers a sweep gets beside others: 1 for low, 4 for normal, 16 for high.");
        group.MapGet("/{id}/events", SweepEvents.SendAsync)
            .Produces<SweepView>(contentType: SweepEvents.ContentType).Produces(StatusCodes.Status204NoContent).Answers(StatusCodes.Status404NotFound)
            .RequireRateLimiting(RequestRates.Listening)
            .WithName("WatchSweep").WithSummary("Server-sent events: the sweep now and whenever it changes, and 'end' when it neither runs nor waits. One that has ended answers a reconnecting listener with 204.");
        api.MapGet("/compare", Compare)
            .Answers(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict)
            .WithTags("sweeps").WithName("CompareSweeps").WithSummary("What differs between the reports of two sweeps.");
    }

    private static async Task<Created<SweepView>> BeginAsync(HttpRequest request, SweepDesk desk)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        string plan;
        try
        {
            plan = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(body.GetBuffer(), 0, (int)body.Length);
        }
        catch (DecoderFallbackException)
        {
            throw new BadInputException("The plan is not UTF-8 text.");
        }

        var sweep = desk.Begin(plan);
        return TypedResults.Created($"/api/v1/sweeps/{sweep.Id}", sweep);
    }

    private static Results<Ok<SweepLimits>, StatusCodeHttpResult> Limits([Description(Id)] string id, HttpContext context, SweepDesk desk)
    {
        var limits = Known.Find(id, desk.Find).Spend.Limits;
        return Preconditions.IsKnown(context, SweepDesk.TagOf(limits)) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(limits);
    }

    private static SweepView SetLimits([Description(Id)] string id, SweepLimits limits, HttpContext context, SweepDesk desk)
    {
        var known = Known.Find(id, desk.Find).Id;
        var changed = desk.SetLimits(known, limits, Preconditions.Seen(context.Request));
        context.Response.Headers.ETag = Preconditions.Quote(SweepDesk.TagOf(changed.Spend.Limits));
        return changed;
    }

    private static SweepView Act(string id, SweepDesk desk, Func<string, SweepView> act)
    {
        var known = Known.Find(id, desk.Find).Id;
        return Known.Allowed(() => act(known));
    }

    private static ReportComparison Compare(
        [Description("Id of the first sweep.")] string a, [Description("Id of the second sweep.")] string b, ReportShelf reports) =>
        ReportComparison.Of(ReportEndpoints.ReportOf(a, reports).Document, ReportEndpoints.ReportOf(b, reports).Document);
}
