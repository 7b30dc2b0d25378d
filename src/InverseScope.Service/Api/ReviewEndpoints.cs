using System.ComponentModel;
using System.Globalization;
using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Api;

/// <summary>A verdict to be added.</summary>
/// <param name="Verdict">accept, reject, needs_more or spec_wrong.</param>
/// <param name="Author">At most 200 characters.</param>
/// <param name="Comment">At most 10,000 characters.</param>
internal sealed record ReviewOrder(ReviewVerdict Verdict, string Author, string Comment = "");

/// <summary>A label as a person would give it.</summary>
/// <param name="Text">The sample's.</param>
/// <param name="Label">Null: the feature is undefined on this text.</param>
/// <param name="Author">At most 200 characters.</param>
/// <param name="Comment">At most 10,000 characters.</param>
/// <param name="NewLabel">Whether the label may be one that nothing has yet, where a language model or embeddings say which labels are the same.</param>
internal sealed record CorrectionOrder(string Text, string? Label, string Author, string Comment = "", bool NewLabel = false);

internal static class ReviewEndpoints
{
    private const int LongestText = 20_000;

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/sweeps/{id}/hypotheses/{hid}").WithTags("reviews").Answers(StatusCodes.Status404NotFound);
        group.MapGet("/reviews", History)
            .Produces(StatusCodes.Status304NotModified)
            .WithName("ListReviews").WithSummary("What people said of a hypothesis, oldest first; the last counts. Its ETag is what the next review must name.");
        group.MapPost("/reviews", Add)
            .TakesBody().Answers(StatusCodes.Status412PreconditionFailed, StatusCodes.Status428PreconditionRequired)
            .WithName("AddReview").WithSummary("Adds a verdict. If-Match names the history that its author saw.");
        group.MapPost("/corrections", Correct)
            .TakesBody()
            .WithName("CorrectLabel").WithSummary("Keeps a label as a person would give it: a second number is made from it, the first one stays.");
        group.MapGet("/second", Results<Ok<CorrectedRecord>, NoContent> (
                [Description("As /sweeps lists it.")] string id, [Description("As the list gives it; the slash in it is sent as %2F.")] string hid, ReviewDesk desk) =>
            HypothesisEndpoints.Find(id, hid, desk) is var item && desk.SecondNumbers(item.Sweep, item.Hypothesis.Id) is { } second ? TypedResults.Ok(second) : TypedResults.NoContent())
            .WithName("SecondNumbers").WithSummary("What it measures with the labels that people gave, beside its first numbers. Nothing where nobody gave any.");
        api.MapGet("/sweeps/{id}/reviews/export", Export)
            .Produces<ReviewExport>(StatusCodes.Status200OK, "application/json", "text/csv").Answers(StatusCodes.Status404NotFound)
            .WithTags("reviews").WithName("ExportReviews").WithSummary("Everything that people said of a sweep.");
        api.MapGet("/reviews", Queue)
            .Answers(StatusCodes.Status404NotFound)
            .WithTags("reviews").WithName("ReviewQueue").WithSummary("Hypotheses that wait for a person, over all sweeps or one.");
    }

    private static Results<Ok<IReadOnlyList<StoredReview>>, StatusCodeHttpResult> History(
        [Description("As /sweeps lists it.")] string id, [Description("As the list gives it; the slash in it is sent as %2F.")] string hid, HttpContext context, ReviewDesk desk)
    {
        var item = HypothesisEndpoints.Find(id, hid, desk);
        return Preconditions.IsKnown(context, Tag(item.Version)) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(item.History);
    }

    private static Created<StoredReview> Add(
        [Description("As /sweeps lists it.")] string id, [Description("As the list gives it; the slash in it is sent as %2F.")] string hid, ReviewOrder order, HttpContext context, ReviewDesk desk)
    {
        var item = HypothesisEndpoints.Find(id, hid, desk);
        var seen = Preconditions.Seen(context.Request);
        if (!long.TryParse(seen, NumberStyles.None, CultureInfo.InvariantCulture, out var after))
            throw new EditConflictException($"'{seen}' is no ETag of this history.");
        var review = desk.Add(item.Sweep, item.Hypothesis.Id, order.Verdict, order.Author, order.Comment, after);
        context.Response.Headers.ETag = Preconditions.Quote(Tag(review.Id));
        return TypedResults.Created((string?)null, review);
    }

    private static Created<StoredCorrection> Correct(
        [Description("As /sweeps lists it.")] string id, [Description("As the list gives it; the slash in it is sent as %2F.")] string hid, CorrectionOrder order, ReviewDesk desk)
    {
        var item = HypothesisEndpoints.Find(id, hid, desk);
        if (order.Text.Length is 0 or > LongestText || order.Label?.Length > LongestText)
            throw new BadInputException($"A text has 1 to {LongestText} characters, and its label at most as many.");
        return TypedResults.Created((string?)null, desk.Correct(item.Sweep, item.Hypothesis.Id, order.Text, order.Label, order.Author, order.Comment, order.NewLabel));
    }

    private static PageOf<HypothesisRow> Queue(
        ReviewDesk desk,
        [Description("Of this sweep only.")] string? sweep,
        [Description("waiting (something asks for a person and nobody has said anything), unreviewed (nothing does, and nobody has), reviewed or all. Default waiting.")] string? state,
        [Description("Those whose last review says so: accept, reject, needs_more or spec_wrong. Default all.")] string? verdict,
        [Description("From 1. Default 1.")] int? page,
        [Description("1 to 500. Default 50.")] int? size)
    {
        var asked = Paging.Of(page, size);
        ReviewState? wanted = state switch
        {
            null => ReviewState.Waiting,
            "all" => null,
            _ => QueryChoice.One<ReviewState>(state, "state", "all"),
        };
        ReviewVerdict? said = verdict is null ? null : QueryChoice.One<ReviewVerdict>(verdict, "verdict");
        ReviewQueue Find(string? of) => desk.Queue(new ReviewFilter(of, wanted, said, asked.Page, asked.Size));
        var queue = sweep is null ? Find(null) : Known.Find(sweep, Find);
        return new PageOf<HypothesisRow>([.. queue.Items.Select(HypothesisRow.Of)], queue.Total, asked.Page, asked.Size);
    }

    private static ContentHttpResult Export(
        [Description("As /sweeps lists it.")] string id, HttpContext context, ReviewDesk desk, [Description("json or csv. Default json.")] string? format)
    {
        var isCsv = format switch
        {
            null or "json" => false,
            "csv" => true,
            _ => throw new BadInputException($"format is json or csv; found '{format}'."),
        };
        var export = Known.Find(id, desk.Export);
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{export.Sweep}-reviews.{(isCsv ? "csv" : "json")}\"";
        return TypedResults.Content(isCsv ? export.ToCsv() : export.ToJson(), isCsv ? "text/csv; charset=utf-8" : "application/json; charset=utf-8");
    }

    private static string Tag(long version) => version.ToString(CultureInfo.InvariantCulture);
}
