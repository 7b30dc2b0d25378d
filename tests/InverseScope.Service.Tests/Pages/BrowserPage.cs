using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace InverseScope.Service.Tests.Pages;

/// <summary>A page that notes whatever a harmless page does not do: errors, refused content, dialogs, requests elsewhere.</summary>
internal sealed class BrowserPage : IAsyncDisposable
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _troubles = new();

    private BrowserPage(IBrowserContext context, IPage page) => (_context, Page) = (context, page);

    public IPage Page { get; }

    /// <summary>What went wrong so far, a line each.</summary>
    public IReadOnlyCollection<string> Troubles => _troubles;

    public static async Task<BrowserPage> OpenAsync(IBrowserContext context, Uri address)
    {
        var opened = new BrowserPage(context, await context.NewPageAsync());
        var page = opened.Page;
        page.Console += (_, said) =>
        {
            if (said.Type is "error" or "warning")
                opened._troubles.Enqueue($"console: {said.Text}");
        };
        page.PageError += (_, error) => opened._troubles.Enqueue($"script: {error}");
        page.Dialog += async (_, dialog) =>
        {
            opened._troubles.Enqueue($"dialog: {dialog.Message}");
            await dialog.DismissAsync();
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(address.ToString(), StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                opened._troubles.Enqueue($"request: {request.Url}");
        };
        // The policy holds whatever else the service says.
        await page.RouteAsync("**/*", async route =>
        {
            if (route.Request is not { ResourceType: "document", Method: "GET" })
            {
                await route.ContinueAsync();
                return;
            }

            var answer = await route.FetchAsync(new RouteFetchOptions { MaxRedirects = 0 });
            var headers = new Dictionary<string, string>(answer.Headers) { ["content-security-policy"] = Policy };
            await route.FulfillAsync(new RouteFulfillOptions { Response = answer, Headers = headers });
        });
        return opened;
    }

    /// <summary>Goes somewhere and waits until all of it is there.</summary>
    public async Task<IResponse> GoAsync(string path) =>
        await Page.GotoAsync(path, new PageGotoOptions { WaitUntil = WaitUntilState.Load }) ?? throw new InvalidOperationException($"{path} gave no answer.");

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
