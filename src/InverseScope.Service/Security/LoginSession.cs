using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Security;

/// <summary>What a browser holds after the key was given to the login page: a cookie that does not contain it.</summary>
internal static class LoginSession
{
    public const string SchemeName = "session";

    private const string KeyClaim = "key";
    private static readonly TimeSpan Lasts = TimeSpan.FromHours(12);

    public static void Configure(CookieAuthenticationOptions options)
    {
        options.Cookie.Name = "inversescope.session";
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Strict;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.ExpireTimeSpan = Lasts;
        options.SlidingExpiration = true;
        options.LoginPath = LoginPage.Path;
        // A service that was started with another key knows nobody any more.
        options.Events.OnValidatePrincipal = context =>
        {
            if (context.Principal?.FindFirstValue(KeyClaim) != context.HttpContext.RequestServices.GetRequiredService<AccessKey>().Fingerprint)
                context.RejectPrincipal();
            return Task.CompletedTask;
        };
    }

    public static Task BeginAsync(HttpContext context, AccessKey key) => context.SignInAsync(
        SchemeName, new ClaimsPrincipal(new ClaimsIdentity([new Claim(KeyClaim, key.Fingerprint)], SchemeName)), new AuthenticationProperties { IsPersistent = true });

    public static Task EndAsync(HttpContext context) => context.SignOutAsync(SchemeName);

    /// <summary>Whether a request is a browser's, by its cookie.</summary>
    public static bool Is(ClaimsPrincipal user) => user.Identity is { IsAuthenticated: true, AuthenticationType: SchemeName };
}
