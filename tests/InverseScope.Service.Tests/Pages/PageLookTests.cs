using System.Text.Json;
using Microsoft.Playwright;

namespace InverseScope.Service.Tests.Pages;

/// <summary>Every page, as a browser sees it.</summary>
public sealed class PageLookTests(Browser browser, PageSite site)
{
    // What a reader with a phone, a keyboard or a screen reader would stumble over, a line each.
    internal const string Stumbles = """
        () => {
          const faults = [];
          const root = document.documentElement;
          if (root.scrollWidth > root.clientWidth) faults.push(`scrolls sideways: ${root.scrollWidth} of ${root.clientWidth}`);
          if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
          let level = 0;
          for (const h of document.querySelectorAll('main :is(h1,h2,h3,h4)')) {
            const own = Number(h.tagName[1]);
            if (own > level + 1) faults.push(`${h.tagName} '${h.textContent}' after level ${level}`);
            level = own;
          }
          for (const c of document.querySelectorAll('input:not([type=hidden]), select, textarea, button')) {
            const name = c.getAttribute('aria-label') || c.labels?.[0]?.textContent || c.textContent;
            if (!name?.trim()) faults.push(`no name: ${c.outerHTML}`);
          }
          for (const a of document.querySelectorAll('a')) if (!(a.textContent.trim() || a.querySelector('title, rect, text'))) faults.push(`empty link: ${a.outerHTML}`);
          for (const e of document.querySelectorAll('main :is(img, iframe, object, script, style), [style], [onerror], [onload], [onclick]')) faults.push(`unwanted: ${e.outerHTML}`);
          for (const t of document.querySelectorAll('thead th')) if (t.scope !== 'col') faults.push(`no scope: ${t.outerHTML}`);
          const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
          for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`twice: #${id}`);
          return faults;
        }
        """;

    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(400, ColorScheme.Dark)]
    public async Task No_page_logs_an_error_breaks_the_policy_scrolls_sideways_or_leaves_a_control_without_a_name(int width, ColorScheme scheme)
    {
        await using var opened = await browser.OpenAsync(await site.AddressAsync(), width, scheme);
        var faults = new List<string>();
        foreach (var (name, path) in PageList.All)
        {
            var answer = await opened.GoAsync(path);
            Assert.Equal(name is "missing" or "no-sweep" ? 404 : 200, answer.Status);
            var found = await opened.Page.EvaluateAsync<JsonElement>(Stumbles);
            faults.AddRange(found.EnumerateArray().Select(f => $"{name}: {f.GetString()}"));
        }

        Assert.Equal([], faults);
        Assert.Equal([], opened.Troubles.Where(t => !t.Contains("status of 404", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(1280)]
    [InlineData(400)]
    public async Task The_table_of_a_sweep_shows_whole_titles(int width)
    {
        await using var opened = await browser.OpenAsync(await site.AddressAsync(), width);
        foreach (var sweep in new[] { PageHome.Night, PageHome.Hostile })
        {
            await opened.GoAsync($"/sweeps/{sweep}");
            var titles = opened.Page.Locator(".hyps .c-feature");
            Assert.True(await titles.CountAsync() > 3);
            var cut = await titles.EvaluateAllAsync<string[]>("all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)");
            Assert.Equal([], cut);
            Assert.True(await opened.Page.Locator(".scroll:has(> .hyps)").EvaluateAsync<bool>("e => e.scrollWidth <= e.clientWidth"), $"{sweep} at {width}");
        }
    }

    [Fact]
    public async Task Hostile_texts_are_shown_as_texts()
    {
        await using var opened = await browser.OpenAsync(await site.AddressAsync());
        foreach (var (name, path) in PageList.All.Where(p => p.Name.Contains("hostile", StringComparison.Ordinal) || p.Name is "transcript" or "hypothesis-twisted"))
        {
            await opened.GoAsync(path);
            var text = await opened.Page.InnerTextAsync("main");
            Assert.True(text.Contains("onerror=alert(", StringComparison.Ordinal), name);
            Assert.DoesNotContain("\u202e", text);
        }

        Assert.Equal([], opened.Troubles);
    }

    [Fact]
    public async Task The_readers_choice_of_dark_stays()
    {
        await using var opened = await browser.OpenAsync(await site.AddressAsync());
        await opened.GoAsync("/");
        var light = await Paper(opened.Page);
        await opened.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Dark" }).ClickAsync();
        var dark = await Paper(opened.Page);
        await opened.GoAsync("/review");

        Assert.NotEqual(light, dark);
        Assert.Equal(dark, await Paper(opened.Page));
    }

    [Fact]
    public async Task The_system_decides_between_dark_and_light_until_the_reader_does()
    {
        await using var light = await browser.OpenAsync(await site.AddressAsync());
        await using var dark = await browser.OpenAsync(await site.AddressAsync(), scheme: ColorScheme.Dark);
        await light.GoAsync("/");
        await dark.GoAsync("/");

        Assert.NotEqual(await Paper(light.Page), await Paper(dark.Page));
    }

    private static Task<string> Paper(IPage page) => page.EvaluateAsync<string>("() => getComputedStyle(document.documentElement).backgroundColor");
}
