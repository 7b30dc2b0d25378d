using System.Globalization;
using InverseScope.Core;
using InverseScope.Core.Tasks;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace InverseScope.Service.Pages;

/// <summary>The review screen, its queue, and what their forms do.</summary>
internal sealed class HypothesisPages(Workspace workspace, ReportShelf reports, ReviewDesk reviews, SampleShelf samples)
{
    // Remembers who reviews in this browser, so that keys alone are enough from the second verdict on.
    private const string AuthorCookie = "reviewer";

    // What stands beside a reference's own samples: enough to see what chance alone gives.
    private const int SwappedSamples = 8;

    public IResult Queue(IQueryCollection query)
    {
        var (state, sweep) = (query["state"].ToString(), query["sweep"].ToString());
        var filter = FilterOf(state, sweep) with { Page = PageText.PageOf(query["page"]), Size = ReviewPage.PageSize };
        var queue = reviews.Queue(filter);
        // Who reviews from the end on empties pages that they go back to.
        var number = PageRule.Within(filter.Page, queue.Total, filter.Size);
        return PageResult.Of<ReviewPage>("Review queue", PageSection.Review, new()
        {
            [nameof(ReviewPage.Queue)] = number == filter.Page ? queue : reviews.Queue(filter with { Page = number }),
            [nameof(ReviewPage.Number)] = number,
            [nameof(ReviewPage.State)] = state,
            [nameof(ReviewPage.Sweep)] = sweep,
            [nameof(ReviewPage.Notice)] = Verdict(query["said"]) is { } verdict ? $"Stored: {PageText.Words(verdict)}. That was the last one here." : null,
        });
    }

    public IResult One(string sweep, string hypothesis, HttpRequest request) => OneWith(sweep, hypothesis, request.Query, request.Cookies[AuthorCookie], new Said(
        Notice: request.Query["said"].ToString() switch
        {
            "" => null,
            "correction" => "The correction is stored; the first number stays as it was measured.",
            var code => Verdict(code) is { } verdict ? $"Stored: {PageText.Words(verdict)}." : null,
        },
        About: request.Query["about"].ToString().Split('/', 2) is [var of, var id] && ExistingSweep(of) ? reviews.Of(of).FirstOrDefault(i => i.Hypothesis.Id == id) : null));

    public IResult Review(string sweep, IFormCollection form, HttpContext context)
    {
        var (hypothesis, author, comment) = (form["hypothesis"].ToString(), form["author"].ToString(), PageText.Typed(form["comment"]));
        var around = PageParameters(form["around"]);
        try
        {
            var verdict = Verdict(form["verdict"]) ?? throw new BadInputException("Choose a verdict: accept, reject, needs more data or spec wrong.");
            if (!long.TryParse(form["after"], NumberStyles.None, CultureInfo.InvariantCulture, out var after))
                throw new BadInputException("The form does not say which review came before.", "Reload the page.");
            // Before it leaves the queue.
            var next = around["in"] == "queue" ? NextInQueue(sweep, hypothesis, around) : null;
            reviews.Add(sweep, hypothesis, verdict, author, comment, after);
            Remember(context, author);
            return Results.LocalRedirect(PageUrl.With(
                next ?? PageUrl.Hypothesis(sweep, hypothesis) + form["around"],
                ("said", PageText.Code(verdict)), ("about", next is null ? null : $"{sweep}/{hypothesis}")));
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
            var text = Shown(item, choice).Samples.Rows.SelectMany(r => new[] { r.Text, r.Reference }).FirstOrDefault(t => SampleList.KeyOf(t) == key)
                ?? throw new BadInputException("The text is not in the list any more.", "Choose it again.");
            reviews.Correct(sweep, hypothesis, text, isUndefined ? null : label, author, PageText.Typed(form["comment"]));
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
        var shown = Shown(item, choice);
        var parent = item.Hypothesis.Parent is { } id ? report.Sites.SelectMany(s => s.Hypotheses).FirstOrDefault(h => h.Id == id) : null;
        return PageResult.Of<HypothesisPage>($"{item.Hypothesis.Title}, {item.Hypothesis.Site}", PageSection.Sweeps, new()
        {
            [nameof(HypothesisPage.Report)] = report,
            [nameof(HypothesisPage.Item)] = item,
            [nameof(HypothesisPage.Around)] = Around(item, query),
            [nameof(HypothesisPage.Samples)] = shown,
            [nameof(HypothesisPage.Rates)] = PageText.Drawn(html => MatchTables.Write(html, item.Hypothesis, shown.All, VariableTask(report.Sweep.Task))),
            [nameof(HypothesisPage.Swapped)] = choice.Swapped ? (Func<string, IReadOnlyList<SampleRow>>)(of => SwappedFor(item, of)) : null,
            [nameof(HypothesisPage.Corrections)] = reviews.Corrections(sweep, hypothesis),
            [nameof(HypothesisPage.Second)] = shown.Fault is null ? reviews.SecondNumbers(sweep, hypothesis) : null,
            [nameof(HypothesisPage.Difference)] = parent?.SpecYaml is { } before && item.Hypothesis.SpecYaml is { } now ? LineDifference.Of(before, now) : [],
            [nameof(HypothesisPage.Author)] = author ?? "",
            [nameof(HypothesisPage.Comment)] = said.Comment,
            [nameof(HypothesisPage.Notice)] = said.Notice,
            [nameof(HypothesisPage.About)] = said.About,
            [nameof(HypothesisPage.Problem)] = said.Problem,
        }, status);
    }

    private ShownSamples Shown(ReviewItem item, SampleChoice choice) => ShownSamples.Of(samples, item.Sweep, item.Site.Site, item.Hypothesis.Id, choice);

    private IReadOnlyList<SampleRow> SwappedFor(ReviewItem item, string reference) =>
        samples.Find(new SampleQuery(item.Sweep, item.Site.Site, item.Hypothesis.Id, SampleFilter.All, reference, 1, SwappedSamples) { Swapped = true }).Rows;

    // A task that is gone tells no variables; the page does without.
    private IVariableTask? VariableTask(string name)
    {
        try
        {
            return workspace.Tasks.Names.Contains(name) ? workspace.Tasks.Find(name) as IVariableTask : null;
        }
        catch (BadInputException)
        {
            return null;
        }
    }

    private HypothesisAround Around(ReviewItem item, IQueryCollection query)
    {
        var isQueue = query["in"] == "queue";
        var (text, list) = isQueue
            ? (QueueText(query), InQueue(query))
            : (HypothesisQuery.From(query).ToText(withPage: false), [.. HypothesisQuery.From(query).Of(reviews.Of(item.Sweep))]);
        var place = list.FindIndex(i => i.Sweep == item.Sweep && i.Hypothesis.Id == item.Hypothesis.Id);
        string? Address(int at) => at >= 0 && at < list.Count ? PageUrl.Hypothesis(list[at].Sweep, list[at].Hypothesis.Id) + text : null;
        // One that has left the queue, since it was reviewed, is followed by the first that is still there.
        return new HypothesisAround(text, isQueue, place + 1, list.Count, place < 0 ? null : Address(place - 1), Address(place + 1));
    }

    // After the last one come those that were passed over, and then the end.
    private string NextInQueue(string sweep, string hypothesis, QueryCollection query)
    {
        var list = InQueue(query);
        var place = list.FindIndex(i => i.Sweep == sweep && i.Hypothesis.Id == hypothesis);
        return list.Skip(place + 1).Concat(list.Take(Math.Max(0, place))).FirstOrDefault() is { } next
            ? PageUrl.Hypothesis(next.Sweep, next.Hypothesis.Id) + QueueText(query)
            : PageUrl.With("/review", ("state", query["state"]), ("sweep", query["sweep"]));
    }

    private static string QueueText(IQueryCollection query) => PageUrl.With("", ("in", "queue"), ("state", query["state"]), ("sweep", query["sweep"]));

    private List<ReviewItem> InQueue(IQueryCollection query)
    {
        var filter = FilterOf(query["state"].ToString(), query["sweep"].ToString()) with { Size = PageRule.MostItems };
        var items = new List<ReviewItem>();
        while (true)
        {
            var found = reviews.Queue(filter);
            items.AddRange(found.Items);
            if (filter.Page * PageRule.MostItems >= found.Total)
                return items;
            filter = filter with { Page = filter.Page + 1 };
        }
    }

    private static ReviewFilter FilterOf(string state, string sweep)
    {
        var filter = new ReviewFilter(Sweep: sweep.Length == 0 ? null : sweep);
        return state switch
        {
            "open" => filter with { State = ReviewState.Unreviewed },
            "reviewed" => filter with { State = ReviewState.Reviewed },
            _ when Verdict(state) is { } verdict => filter with { Verdict = verdict },
            _ => filter with { State = ReviewState.Waiting },
        };
    }

    private bool ExistingSweep(string sweep) => workspace.Store.Sweeps().Any(s => s.Id == sweep);

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

    /// <param name="About">What the notice is of; null: of what is shown.</param>
    /// <param name="Comment">Not stored yet.</param>
    private sealed record Said(string? Notice = null, ReviewItem? About = null, string? Problem = null, string Comment = "");
}
