using System.Globalization;
using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace InverseScope.Service.Pages;

/// <summary>The review screen, its queue, and what their forms do.</summary>
internal sealed class HypothesisPages(Workspace workspace, SweepDesk desk, ReportShelf reports, ReviewDesk reviews, SampleShelf samples)
{
    // Remembers who reviews in this browser, so that keys alone are enough from the second verdict on.
    private const string AuthorCookie = "reviewer";

    // Samples of another reference that stand beside those of one.
    private const int BesideSamples = 500;

    public IResult Queue(IQueryCollection query)
    {
        var state = query["state"].ToString();
        var number = int.TryParse(query["page"], NumberStyles.None, CultureInfo.InvariantCulture, out var page) && page > 0 ? page : 1;
        var items = InState(state);
        return PageResult.Of<ReviewPage>("Review queue", PageSection.Review, new()
        {
            [nameof(ReviewPage.Items)] = PageRule.Of(items, number, ReviewPage.PageSize),
            [nameof(ReviewPage.Total)] = items.Count,
            [nameof(ReviewPage.Number)] = number,
            [nameof(ReviewPage.State)] = state,
        });
    }

    public IResult One(string sweep, string hypothesis, HttpRequest request) => OneWith(sweep, hypothesis, request.Query, request.Cookies[AuthorCookie], new Said(
        Notice: request.Query["said"].ToString() switch
        {
            "" => null,
            "correction" => "The correction is stored; the first number stays as it was measured.",
            var code => Verdict(code) is { } verdict ? $"Stored: {PageText.Words(verdict)}." : null,
        }));

    public IResult Review(string sweep, IFormCollection form, HttpContext context)
    {
        var (hypothesis, author, comment) = (form["hypothesis"].ToString(), form["author"].ToString(), PageText.Typed(form["comment"]));
        var around = PageParameters(form["around"]);
        try
        {
            var verdict = Verdict(form["verdict"]) ?? throw new BadInputException("Choose a verdict: accept, reject, needs more data or spec wrong.");
            if (!long.TryParse(form["after"], NumberStyles.None, CultureInfo.InvariantCulture, out var after))
                throw new BadInputException("The form does not say which review came before.", "Reload the page.");
            reviews.Add(sweep, hypothesis, verdict, author, comment, after);
            Remember(context, author);
            return Results.LocalRedirect(PageUrl.With(PageUrl.Hypothesis(sweep, hypothesis) + form["around"], ("said", PageText.Code(verdict))));
        }
        catch (EditConflictException e)
        {
            return OneWith(sweep, hypothesis, around, author, new Said(
                Problem: e.Message + " Nothing was stored: read it in the history below, and say again what you think. Your comment is still there.", Comment: comment), StatusCodes.Status409Conflict);
        }
        catch (BadInputException e) when (Exists(sweep, hypothesis))
        {
            return OneWith(sweep, hypothesis, around, author, new Said(Problem: e.Message, Comment: comment), StatusCodes.Status400BadRequest);
        }
    }

    public IResult Correct(string sweep, IFormCollection form, HttpContext context)
    {
        var (hypothesis, author, key) = (form["hypothesis"].ToString(), form["author"].ToString(), form["text"].ToString());
        var item = reviews.Find(sweep, hypothesis);
        var query = new QueryCollection(form.ToDictionary(f => f.Key, f => f.Value));
        var choice = SampleChoice.From(query, SampleFilter.Mismatches);
        try
        {
            var label = PageText.Typed(form["label"]).Trim();
            var isUndefined = form["undefined"] == "1";
            if (isUndefined == label.Length > 0)
                throw new BadInputException("Give the label that the text should have, or say that the feature is undefined on it.");
            var row = Samples(item, choice).Rows.FirstOrDefault(r => SampleList.KeyOf(r.Text) == key)
                ?? throw new BadInputException("The sample is not in the list any more.", "Choose it again.");
            reviews.Correct(sweep, hypothesis, row.Text, isUndefined ? null : label, author, PageText.Typed(form["comment"]));
            Remember(context, author);
            return Results.LocalRedirect(PageUrl.With(PageUrl.Hypothesis(sweep, hypothesis) + form["around"], [.. choice.Parameters, ("said", "correction")]) + "#labels");
        }
        catch (BadInputException e)
        {
            return OneWith(sweep, hypothesis, PageParameters(form["around"]), author, new Said(Problem: e.Message), StatusCodes.Status400BadRequest);
        }
    }

    private PageResult OneWith(string sweep, string hypothesis, IQueryCollection query, string? author, Said said, int status = StatusCodes.Status200OK)
    {
        var item = reviews.Find(sweep, hypothesis);
        var report = reports.Find(sweep)!.Document;
        var choice = SampleChoice.From(query, SampleFilter.Mismatches);
        var parent = item.Hypothesis.Parent is { } id ? report.Sites.SelectMany(s => s.Hypotheses).FirstOrDefault(h => h.Id == id) : null;
        return PageResult.Of<HypothesisPage>($"{item.Hypothesis.Title}, {item.Hypothesis.Site}", PageSection.Sweeps, new()
        {
            [nameof(HypothesisPage.Report)] = report,
            [nameof(HypothesisPage.Item)] = item,
            [nameof(HypothesisPage.Around)] = Around(item, query),
            [nameof(HypothesisPage.Choice)] = choice,
            [nameof(HypothesisPage.Samples)] = Samples(item, choice),
            [nameof(HypothesisPage.Swapped)] = choice.Swapped ? (Func<string, IReadOnlyList<SampleRow>>)(reference => OfAnother(item, reference)) : null,
            [nameof(HypothesisPage.Corrections)] = workspace.Store.Reviews.Corrections(sweep).Where(c => c.SpecHash == item.Hypothesis.SpecHash).ToArray(),
            [nameof(HypothesisPage.Difference)] = parent?.SpecYaml is { } before && item.Hypothesis.SpecYaml is { } now ? LineDifference.Of(before, now) : [],
            [nameof(HypothesisPage.Author)] = author ?? "",
            [nameof(HypothesisPage.Comment)] = said.Comment,
            [nameof(HypothesisPage.Notice)] = said.Notice,
            [nameof(HypothesisPage.Problem)] = said.Problem,
        }, status);
    }

    private SamplePage Samples(ReviewItem item, SampleChoice choice)
    {
        var reference = item.Hypothesis.Samples.Select(e => e.Reference).FirstOrDefault(r => SampleList.KeyOf(r) == choice.Reference);
        return samples.Find(new SampleQuery(item.Sweep, item.Site.Site, item.Hypothesis.Id, choice.Filter, reference, choice.Page, SampleChoice.Size));
    }

    private IReadOnlyList<SampleRow> OfAnother(ReviewItem item, string reference)
    {
        string[] references = [.. item.Hypothesis.Samples.Select(e => e.Reference).Distinct()];
        if (references.Length < 2)
            return [];
        var other = references[(Array.IndexOf(references, reference) + 1) % references.Length];
        return samples.Find(new SampleQuery(item.Sweep, item.Site.Site, item.Hypothesis.Id, SampleFilter.All, other, 1, BesideSamples)).Rows;
    }

    private HypothesisAround Around(ReviewItem item, IQueryCollection query)
    {
        var isQueue = query["in"] == "queue";
        var state = query["state"].ToString();
        var text = isQueue ? PageUrl.With("", ("in", "queue"), ("state", state)) : HypothesisQuery.From(query).ToText(withPage: false);
        var list = isQueue ? InState(state) : HypothesisQuery.From(query).Of(reviews.Of(item.Sweep));
        var place = list.ToList().FindIndex(i => i.Sweep == item.Sweep && i.Hypothesis.Id == item.Hypothesis.Id);
        string? Address(int at) => at >= 0 && at < list.Count ? PageUrl.Hypothesis(list[at].Sweep, list[at].Hypothesis.Id) + text : null;
        // One that has left the queue, since it was reviewed, is followed by the first that is still there.
        return new HypothesisAround(text, isQueue, place + 1, list.Count, place < 0 ? null : Address(place - 1), Address(place + 1));
    }

    private IReadOnlyList<ReviewItem> InState(string state) => new HypothesisQuery { Review = state.Length == 0 ? "asked" : state, Order = "review" } is var query
        ? [.. desk.All().Where(v => reports.Find(v.Id) is not null).SelectMany(v => query.Of(reviews.Of(v.Id)))]
        : [];

    private bool Exists(string sweep, string hypothesis) => reviews.Of(sweep).Any(i => i.Hypothesis.Id == hypothesis);

    private static void Remember(HttpContext context, string author) => context.Response.Cookies.Append(AuthorCookie, author.Trim(), new CookieOptions
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        MaxAge = TimeSpan.FromDays(365),
        IsEssential = true,
    });

    private static QueryCollection PageParameters(string? query) =>
        new(QueryHelpers.ParseQuery(query));

    private static ReviewVerdict? Verdict(string? code) => Enum.GetValues<ReviewVerdict>().Cast<ReviewVerdict?>().FirstOrDefault(v => PageText.Code(v!.Value) == code);

    /// <param name="Comment">Not stored yet.</param>
    private sealed record Said(string? Notice = null, string? Problem = null, string Comment = "");
}
