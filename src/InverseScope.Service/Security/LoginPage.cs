using System.Text.Encodings.Web;
using InverseScope.Service.Pages;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Security;

/// <summary>The page that asks for the key, and the form that ends a session. A page of its own, since all others need the key.</summary>
internal static class LoginPage
{
    public const string Path = "/login";
    public const string LogoutPath = "/logout";

    /// <param name="isNeeded">False: there is no key, and the page leads to the others.</param>
    public static void Map(WebApplication app, bool isNeeded)
    {
        var pages = app.MapGroup("").ExcludeFromDescription();
        if (!isNeeded)
        {
            pages.MapGet(Path, () => TypedResults.LocalRedirect("~/"));
            pages.MapPost(LogoutPath, Leave);
            return;
        }

        pages.MapGet(Path, ([FromQuery(Name = "return")] string? to) => Page(to, null)).AllowAnonymous();
        pages.MapPost(Path, EnterAsync).AllowAnonymous();
        pages.MapPost(LogoutPath, async (HttpContext context, IAntiforgery antiforgery) =>
        {
            await antiforgery.ValidateRequestAsync(context);
            await LoginSession.EndAsync(context);
            return Leave();
        });
    }

    /// <summary>Where a browser without a session is sent, to come back to what it asked for.</summary>
    public static string AddressFor(HttpRequest request) => HttpMethods.IsGet(request.Method) && request.Path != "/"
        ? $"{Path}?return={UrlEncoder.Default.Encode(request.PathBase + request.Path + request.QueryString)}"
        : Path;

    private static async Task<IResult> EnterAsync(
        HttpContext context, AccessKey access, [FromForm(Name = "key")] string? given, [FromForm(Name = "return")] string? to)
    {
        switch (access.Try(given ?? "", RequestRates.AddressOf(context)))
        {
            case KeyAnswer.Right:
                await LoginSession.BeginAsync(context, access);
                return Enter(to);
            case KeyAnswer.TooManyGuesses:
                context.Response.Headers.RetryAfter = "3";
                return Page(to, "Too many wrong keys came from here. Wait a minute and try again.", StatusCodes.Status429TooManyRequests);
            default:
                return Page(to, "That is not the key.", StatusCodes.Status401Unauthorized);
        }
    }

    private static RedirectHttpResult Leave() => TypedResults.Redirect(Path);

    // Nowhere but to this service.
    private static RedirectHttpResult Enter(string? to) =>
        TypedResults.LocalRedirect(to is ['/', not ('/' or '\\'), ..] && !to.Any(char.IsControl) ? to : "/");

    private static RazorComponentResult<LoginForm> Page(string? to, string? problem, int status = StatusCodes.Status200OK) =>
        new(new Dictionary<string, object?> { [nameof(LoginForm.To)] = to ?? "", [nameof(LoginForm.Problem)] = problem })
        {
            StatusCode = status,
            PreventStreamingRendering = true,
        };
}
