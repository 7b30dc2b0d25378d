using System.ComponentModel;
using System.Text.Json.Nodes;
using InverseScope.Core.Specs;
using InverseScope.Service.Desk;
using InverseScope.Service.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Api;

/// <summary>A spec as it is to be kept.</summary>
/// <param name="Text">YAML or JSON; it need not be finished.</param>
internal sealed record SpecText(string Text);

/// <summary>A spec to be checked.</summary>
/// <param name="Text">YAML or JSON; may be anything.</param>
/// <param name="Task">Name of the task whose lexicons and variables it uses; null for none.</param>
/// <param name="Model">Name of the model whose tokens it uses; null for none.</param>
internal sealed record SpecCheckOrder(string Text, string? Task = null, string? Model = null);

/// <summary>A spec to be tried on a few texts.</summary>
/// <param name="Text">YAML or JSON; may be anything.</param>
/// <param name="Task">Name of the task that texts are drawn from.</param>
/// <param name="Model">Name of the model whose tokens it uses; null for none.</param>
/// <param name="Count">Texts, 1 to 1,000; to 100 where a language model is asked. Default 20.</param>
/// <param name="Seed">Of the texts. Default 1.</param>
/// <param name="LanguageModel">As <c>language_model</c> of a plan; needed where the spec asks one.</param>
internal sealed record SpecTryOrder(string Text, string Task, string? Model = null, int Count = 20, long Seed = 1, JsonObject? LanguageModel = null);

internal static class SpecEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/specs").WithTags("specs");
        group.MapGet("/schema", () => TypedResults.Text(FeatureSpecText.Schema().ToJsonString(ApiJson.Options), "application/schema+json"))
            .Produces<JsonObject>(contentType: "application/schema+json")
            .WithName("SpecSchema").WithSummary("The JSON Schema of feature specs, for editors.");
        group.MapGet("", IReadOnlyList<SpecRow> (SpecDesk desk) => desk.All)
            .WithName("ListSpecs").WithSummary("The specs that are saved, and those that came with the program.");
        group.MapGet("/{name}", Show)
            .Produces(StatusCodes.Status304NotModified).Answers(StatusCodes.Status404NotFound)
            .WithName("ShowSpec").WithSummary("A spec with its text; its ETag is what a change must name.");
        group.MapPut("/{name}", Save)
            .TakesLongBody().Produces<SavedSpec>(StatusCodes.Status201Created)
            .Answers(StatusCodes.Status412PreconditionFailed, StatusCodes.Status428PreconditionRequired, StatusCodes.Status503ServiceUnavailable)
            .WithName("SaveSpec").WithSummary("Keeps a spec, finished or not. If-Match names the version that it replaces; If-None-Match: * makes a new one.");
        group.MapDelete("/{name}", Delete)
            .Answers(StatusCodes.Status404NotFound, StatusCodes.Status412PreconditionFailed, StatusCodes.Status428PreconditionRequired)
            .WithName("DeleteSpec").WithSummary("Deletes a saved spec; sweeps that were begun with it have it still.");
        group.MapPost("/check", SpecCheck (SpecCheckOrder order, SpecDesk desk, CancellationToken cancel) => desk.Check(order.Text, order.Task, order.Model, cancel))
            .TakesLongBody().Answers(StatusCodes.Status503ServiceUnavailable)
            .WithName("CheckSpec").WithSummary("Compiles a spec and runs its tests: errors with line and column. No language model is asked.");
        group.MapPost("/try", Try)
            .TakesLongBody().Answers(StatusCodes.Status503ServiceUnavailable).RequireRateLimiting(RequestRates.Computing)
            .WithName("TrySpec").WithSummary("Labels a few draws of a task: balance of the labels, what to look at before a sweep, and what its labels will take.");
        group.MapPost("/eval", Evaluate)
            .TakesLongBody()
            .WithName("EvaluateSpecs").WithSummary("Measures specs at sites: rate, chance, κ, e-value, bits and verdict. A job does it; Location tells where it is.");
    }

    private static Results<Ok<SavedSpec>, StatusCodeHttpResult> Show([Description("As /specs lists it.")] string name, HttpContext context, SpecDesk desk)
    {
        var spec = Known.Find(name, desk.Find);
        return Preconditions.IsKnown(context, spec.Tag) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(spec);
    }

    private static Results<Ok<SavedSpec>, Created<SavedSpec>> Save(
        [Description("1 to 64 letters, digits, '-', '_' or '.', beginning with a letter or digit.")] string name, SpecText body, HttpContext context, SpecDesk desk)
    {
        var seen = Preconditions.Seen(context.Request, mayBeNew: true);
        var saved = desk.Save(name, body.Text, seen);
        context.Response.Headers.ETag = Preconditions.Quote(saved.Tag);
        return seen is null ? TypedResults.Created($"/api/v1/specs/{saved.Name}", saved) : TypedResults.Ok(saved);
    }

    private static NoContent Delete([Description("As /specs lists it.")] string name, HttpContext context, SpecDesk desk)
    {
        var seen = Preconditions.Seen(context.Request);
        Known.Find(name, known =>
        {
            desk.Delete(known, seen);
            return known;
        });
        return TypedResults.NoContent();
    }

    private static SpecDryRun Try(SpecTryOrder order, SpecDesk desk, Workspace workspace, ServiceOptions options, CancellationToken cancel)
    {
        var languageModel = order.LanguageModel is { } section ? SpecReading.LanguageModel(workspace, section) : null;
        return ComputingTime.Within(
            options.Limits.Computing, token => desk.DryRun(order.Text, order.Task, order.Model, order.Count, order.Seed, languageModel, token), cancel);
    }

    private static Accepted<JobView> Evaluate(EvaluationOrder order, EvaluationDesk desk) => desk.Begin(order) is { } job
        ? TypedResults.Accepted($"/api/v1/jobs/{job.Id}", job)
        : throw new RequestException(StatusCodes.Status429TooManyRequests, $"{EvaluationDesk.MostOpen} jobs wait or run already.", "Wait until one has ended, or cancel one.");
}
