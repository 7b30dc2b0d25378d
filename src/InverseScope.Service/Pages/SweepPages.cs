using System.Globalization;
using System.Text;
using InverseScope.Core;
using InverseScope.Service.Compute;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Reports.Html;
using InverseScope.Sweeps.Store;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Pages;

/// <summary>Pages about sweeps and their sites, and what their forms do.</summary>
internal sealed class SweepPages(Workspace workspace, SweepDesk desk, ReportShelf reports, ReviewDesk reviews, SampleShelf samples, SpecDesk specs, ICompute compute, FragmentCache fragments, PageCache pages)
{
    // The table of all of them stands right below.
    private const int ListedFindings = 5;

    // Changes with every breath otherwise, and with it each page that shows it.
    private const long MemoryStep = 100_000_000;

    private ComputeHealth Health => compute.Health is { ResidentBytes: { } bytes } health ? health with { ResidentBytes = bytes / MemoryStep * MemoryStep } : compute.Health;

    public IResult List(IQueryCollection query) => ListWith(Template(query), null, PageText.PageOf(query["page"]), StatusCodes.Status200OK);

    public IResult Begin(IFormCollection form)
    {
        var plan = PageText.Typed(form["plan"]);
        try
        {
            return Results.LocalRedirect(PageUrl.Sweep(desk.Begin(plan).Id));
        }
        catch (BadInputException e)
        {
            return ListWith(plan, e.Message, 1, StatusCodes.Status400BadRequest);
        }
    }

    public IResult One(string id, IQueryCollection query)
    {
        var (view, health, asked) = (desk.Find(id), Health, HypothesisQuery.From(query));
        var (report, fault) = Readable(id);
        return pages.Get($"{id} {asked.ToText()}", (view, health, report?.Tag, fault, workspace.Store.Reviews.Version), () => OneWith(view, health, asked, null, StatusCodes.Status200OK));
    }

    /// <summary>Does something to a sweep and shows it again.</summary>
    public IResult Act(string id, IFormCollection form, Func<SweepDesk, (string Id, IFormCollection Form), SweepView> act)
    {
        try
        {
            act(desk, (id, form));
        }
        catch (BadInputException e)
        {
            return OneWith(desk.Find(id), Health, new HypothesisQuery(), e.Message, StatusCodes.Status400BadRequest);
        }
        catch (EditConflictException e)
        {
            return OneWith(desk.Find(id), Health, new HypothesisQuery(), e.Message + " Nothing was stored: the form has what they are now.", StatusCodes.Status409Conflict);
        }

        return Results.LocalRedirect(PageUrl.Sweep(id));
    }

    public static SweepView SetBudget(SweepDesk desk, (string Id, IFormCollection Form) asked) => desk.SetLimits(
        asked.Id,
        new SweepLimits(
            Number(asked.Form, "minutes") is { } minutes ? (double)minutes : null, Whole(asked.Form, "samples"), Whole(asked.Form, "calls"), Whole(asked.Form, "tokens")),
        asked.Form["seen"].ToString());

    public static SweepView SetPriority(SweepDesk desk, (string Id, IFormCollection Form) asked) =>
        Enum.GetValues<SweepPriority>().Where(p => PageText.Code(p) == asked.Form["priority"].ToString()).ToArray() is [var priority]
            ? desk.SetPriority(asked.Id, priority)
            : throw new BadInputException("There is no such priority.", "Choose low, normal or high.");

    public IResult Export(string id, string format)
    {
        var report = reviews.Reviewed(id) ?? throw NoReport(id);
        var known = Enum.GetValues<ReportFormat>().Cast<ReportFormat?>().FirstOrDefault(f => f!.Value.ToString().Equals(format, StringComparison.OrdinalIgnoreCase))
            ?? throw new BadInputException($"A report has no form '{format}'.", $"It has {string.Join(", ", Enum.GetValues<ReportFormat>()).ToLowerInvariant()}.");
        return Results.File(Encoding.UTF8.GetBytes(ReportWriter.Write(report, known)), known switch
        {
            ReportFormat.Html => "text/html; charset=utf-8",
            ReportFormat.Md => "text/markdown; charset=utf-8",
            ReportFormat.Json => "application/json",
            ReportFormat.Csv => "text/csv; charset=utf-8",
            _ => throw new InvalidOperationException($"No media type for {known}."),
        }, $"{id}.{known.ToString().ToLowerInvariant()}");
    }

    /// <summary>What people said of a sweep, alone.</summary>
    public IResult ExportReviews(string id, string format) => (reviews.Export(id), format) switch
    {
        (var said, "json") => Results.File(Encoding.UTF8.GetBytes(said.ToJson()), "application/json", $"{id}-reviews.json"),
        (var said, "csv") => Results.File(Encoding.UTF8.GetBytes(said.ToCsv()), "text/csv; charset=utf-8", $"{id}-reviews.csv"),
        _ => throw new BadInputException($"Reviews have no form '{format}'.", "They have json and csv."),
    };

    public IResult Site(string id, string name, IQueryCollection query)
    {
        var report = Report(id);
        var site = report.Sites.FirstOrDefault(s => s.Site == name) ?? throw new BadInputException($"Sweep '{id}' has no site '{name}'.");
        var choice = SampleChoice.From(query, SampleFilter.All);
        var of = query["of"].ToString();
        var hypothesis = site.Hypotheses.FirstOrDefault(h => h.Id == of)
            ?? site.Hypotheses.OrderBy(h => HtmlSites.Rank(h.Verdict)).ThenByDescending(KappaScale.Of).FirstOrDefault();
        var items = reviews.Of(id).Where(i => i.Site.Site == name).ToArray();
        return PageResult.Of<SitePage>($"{name}, {id}", PageSection.Sweeps, new()
        {
            [nameof(SitePage.Report)] = report,
            [nameof(SitePage.Site)] = site,
            [nameof(SitePage.Hypothesis)] = hypothesis,
            [nameof(SitePage.Samples)] = ShownSamples.Of(samples, id, name, hypothesis?.Id, choice),
            [nameof(SitePage.Table)] = PageText.Drawn(html => HypothesisTable.Write(html, report, new HypothesisQuery().Of(items), new HypothesisQuery { Site = name })),
        });
    }

    public IResult Transcripts(string id, IQueryCollection query)
    {
        var store = workspace.Store.Transcripts;
        var number = PageText.PageOf(query["page"]);
        var (site, proposer) = (query["site"].ToString(), query["proposer"].ToString());
        var calls = store.Calls(workspace.Store.Sweep(id).Id);
        if (query["q"].ToString() is { Length: > 0 } asked && calls.FirstOrDefault(c => c.RequestHash == asked) is { } found)
        {
            (site, proposer) = (found.Site, found.Proposer);
            number = calls.Where(c => c.Site == site && c.Proposer == proposer).TakeWhile(c => c.Id != found.Id).Count() / TranscriptsPage.CallsOnPage + 1;
        }

        var conversations = Conversation.Of(calls);
        if (proposer.Length == 0 && site.Length > 0)
            conversations = [.. conversations.Where(c => c.Site == site)];
        var chosen = proposer.Length == 0 ? null : conversations.FirstOrDefault(c => c.Site == site && c.Proposer == proposer)
            ?? throw new BadInputException($"'{proposer}' asked nothing about '{site}' in sweep '{id}'.");
        number = PageRule.Within(number, chosen?.Calls ?? conversations.Count, chosen is null ? TranscriptsPage.ConversationsOnPage : TranscriptsPage.CallsOnPage);
        var shown = PageRule.Of(chosen is null ? [] : calls.Where(c => c.Site == site && c.Proposer == proposer).ToArray(), number, TranscriptsPage.CallsOnPage);
        return PageResult.Of<TranscriptsPage>($"Transcripts of {id}", PageSection.Sweeps, new()
        {
            [nameof(TranscriptsPage.Sweep)] = id,
            [nameof(TranscriptsPage.Conversations)] = PageRule.Of(conversations, number, TranscriptsPage.ConversationsOnPage),
            [nameof(TranscriptsPage.Total)] = conversations.Count,
            [nameof(TranscriptsPage.Number)] = number,
            [nameof(TranscriptsPage.Chosen)] = chosen,
            [nameof(TranscriptsPage.Story)] = PageText.Drawn(html => Conversation.Write(html, store, shown)),
        });
    }

    public IResult Compare(IQueryCollection query)
    {
        if (query["sweep"] is { Count: > 0 } ticked)
            return Results.LocalRedirect(PageUrl.With("/compare", ("a", ticked[0]), ("b", ticked.Count > 1 ? ticked[1] : null)));
        var (a, b) = (query["a"].ToString(), query["b"].ToString());
        var both = a.Length > 0 && b.Length > 0;
        return PageResult.Of<ComparePage>("Compare", PageSection.Sweeps, new()
        {
            [nameof(ComparePage.A)] = a,
            [nameof(ComparePage.B)] = b,
            [nameof(ComparePage.Known)] = desk.All().Select(v => v.Id).Where(id => Readable(id).Report is not null).ToArray(),
            [nameof(ComparePage.Comparison)] = both ? ReportComparison.Of(Report(a), Report(b)) : null,
            [nameof(ComparePage.Delta)] = both ? Report(a).Sweep.Options.MinimumKappa : 0.0,
        });
    }

    private PageResult ListWith(string plan, string? problem, int number, int status)
    {
        var all = desk.All();
        number = PageRule.Within(number, all.Count, SweepsPage.PageSize);
        return PageResult.Of<SweepsPage>("Sweeps", PageSection.Sweeps, new()
        {
            [nameof(SweepsPage.Sweeps)] = PageRule.Of(all, number, SweepsPage.PageSize).Select(Listed).ToArray(),
            [nameof(SweepsPage.Total)] = all.Count,
            [nameof(SweepsPage.Number)] = number,
            [nameof(SweepsPage.Plan)] = plan,
            [nameof(SweepsPage.Problem)] = problem,
            [nameof(SweepsPage.Health)] = Health,
            [nameof(SweepsPage.Models)] = workspace.Models.All.Select(m => m.Name).ToArray(),
            [nameof(SweepsPage.Tasks)] = workspace.Tasks.Names,
        }, status);
    }

    private ListedSweep Listed(SweepView view) => Readable(view.Id).Report is { } report
        ? new(view, report.Document, reviews.Of(view.Id).Count(i => i is { Last: null, QueuedBecause.Count: > 0 }))
        : new(view, null, 0);

    // One report that is damaged must take away neither its sweep's page nor the list of all sweeps.
    private (ShelvedReport? Report, string? Fault) Readable(string id)
    {
        try
        {
            return (reports.Find(id), null);
        }
        catch (DamagedFileException e)
        {
            return (null, e.Message);
        }
    }

    private PageResult OneWith(SweepView view, ComputeHealth health, HypothesisQuery query, string? problem, int status)
    {
        var id = view.Id;
        var (shelved, fault) = Readable(id);
        var parameters = new Dictionary<string, object?>
        {
            [nameof(SweepPage.View)] = view,
            [nameof(SweepPage.Health)] = health,
            [nameof(SweepPage.Problem)] = problem ?? fault,
        };
        if (shelved is { Document: var report, Tag: var written })
        {
            var all = reviews.Of(id);
            var listed = query.Of(all);
            query = query with { Page = PageRule.Within(query.Page, listed.Count, HypothesisQuery.Size) };
            parameters[nameof(SweepPage.Query)] = query;
            var tag = $"{written} {all.Max(i => (long?)i.Version)}";
            parameters[nameof(SweepPage.Report)] = report;
            parameters[nameof(SweepPage.Listed)] = listed.Count;
            parameters[nameof(SweepPage.Top)] = fragments.Get(id, tag, "top", () => PageText.Drawn(html => Top(html, report)));
            parameters[nameof(SweepPage.Bottom)] = fragments.Get(id, tag, "bottom", () => PageText.Drawn(html => Bottom(html, report)));
            parameters[nameof(SweepPage.Table)] = fragments.Get(id, tag, query.ToText(), () => PageText.Drawn(html =>
                HypothesisTable.Write(html, report, PageRule.Of(listed, query.Page, HypothesisQuery.Size), query)));
        }

        return PageResult.Of<SweepPage>(id, PageSection.Sweeps, parameters, status);
    }

    private static void Top(HtmlBuilder html, ReportDocument report)
    {
        HtmlReport.WriteDefinitions(html, report.Sweep.Options.MinimumKappa);
        HtmlSummary.Write(html, report, new PageLinks(report), ListedFindings, beside => HtmlMaps.WriteStrongest(beside, report, new MapLinks(report)));
    }

    private static void Bottom(HtmlBuilder html, ReportDocument report)
    {
        html.Add($"<details class=\"part\"><summary>All maps: layer by head of each feature, sites by features</summary>");
        HtmlMaps.Write(html, report, new MapLinks(report));
        html.Add($"</details>\n");
        HtmlTaskVector.Write(html, report);
        HtmlKnownSites.Write(html, report);
        html.Add($"<details class=\"part\"><summary>Method: how to read the numbers, and what decided them</summary>");
        HtmlMethod.Write(html, report);
        html.Add($"</details>\n");
    }

    private ReportDocument Report(string id) => reports.Find(id)?.Document ?? throw NoReport(id);

    private static BadInputException NoReport(string id) => new($"Sweep '{id}' has no report yet.", "Wait for its first site.");

    private string Template(IQueryCollection query)
    {
        // Whoever made the link might be anybody: what is not known by name stays out of the plan.
        string[] models = [.. workspace.Models.All.Select(m => m.Name)];
        var tasks = workspace.Tasks.Names;
        var model = models.Contains(query["model"].ToString()) ? query["model"].ToString() : models is [var some, ..] ? some : "MODEL";
        var task = tasks.Contains(query["task"].ToString()) ? query["task"].ToString() : tasks.Contains(model) ? model : tasks is [var first, ..] ? first : "TASK";
        var spec = query["spec"].ToString() is { Length: > 0 } name ? specs.Find(name).File : null;
        return $$"""
            schema: inversescope/sweep/v1
            name: {{(task.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? task : "sweep")}}
            model: {{model}}
            task: {{task}}
            sites: ['L*H*']               # each at the last token, unless @position follows
            references: { explore: 200, confirm: 300 }
            {{(spec is null ? "specs: []                     # files of the home, e.g. specs/mine.yaml" : $"specs: [{spec}]")}}
            search: { enabled: true }     # the symbolic search proposes features too
            seed: 1
            budget: { minutes: 30 }

            """;
    }

    private static decimal? Number(IFormCollection form, string name) => form[name].ToString().Trim() switch
    {
        "" => null,
        var text when decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number > 0 => number,
        var text => throw new BadInputException($"'{text}' is no limit of {name}.", "Give a number above 0, or nothing for no limit."),
    };

    private static long? Whole(IFormCollection form, string name) => Number(form, name) is { } number ? (long)Math.Ceiling(Math.Min(number, long.MaxValue)) : null;
}
