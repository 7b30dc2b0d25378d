using InverseScope.Service.Tests.Pages;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Browser))]

namespace InverseScope.Service.Tests.Pages;

/// <summary>One Chromium for all tests of pages, started when the first of them asks.</summary>
public sealed class Browser : IAsyncDisposable
{
    private const string Variable = "INVERSESCOPE_CHROMIUM";
    private const string Usual = "/usr/bin/chromium";

    private readonly SemaphoreSlim _starting = new(1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>A fresh profile with one page. Skips the test where there is no Chromium.</summary>
    internal async Task<BrowserPage> OpenAsync(Uri address, int width = 1280, ColorScheme scheme = ColorScheme.Light, bool script = true)
    {
        var path = Environment.GetEnvironmentVariable(Variable) ?? Usual;
        if (!File.Exists(path))
            Assert.Skip($"needs Chromium at {Usual} or {Variable}: see tests/SKIPS.md");
        await _starting.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            _playwright ??= await Playwright.CreateAsync();
            // A busy machine draws a page late; what never comes still fails.
            Assertions.SetDefaultExpectTimeout(30_000);
            _browser ??= await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
            {
                ExecutablePath = path,
                Args =
                [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync",
                ],
            });
        }
        finally
        {
            _starting.Release();
        }

        var context = await _browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = address.ToString(),
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
            ColorScheme = scheme,
            JavaScriptEnabled = script,
        });
        context.SetDefaultTimeout(15_000);
        return await BrowserPage.OpenAsync(context, address);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        _starting.Dispose();
    }
}
