using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace InverseScope.Service.Tests.Pages;

/// <summary>Pages of a service that has a key.</summary>
public sealed class PageKeyTests(Browser browser)
{
    private const string Key = "0123456789abcdef0123456789abcdef";

    [Fact]
    public async Task Every_page_asks_for_the_key_and_is_shown_once_it_was_given_until_one_signs_out()
    {
        using var folder = new TempFolder();
        await using var service = await ServiceHost.StartAsync(PageHome.Make(folder.Path, heads: 1), options => options with { ApiKey = Key });
        await using var opened = await browser.OpenAsync(service.Client.BaseAddress!);
        var page = opened.Page;
        foreach (var (name, path) in PageList.All)
        {
            using var answer = await service.Client.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.True(answer.Headers.Location?.ToString().StartsWith("/login", StringComparison.Ordinal), $"{name}: {answer.StatusCode}");
        }

        const string Wanted = "/review?state=open&sweep=hostile-001";
        await page.GotoAsync(Wanted);
        await Expect(page.GetByLabel("Key of this service")).ToBeFocusedAsync();
        Assert.Equal(0, await page.GetByText("Sign out").CountAsync());
        await page.GetByLabel("Key of this service").FillAsync("wrong");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("That is not the key.");
        await page.GetByLabel("Key of this service").FillAsync(Key);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**" + Wanted);
        await Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Review queue" })).ToBeVisibleAsync();

        // Scripts of the pages ask the API by the session.
        await opened.GoAsync("/specs/new");
        var area = page.GetByLabel("Spec, YAML or JSON");
        await area.FillAsync((await area.InputValueAsync()).Replace("nth: 0", "nht: 0", StringComparison.Ordinal));
        await Expect(page.Locator("[data-errors] [data-line]").First).ToContainTextAsync("line 7");
        // Whoever leaves what they typed is asked.
        await area.FillAsync(await area.EvaluateAsync<string>("a => a.defaultValue"));

        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByLabel("Key of this service")).ToBeVisibleAsync();
        await page.GotoAsync("/specs");
        await page.WaitForURLAsync("**/login?return=*");
        Assert.Equal([], opened.Troubles.Where(t => !t.Contains("status of 401", StringComparison.Ordinal)));
    }
}
