using System.Text.Encodings.Web;
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

    private const string StylePath = "/login.css";

    private const string Style = """
        :root { color-scheme: light dark; font-family: system-ui, sans-serif; }
        main { max-width: 24rem; margin: 15vh auto 0; padding: 0 1rem; }
        label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
        input, button { margin-top: .5rem; padding: .6rem; }
        [role=alert] { border-left: .3rem solid; padding-left: .6rem; }

        """;

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

        pages.MapGet(Path, (HttpContext context, IAntiforgery antiforgery, [FromQuery(Name = "return")] string? to) => Page(context, antiforgery, to, null)).AllowAnonymous();
        pages.MapGet(StylePath, () => TypedResults.Text(Style, "text/css; charset=utf-8")).AllowAnonymous();
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
        HttpContext context, IAntiforgery antiforgery, AccessKey access, [FromForm(Name = "key")] string? given, [FromForm(Name = "return")] string? to)
    {
        switch (access.Try(given ?? "", RequestRates.AddressOf(context)))
        {
            case KeyAnswer.Right:
                await LoginSession.BeginAsync(context, access);
                return Enter(to);
            case KeyAnswer.TooManyGuesses:
                context.Response.Headers.RetryAfter = "3";
                return Page(context, antiforgery, to, "Too many wrong keys came from here. Wait a minute and try again.", StatusCodes.Status429TooManyRequests);
            default:
                return Page(context, antiforgery, to, "That is not the key.", StatusCodes.Status401Unauthorized);
        }
    }

    private static RedirectHttpResult Leave() => TypedResults.Redirect(Path);

    // Nowhere but to this service.
    private static RedirectHttpResult Enter(string? to) =>
        TypedResults.LocalRedirect(to is ['/', not ('/' or '\\'), ..] && !to.Any(char.IsControl) ? to : "/");

    private static ContentHttpResult Page(HttpContext context, IAntiforgery antiforgery, string? to, string? problem, int status = StatusCodes.Status200OK)
    {
        var token = antiforgery.GetAndStoreTokens(context);
        var html = HtmlEncoder.Default;
        return TypedResults.Content(
            $"""
            <!doctype html>
            <html lang="en-GB">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>InverseScope: key</title>
            <link rel="stylesheet" href="{StylePath}">
            </head>
            <body>
            <main>
            <h1>InverseScope</h1>
            {(problem is null ? "" : $"<p role=\"alert\">{html.Encode(problem)}</p>")}
            <form method="post" action="{Path}">
            <input type="hidden" name="{html.Encode(token.FormFieldName)}" value="{html.Encode(token.RequestToken!)}">
            <input type="hidden" name="return" value="{html.Encode(to ?? "")}">
            <label for="key">Key of this service</label>
            <input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
            <button type="submit">Continue</button>
            </form>
            <p>It is what <code>{ServiceOptions.KeyVariable}</code> was set to when the service was started.</p>
            </main>
            </body>
            </html>

            """,
            "text/html; charset=utf-8", statusCode: status);
    }
}
