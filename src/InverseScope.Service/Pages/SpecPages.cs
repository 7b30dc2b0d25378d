using System.Text.Json;
using InverseScope.Core;
using InverseScope.Core.Specs;
using InverseScope.Service.Api;
using InverseScope.Service.Desk;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Pages;

/// <summary>The spec editor and what its buttons do.</summary>
internal sealed class SpecPages(Workspace workspace, SpecDesk desk, ServiceOptions options)
{
    private const int TriedTexts = 20;
    private const long TrySeed = 1;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public IResult List() => PageResult.Of<SpecsPage>("Specs", PageSection.Specs, new() { [nameof(SpecsPage.Specs)] = desk.All });

    public IResult New(IQueryCollection query)
    {
        var tasks = workspace.Tasks.Names;
        var task = query["task"].ToString() is { Length: > 0 } asked ? asked : tasks.Contains("addition") ? "addition" : "";
        return Editor(new SpecDraft("", SpecDraft.Template, task, "", null));
    }

    public IResult One(string name, IQueryCollection query)
    {
        var saved = desk.Find(name);
        // A shipped one is the start of a copy.
        var draft = new SpecDraft(name, saved.Text, query["task"].ToString(), query["model"].ToString(), saved.File is null ? null : saved.Tag);
        return Editor(draft, check: TryCheck(draft), notice: query["said"] == "saved" ? "Saved." : null);
    }

    public static IResult Schema() => Results.Text(FeatureSpecText.Schema().ToJsonString(Indented), "application/schema+json");

    public IResult Check(IFormCollection form)
    {
        var draft = DraftOf(form);
        try
        {
            return Editor(draft, check: CheckOf(draft));
        }
        catch (BadInputException e)
        {
            return Editor(draft, problem: e.Message, status: StatusCodes.Status400BadRequest);
        }
    }

    public IResult Try(IFormCollection form, CancellationToken cancel)
    {
        var draft = DraftOf(form);
        try
        {
            if (draft.Task.Length == 0)
                throw new BadInputException("A task is needed: its texts are what the spec is tried on.", "Choose one beside the name.");
            var run = ComputingTime.Within(
                options.Limits.Computing, token => desk.DryRun(draft.Text, draft.Task, Named(draft.Model), TriedTexts, TrySeed, token), cancel);
            return Editor(draft, run.Check, run);
        }
        catch (BadInputException e)
        {
            return Editor(draft, problem: e.Message, status: StatusCodes.Status400BadRequest);
        }
    }

    public IResult Save(IFormCollection form)
    {
        var draft = DraftOf(form);
        try
        {
            var saved = desk.Save(draft.Name.Trim(), draft.Text, Named(draft.Tag));
            return Results.LocalRedirect(PageUrl.With(PageUrl.Spec(saved.Name), ("task", draft.Task), ("model", draft.Model), ("said", "saved")));
        }
        catch (EditConflictException e)
        {
            return Editor(
                draft, TryCheck(draft), problem: e.Message + " Nothing was written. Your text is below: save it under another name, or open the saved one in another window and put both together.",
                status: StatusCodes.Status409Conflict);
        }
        catch (BadInputException e)
        {
            return Editor(draft, TryCheck(draft), problem: e.Message, status: StatusCodes.Status400BadRequest);
        }
    }

    private PageResult Editor(SpecDraft draft, SpecCheck? check = null, SpecDryRun? run = null, string? notice = null, string? problem = null, int status = StatusCodes.Status200OK) =>
        PageResult.Of<SpecPage>(draft.Tag is null ? "New spec" : draft.Name, PageSection.Specs, new()
        {
            [nameof(SpecPage.Draft)] = draft,
            [nameof(SpecPage.Tasks)] = workspace.Tasks.Names,
            [nameof(SpecPage.Models)] = workspace.Models.All.Select(m => m.Name).ToArray(),
            [nameof(SpecPage.Check)] = check,
            [nameof(SpecPage.Run)] = run,
            [nameof(SpecPage.Notice)] = notice,
            [nameof(SpecPage.Problem)] = problem,
        }, status);

    private SpecCheck CheckOf(SpecDraft draft) => desk.Check(draft.Text, Named(draft.Task), Named(draft.Model));

    private SpecCheck? TryCheck(SpecDraft draft)
    {
        try
        {
            return CheckOf(draft);
        }
        catch (BadInputException)
        {
            // The address names a task or model that is gone: the text is shown all the same.
            return null;
        }
    }

    private static SpecDraft DraftOf(IFormCollection form) => new(
        form["name"].ToString(), PageText.Typed(form["text"]), form["task"].ToString(), form["model"].ToString(), Named(form["tag"]));

    private static string? Named(string? name) => string.IsNullOrEmpty(name) ? null : name;
}
