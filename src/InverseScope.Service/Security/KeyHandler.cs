using System.Security.Claims;
using System.Text.Encodings.Web;
using InverseScope.Service.Api;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InverseScope.Service.Security;

/// <summary>Nothing to choose.</summary>
internal sealed class KeyHandlerOptions : AuthenticationSchemeOptions;

/// <summary>
/// Knows a program by the key in its headers, and a browser by the session that it began with the key. Programs are told that they need a key;
/// browsers are sent to the page that asks for it.
/// </summary>
internal sealed class KeyHandler(IOptionsMonitor<KeyHandlerOptions> options, ILoggerFactory logger, UrlEncoder encoder, AccessKey key)
    : AuthenticationHandler<KeyHandlerOptions>(options, logger, encoder)
{
    public const string SchemeName = "key";

    private const string KeyHeader = "X-Api-Key";
    private const string Bearer = "Bearer ";

    private bool _isThrottled;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (GivenKey() is not { } given)
            return await Context.AuthenticateAsync(LoginSession.SchemeName);
        var answer = key.Try(given, RequestRates.AddressOf(Context));
        _isThrottled = answer == KeyAnswer.TooManyGuesses;
        return answer == KeyAnswer.Right
            ? AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(
                // Sessions of MCP belong to whoever began them.
                new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, key.Fingerprint)], SchemeName)), SchemeName))
            : AuthenticateResult.Fail("The key is wrong.");
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (_isThrottled)
            return Problems.WriteAsync(Context, Problems.TooManyGuesses());
        if (ProgramPaths.Covers(Context.Request.Path))
        {
            Response.Headers.WWWAuthenticate = "Bearer realm=\"inversescope\"";
            return Problems.WriteAsync(Context, Problems.Of(
                StatusCodes.Status401Unauthorized, GivenKey() is null ? "A key is needed." : "The key is wrong.",
                $"Send it as 'Authorization: Bearer KEY' or '{KeyHeader}: KEY'."));
        }

        Response.Redirect(LoginPage.AddressFor(Request));
        return Task.CompletedTask;
    }

    private string? GivenKey()
    {
        var authorization = Request.Headers.Authorization.ToString();
        if (authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return authorization[Bearer.Length..].Trim();
        return Request.Headers[KeyHeader].ToString() is { Length: > 0 } given ? given : null;
    }
}
