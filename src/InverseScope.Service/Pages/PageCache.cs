using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Pages;

/// <summary>Pages that many read, each rendered once for as long as what it is made from stays the same. Thread-safe.</summary>
internal sealed class PageCache
{
    // A page of a long table has some hundred thousand bytes.
    private const int MostPages = 200;

    private readonly ConcurrentDictionary<string, (object State, Lazy<Task<RenderedPage>> Page)> _pages = new(StringComparer.Ordinal);

    /// <param name="address">Which page.</param>
    /// <param name="state">What it is made from; compared by value.</param>
    /// <param name="make">Makes it anew.</param>
    public IResult Get(string address, object state, Func<PageResult> make) => new Kept(this, address, state, make);

    // Those who ask at the same moment wait for one rendering.
    private Task<RenderedPage> PageOf(string address, object state, Func<PageResult> make, IServiceProvider services)
    {
        if (_pages.TryGetValue(address, out var known) && known.State.Equals(state))
            return known.Page.Value;
        if (_pages.Count >= MostPages)
            _pages.Clear();
        var fresh = _pages.AddOrUpdate(
            address,
            _ => Fresh(),
            (_, there) => there.State.Equals(state) ? there : Fresh());
        return fresh.Page.Value;

        (object, Lazy<Task<RenderedPage>>) Fresh() => (state, new Lazy<Task<RenderedPage>>(() => make().RenderAsync(services)));
    }

    private sealed class Kept(PageCache cache, string address, object state, Func<PageResult> make) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            RenderedPage page;
            try
            {
                page = await cache.PageOf(address, state, make, httpContext.RequestServices);
            }
            catch
            {
                // What broke once may not break again.
                cache._pages.TryRemove(address, out _);
                throw;
            }

            await page.WriteAsync(httpContext, StatusCodes.Status200OK);
        }
    }
}
