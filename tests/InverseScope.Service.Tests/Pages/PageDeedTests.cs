using System.Text.RegularExpressions;
using InverseScope.Service.Desk;
using InverseScope.Service.Pages;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace InverseScope.Service.Tests.Pages;

/// <summary>What people do on the pages.</summary>
public sealed class PageDeedTests(Browser browser)
{
    [Fact]
    public async Task Hypotheses_are_reviewed_by_keyboard_alone()
    {
        using var folder = new TempFolder();
        await using var service = await ServiceHost.StartAsync(PageHome.Make(folder.Path, heads: 1));
        await using var opened = await browser.OpenAsync(service.Client.BaseAddress!);
        var page = opened.Page;
        await opened.GoAsync("/review");
        await KeysAsync(page);
        await page.Keyboard.PressAsync("?");
        await Expect(page.Locator("dialog#keys")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#claim-h")).ToBeVisibleAsync();
        await KeysAsync(page);

        await page.Keyboard.PressAsync("c");
        await page.Keyboard.TypeAsync("a rather odd one");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.TypeAsync("Ada");
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("a");
        // The next that waits is there at once.
        await Expect(page.GetByText("Stored: accept.")).ToContainTextAsync("this is the next one");
        await Expect(page.Locator("#review")).Not.ToContainTextAsync("History");
        await KeysAsync(page);
        await page.Keyboard.PressAsync("r");
        await Expect(page.GetByText("Stored: reject.")).ToBeVisibleAsync();

        var store = service.Services.GetRequiredService<Workspace>().Store.Reviews;
        var stored = new[] { PageHome.Hostile, PageHome.Other }.SelectMany(store.Of).Select(r => (r.Verdict, r.Author, r.Comment)).ToArray();
        Assert.Equal(2, stored.Length);
        Assert.Contains((ReviewVerdict.Accept, "Ada", "a rather odd one"), stored);
        Assert.Contains((ReviewVerdict.Reject, "Ada", ""), stored);
        Assert.Equal([], opened.Troubles);
    }

    [Fact]
    public async Task A_label_is_corrected_beside_the_first_number()
    {
        using var folder = new TempFolder();
        await using var service = await ServiceHost.StartAsync(PageHome.Make(folder.Path, heads: 1));
        await using var opened = await browser.OpenAsync(service.Client.BaseAddress!, script: false);
        var page = opened.Page;
        await opened.GoAsync(PageList.All.Single(p => p.Name == "hypothesis-hostile").Path);
        await page.GetByText("Correct a label…").ClickAsync();
        await page.GetByLabel("Its label").FillAsync("<u>7</u>");
        await page.Locator("#labels").GetByLabel("Your name").FillAsync("Ada");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Correct", Exact = true }).ClickAsync();

        await Expect(page.GetByText("The correction is stored")).ToBeVisibleAsync();
        var correction = Assert.Single(service.Services.GetRequiredService<Workspace>().Store.Reviews.Corrections(PageHome.Hostile));
        Assert.Equal(("<u>7</u>", "Ada"), (correction.Label, correction.Author));
    }

    [Fact]
    public async Task The_queue_is_followed_to_its_end_by_keys_of_its_own_state()
    {
        using var folder = new TempFolder();
        await using var service = await ServiceHost.StartAsync(PageHome.Make(folder.Path, heads: 1));
        var desk = service.Services.GetRequiredService<ReviewDesk>();
        var waiting = desk.Queue(new ReviewFilter(Sweep: PageHome.Hostile, State: ReviewState.Waiting)).Items;
        await using var opened = await browser.OpenAsync(service.Client.BaseAddress!, script: false);
        var page = opened.Page;
        await opened.GoAsync($"/review?sweep={PageHome.Hostile}");
        await Expect(page.Locator("nav.tabs [aria-current]")).ToHaveTextAsync($"Waiting {waiting.Count}");
        await page.Locator("[data-item]").First.ClickAsync();
        foreach (var (place, item) in waiting.Index())
        {
            await Expect(page.Locator("#claim-h")).ToHaveTextAsync(PageText.Shown(item.Hypothesis.Title));
            await Expect(page.Locator("a[rel=next]")).ToHaveCountAsync(place == waiting.Count - 1 ? 0 : 1);
            await page.Locator("#review").GetByLabel("Your name").FillAsync("Ada");
            await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "accept" }).ClickAsync();
        }

        await Expect(page.GetByText("Nothing waits for a person.")).ToBeVisibleAsync();
        await Expect(page.GetByText("That was the last one here.")).ToBeVisibleAsync();
        Assert.Equal(0, desk.Queue(new ReviewFilter(Sweep: PageHome.Hostile)).Waiting);
        Assert.True(desk.Queue(new ReviewFilter()).Waiting > 0);
    }

    [Fact]
    public async Task The_editor_tells_errors_with_their_lines_while_somebody_types()
    {
        using var folder = new TempFolder();
        await using var service = await ServiceHost.StartAsync(PageHome.Make(folder.Path, heads: 1));
        await using var opened = await browser.OpenAsync(service.Client.BaseAddress!);
        var page = opened.Page;
        await opened.GoAsync("/specs/new");
        var area = page.GetByLabel("Spec, YAML or JSON");
        await area.FillAsync((await area.InputValueAsync()).Replace("nth: 0", "nht: <b>0</b>", StringComparison.Ordinal));

        var link = page.Locator("[data-errors] [data-line]").First;
        await Expect(link).ToContainTextAsync("line 7");
        await link.ClickAsync();
        await Expect(area).ToBeFocusedAsync();
        Assert.Contains("7", await page.Locator(".gutter .marked").First.TextContentAsync());
        await area.FillAsync((await area.InputValueAsync()).Replace("nht: <b>0</b>", "nth: 1", StringComparison.Ordinal));
        await Expect(page.Locator("[data-errors]")).ToContainTextAsync("test");
        Assert.Equal([], opened.Troubles);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task From_a_spec_to_its_review_and_export(bool script)
    {
        using var folder = new TempFolder();
        await using var service = await ServiceHost.StartAsync(new InverseScope.Sweeps.Home(folder.Path));
        await using var opened = await browser.OpenAsync(service.Client.BaseAddress!, script: script);
        var page = opened.Page;

        // Write it, with an error first.
        await opened.GoAsync("/specs/new?task=ioi");
        await page.GetByLabel("Name", new PageGetByLabelOptions { Exact = true }).FillAsync("first-word");
        var area = page.GetByLabel("Spec, YAML or JSON");
        await area.FillAsync("schema: inversescope/feature-spec/v1\nid: ioi.first-word\ntitle: First word\nrule: [words, {nht: 0}]\n");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Check" }).ClickAsync();
        await Expect(page.Locator("[data-errors]")).ToContainTextAsync("line 4");
        await area.FillAsync("schema: inversescope/feature-spec/v1\nid: ioi.first-word\ntitle: First word\nrule: [words, {nth: 0}]\n");

        // Try and save it.
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Try on 20 texts" }).ClickAsync();
        await Expect(page.Locator("#dry-run .scroll tbody tr")).ToHaveCountAsync(20);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Save" }).ClickAsync();
        await Expect(page.GetByText("Saved.")).ToBeVisibleAsync();

        // Begin a sweep with it and watch it.
        await page.GetByText("Begin a sweep with it").ClickAsync();
        var plan = page.GetByLabel("Plan, in YAML");
        await Expect(plan).ToHaveValueAsync(new Regex("specs/first-word"));
        await plan.FillAsync("""
            schema: inversescope/sweep/v1
            name: whole
            model: ioi
            task: ioi
            sites: [L0H7]
            epsilon: 0.1
            bank_size: 100
            references: { explore: 30, confirm: 30 }
            specs: [specs/first-word.yaml]
            search: { enabled: false }
            controls: { random_weights: false, known_sites: 0 }
            causal_check: { references: 0 }
            """);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Begin", Exact = true }).ClickAsync();
        await Expect(page.Locator(".strip")).ToBeVisibleAsync();
        if (script)
        {
            // It changes by itself.
            var patient = new LocatorAssertionsToHaveTextOptions { Timeout = 120_000 };
            await Expect(page.Locator(".strip [data-live-status]")).ToHaveTextAsync(new Regex("finished"), patient);
            await Expect(page.Locator(".strip [data-live=sites]")).ToHaveTextAsync("1 / 1 sites");
            await page.GetByText("Show them").ClickAsync();
        }
        else
        {
            await foreach (var view in service.Services.GetRequiredService<SweepDesk>().Watch("whole-001", TestContext.Current.CancellationToken))
                Assert.NotEqual(SweepStatus.Failed, view.Status);
            await opened.GoAsync("/sweeps/whole-001");
        }

        await Expect(page.Locator(".strip .status")).ToContainTextAsync("finished");
        await Expect(page.Locator(".hyps tbody tr")).ToHaveCountAsync(1);

        // Review it.
        await page.Locator(".hyps .c-feature a").First.ClickAsync();
        await Expect(page.Locator("#claim-h")).ToBeVisibleAsync();
        if (script)
            await KeysAsync(page);
        await page.Locator("#review").GetByLabel("Your name").FillAsync("Ada");
        if (script)
        {
            await page.Keyboard.PressAsync("Escape");
            await page.Keyboard.PressAsync("n");
        }
        else
        {
            await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "needs more data" }).ClickAsync();
        }

        await Expect(page.GetByText("Stored: needs more data.")).ToBeVisibleAsync();
        Assert.Equal(ReviewVerdict.NeedsMore, Assert.Single(service.Services.GetRequiredService<Workspace>().Store.Reviews.Of("whole-001")).Verdict);

        // Export it.
        var download = await page.RunAndWaitForDownloadAsync(() => page.Locator("#reproduce").GetByText("JSON").First.ClickAsync());
        await using var file = await download.CreateReadStreamAsync();
        using var reader = new StreamReader(file);
        var report = ReportJson.Read("report.json", await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal("whole-001", report.Sweep.Id);
        Assert.Equal("Ada", Assert.Single(Assert.Single(Assert.Single(report.Sites).Hypotheses).Reviews).Author);
        Assert.Equal([], opened.Troubles);
    }

    // Keys are there once the page's script is.
    private static Task KeysAsync(IPage page) => Expect(page.Locator("[data-show-keys]")).ToBeVisibleAsync();
}
