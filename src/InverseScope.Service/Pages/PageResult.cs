using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Pages;

/// <summary>Parts of the site that its navigation names.</summary>
public enum PageSection
{
    None,
    Sweeps,
    Review,
    Specs,
    Cluster,
}

/// <summary>
/// A page as an answer: a component inside the shell that all of them share. It is rendered whole before a byte of it is sent, so that one
/// that breaks is not sent by halves.
/// </summary>
internal sealed class PageResult : IResult
{
    private readonly Dictionary<string, object?> _parameters;
    private readonly int _status;

    private PageResult(Dictionary<string, object?> parameters, int status) => (_parameters, _status) = (parameters, status);

    /// <param name="title">Of the window; may hold any text.</param>
    /// <param name="parameters">Of the component, by name.</param>
    public static PageResult Of<TPage>(string title, PageSection section, Dictionary<string, object?> parameters, int status = StatusCodes.Status200OK)
        where TPage : IComponent =>
        new(
            new Dictionary<string, object?>
            {
                [nameof(Shell.Title)] = title,
                [nameof(Shell.Section)] = section,
                [nameof(Shell.Page)] = typeof(TPage),
                [nameof(Shell.Parameters)] = parameters,
            },
            status);

    /// <summary>A page that says what went wrong, and what to do about it.</summary>
    public static PageResult Fault(int status, string heading, string what) => Of<FaultPage>(
        heading, PageSection.None, new() { [nameof(FaultPage.Heading)] = heading, [nameof(FaultPage.What)] = what }, status);

    public async Task ExecuteAsync(HttpContext httpContext) => await (await RenderAsync(httpContext.RequestServices)).WriteAsync(httpContext, _status);

    /// <summary>The page as it is for everybody.</summary>
    public async Task<RenderedPage> RenderAsync(IServiceProvider services)
    {
        await using var renderer = new HtmlRenderer(services, services.GetRequiredService<ILoggerFactory>());
        return new RenderedPage(await renderer.Dispatcher.InvokeAsync(
            async () => (await renderer.RenderComponentAsync<Shell>(ParameterView.FromDictionary(_parameters))).ToHtmlString()));
    }
}
