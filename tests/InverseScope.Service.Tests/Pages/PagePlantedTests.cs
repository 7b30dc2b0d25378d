using System.Text.RegularExpressions;
using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Service.Pages;
using InverseScope.Service.Tests.Desk;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Reports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace InverseScope.Service.Tests.Pages;

/// <summary>Pages over a sweep that runs on planted sites, with all its samples kept.</summary>
public sealed class PagePlantedTests(Browser browser) : IDisposable
{
    private const string Sweep = "planted-001";
    private const string Site = "L0H0@last";

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);
    private static readonly string Plan = PlantedPlan.OfSpec("planted");

    private readonly TempFolder _folder = new();
    private readonly PlantedCompute _compute = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_strip_follows_a_sweep_that_is_paused_given_a_budget_resumed_and_stopped_on_the_page()
    {
        using var hold = new Hold(_compute, "L0H1@last");
        await using var service = await StartAsync();
        await using var opened = await browser.OpenAsync(service.Client.BaseAddress!);
        var page = opened.Page;
        Desk(service).Begin(Plan);
        await hold.ReachedAsync();
        await opened.GoAsync($"/sweeps/{Sweep}");
        var status = page.Locator(".strip [data-live-status]");
        await Expect(status).ToHaveTextAsync(new Regex("running"));
        await Expect(page.Locator(".strip")).ToContainTextAsync("planted:0");
        await Expect(page.Locator(".strip [data-live=sites]")).ToHaveTextAsync("1 / 3 sites");

        await page.GetByText("Raise the budget…").ClickAsync();
        await page.GetByLabel("Minutes").FillAsync("90");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Set" }).ClickAsync();
        await Expect(page.Locator(".strip [data-live=time]")).ToContainTextAsync("of 90 min a run");
        Assert.Equal(90, Desk(service).Find(Sweep).Spend.Limits.Minutes);

        await page.GetByText("Pause…").ClickAsync();
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Pause now" }).ClickAsync();
        hold.Release();
        await Expect(status).ToHaveTextAsync(new Regex("paused"));
        // At most once for each page that was there before it ended.
        await opened.GoAsync($"/sweeps/{Sweep}");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Resume" }).ClickAsync();
        await hold.ReachedAsync();
        await opened.GoAsync($"/sweeps/{Sweep}");
        await page.GetByText("Stop…").ClickAsync();
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Stop now" }).ClickAsync();
        hold.Release();
        await Expect(status).ToHaveTextAsync(new Regex("stopped"));
        await Expect(page.Locator("[data-live-news]")).ToBeVisibleAsync();
        Assert.Equal([], opened.Troubles);
    }

    [Fact]
    public async Task A_fault_is_told_on_the_page_that_is_open_and_after_it_was_loaded_again()
    {
        using var opening = new SemaphoreSlim(0);
        using var goOn = new SemaphoreSlim(0);
        _compute.BeforeOpening = () =>
        {
            opening.Release();
            goOn.Wait(Bound);
            throw new OutsideServiceException("No luck <b>today</b>.");
        };
        await using var service = await StartAsync();
        await using var opened = await browser.OpenAsync(service.Client.BaseAddress!);
        var page = opened.Page;
        Desk(service).Begin(Plan);
        Assert.True(await opening.WaitAsync(Bound, Cancel));
        await opened.GoAsync($"/sweeps/{Sweep}");
        goOn.Release(10);

        await Expect(page.Locator("[data-live-fault]")).ToContainTextAsync("No luck <b>today</b>.");
        await page.GetByText("Show them").ClickAsync();
        await Expect(page.Locator(".strip .status")).Not.ToContainTextAsync("running");
        await Expect(page.Locator("[data-live-fault]")).ToContainTextAsync("No luck <b>today</b>.");
        Assert.Equal([], opened.Troubles);
    }

    [Fact]
    public async Task Kept_samples_are_seen_by_reference_beside_the_control_and_with_second_numbers()
    {
        await using var service = await StartAsync();
        Desk(service).Begin(Plan);
        await foreach (var view in Desk(service).Watch(Sweep, Cancel))
            Assert.NotEqual(SweepStatus.Failed, view.Status);
        var desk = service.Services.GetRequiredService<ReviewDesk>();
        var id = desk.Of(Sweep).Single(i => i.Site.Site == Site).Hypothesis.Id;
        await using var opened = await browser.OpenAsync(service.Client.BaseAddress!);
        var page = opened.Page;

        // What it hangs on, and the list of references, a page at a time.
        await opened.GoAsync(PageUrl.Hypothesis(Sweep, id));
        await page.GetByText("Match rate by label, length").ClickAsync();
        await Expect(page.Locator(".breakdown table")).ToHaveCountAsync(2);
        await page.Locator("#references summary").ClickAsync();
        await Expect(page.Locator("#references tbody tr")).ToHaveCountAsync(ReferenceList.PageSize);
        await page.Locator("#references").GetByText("next").ClickAsync();
        await Expect(page.Locator("#references")).ToContainTextAsync("page 2 of 3");
        var reference = (await page.Locator("#references tbody a").First.InnerTextAsync()).Trim();
        await page.Locator("#references tbody a").First.ClickAsync();
        await Expect(page.Locator(".ref .text")).ToHaveTextAsync([reference]);

        // Beside the control.
        await page.GetByText("Beside the swapped control").ClickAsync();
        await Expect(page.Locator(".example.other .ref .text")).Not.ToHaveTextAsync(reference);
        var swapped = service.Services.GetRequiredService<SampleShelf>().Find(new SampleQuery(Sweep, Site, id, SampleFilter.All, reference, 1, 8) { Swapped = true }).Rows;
        await Expect(page.Locator(".example.other .ref .text")).ToHaveTextAsync(swapped[0].SampledFor!);
        await Expect(page.Locator(".example.other li .text")).ToHaveTextAsync([.. swapped.Select(r => r.Text)]);

        // A reference's label is wrong, says a person.
        await page.GetByText("Correct a label…").ClickAsync();
        await page.GetByLabel("Text shown above").SelectOptionAsync(SampleList.KeyOf(reference));
        await page.GetByLabel("Its label").FillAsync("other");
        await page.Locator("#labels").GetByLabel("Your name").FillAsync("Ada");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Correct", Exact = true }).ClickAsync();
        await Expect(page.GetByText("The correction is stored")).ToBeVisibleAsync();
        await Expect(page.Locator("#labels .history")).ToContainTextAsync("by Ada");
        var second = desk.SecondNumbers(Sweep, id)!;
        await Expect(page.Locator(".second tbody tr").Last).ToContainTextAsync(ReportNumbers.Rate(second.Kappa));
        await Expect(page.Locator("#verdict")).ToContainTextAsync($"A second number, with the labels that people gave: κ = {ReportNumbers.Rate(second.Kappa)}");
        Assert.NotEqual(desk.Find(Sweep, id).Hypothesis.Kappa, second.Kappa);

        // The site lists them too, and the exports tell what people said.
        await opened.GoAsync(PageUrl.Site(Sweep, Site));
        await Expect(page.Locator("#references summary")).ToContainTextAsync("60 references");
        Assert.Contains("Ada", await service.Client.GetStringAsync($"/sweeps/{Sweep}/reviews.csv", Cancel));
        Assert.Contains("\"label\": \"other\"", await service.Client.GetStringAsync($"/sweeps/{Sweep}/reviews.json", Cancel));
        foreach (var format in new[] { "html", "md", "json" })
            Assert.Contains(format == "json" ? "\"corrected\"" : "changed 1 label", await service.Client.GetStringAsync($"/sweeps/{Sweep}/report.{format}", Cancel));
        Assert.Equal([], opened.Troubles);
    }

    private static SweepDesk Desk(ServiceHost service) => service.Services.GetRequiredService<SweepDesk>();

    private Task<ServiceHost> StartAsync()
    {
        var home = new Home(_folder["home"]);
        home.Make();
        PlantedPlan.KeepSpec(home);
        return ServiceHost.StartAsync(home, compute: _compute);
    }
}
