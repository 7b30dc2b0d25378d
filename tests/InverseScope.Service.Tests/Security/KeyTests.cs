using System.Net;
using System.Text.RegularExpressions;
using InverseScope.Core;
using InverseScope.Service.Security;
using InverseScope.Service.Tests.Api;
using InverseScope.Sweeps;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Tests.Security;

public sealed partial class KeyTests
{
    private const string Key = "0123456789abcdef0123456789abcdef";

    private static readonly string[] Open = ["/login", "/assets/1/1", "/health/live"];

    [Theory]
    [InlineData("http://0.0.0.0:0", null)]
    [InlineData("http://192.0.2.1:80", "")]
    [InlineData("http://127.0.0.1:0", "short")]
    [InlineData("http://127.0.0.1:0", "0123456789 abcdef")]
    [InlineData("https://127.0.0.1:0", Key)]
    public void It_does_not_start_where_it_could_not_be_kept_safe(string address, string? key)
    {
        using var folder = new TempFolder();
        var options = new ServiceOptions { Home = new Home(folder.Path), Address = new Uri(address), ApiKey = key, Version = "test" };

        var fault = Assert.Throws<BadInputException>(() => ServiceApp.Build(options, _ => throw new InvalidOperationException("It must not get so far.")));

        Assert.NotNull(fault.Fix);
    }

    [Fact]
    public async Task No_route_answers_without_the_key()
    {
        await using var service = await StartAsync();
        var routes = service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToArray();
        Assert.True(routes.Length > 40, $"{routes.Length} routes");
        foreach (var route in routes)
        {
            foreach (var method in route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"])
            {
                var path = PathOf(route.RoutePattern);
                using var response = await service.Client.SendAsync(ApiCalls.Request(method, path, method is "GET" or "DELETE" ? null : "{}"), TestContext.Current.CancellationToken);
                var answers = (int)response.StatusCode;
                if (Open.Contains(path))
                {
                    Assert.NotNull(route.Metadata.GetMetadata<IAllowAnonymous>());
                    continue;
                }

                Assert.True(answers == 401 || (answers == 302 && response.Headers.Location!.ToString().StartsWith("/login", StringComparison.Ordinal)), $"{method} {path}: {answers}");
                Assert.DoesNotContain("sweep", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    [Theory]
    [InlineData("/api/v1/nothing")]
    [InlineData("/openapi/v2.json")]
    [InlineData("/assets/none.js")]
    [InlineData("/mcp/none")]
    public async Task Not_even_that_there_is_nothing_is_told_without_the_key(string path)
    {
        await using var service = await StartAsync();

        await service.Client.ProblemAsync(401, ApiCalls.Request("GET", path));
    }

    [Theory]
    [InlineData("Authorization", "Bearer " + Key, 200)]
    [InlineData("authorization", "bearer " + Key, 200)]
    [InlineData("X-Api-Key", Key, 200)]
    [InlineData("Authorization", "Bearer " + Key + "0", 401)]
    [InlineData("Authorization", "Bearer ", 401)]
    [InlineData("Authorization", "Basic " + Key, 401)]
    [InlineData("X-Api-Key", "0123456789abcdef", 401)]
    public async Task A_program_is_known_by_the_key_alone(string header, string value, int status)
    {
        await using var service = await StartAsync();
        using var response = await service.Client.SendAsync(ApiCalls.Request("GET", "/api/v1/sweeps", null, (header, value)), TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 401, response.Headers.WwwAuthenticate.Count > 0);
    }

    [Fact]
    public async Task Too_many_wrong_keys_are_told_to_wait_and_never_lock_out_the_right_one()
    {
        await using var service = await StartAsync(options => options with { Limits = options.Limits with { WrongKeys = 3 } });
        for (var i = 0; i < 3; i++)
            await service.Client.ProblemAsync(401, ApiCalls.Request("GET", "/api/v1/sweeps", null, ("X-Api-Key", "wrong")));

        await service.Client.ProblemAsync(429, ApiCalls.Request("GET", "/api/v1/sweeps", null, ("X-Api-Key", "wrong")));
        using var wrong = await SignInAsync(service, "wrong");
        using var right = await SignInAsync(service, Key);
        using var read = await service.Client.SendAsync(ApiCalls.Request("GET", "/api/v1/sweeps", null, ("X-Api-Key", Key)), TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.TooManyRequests, true), (wrong.StatusCode, wrong.Headers.RetryAfter is not null));
        Assert.Equal((HttpStatusCode.Redirect, HttpStatusCode.OK), (right.StatusCode, read.StatusCode));
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [InlineData("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64")]
    public void Whoever_has_a_network_of_IPv6_is_counted_once(string address, string counted) =>
        Assert.Equal(counted, RequestRates.PartOf(IPAddress.Parse(address)));

    [Fact]
    public async Task A_browser_signs_in_comes_back_to_its_page_and_signs_out()
    {
        await using var service = await StartAsync();
        using var first = await service.Client.SendAsync(ApiCalls.Request("GET", "/?a=1"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Redirect, first.StatusCode);

        using var signedIn = await SignInAsync(service, Key, "/?a=1");
        var cookie = CookieOf(signedIn, "inversescope.session");
        Assert.Equal("/?a=1", signedIn.Headers.Location!.ToString());
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("expires=", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Key, cookie, StringComparison.Ordinal);

        var session = cookie.Split(';')[0];
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(service, "/api/v1/sweeps", session)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(service, "/api/v1/sweeps", session[..^8] + "AAAAAAAA")).StatusCode);
        // What says not where it comes from may be a page of another site, and a cookie alone does not make it trusted.
        await service.Client.ProblemAsync(403, ApiCalls.Request("POST", "/api/v1/sweeps/x/stop", null, ("Cookie", session)));
        await service.Client.ProblemAsync(404, ApiCalls.Request("POST", "/api/v1/sweeps/x/stop", null, ("Cookie", session), ("Sec-Fetch-Site", "same-origin")));
    }

    [Fact]
    public async Task A_session_ends_with_the_key_that_it_began_with()
    {
        using var folder = new TempFolder();
        var home = new Home(folder.Path);
        string session;
        await using (var service = await StartAsync(home: home))
        {
            using var signedIn = await SignInAsync(service, Key);
            session = CookieOf(signedIn, "inversescope.session").Split(';')[0];
        }

        await using (var again = await StartAsync(home: home))
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(again, "/api/v1/sweeps", session)).StatusCode);
        await using var other = await StartAsync(options => options with { ApiKey = Key + "x" }, home);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(other, "/api/v1/sweeps", session)).StatusCode);
    }

    [Fact]
    public async Task The_form_is_taken_only_from_its_own_page_and_leads_nowhere_else()
    {
        await using var service = await StartAsync();
        using var bare = await service.Client.PostAsync("/login", new FormUrlEncodedContent([new("key", Key)]), TestContext.Current.CancellationToken);
        using var wrong = await SignInAsync(service, "no key");
        Assert.Equal(HttpStatusCode.BadRequest, bare.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        Assert.DoesNotContain(wrong.Headers, h => h.Key == "Set-Cookie" && h.Value.Any(v => v.Contains("session", StringComparison.Ordinal)));
        foreach (var to in new[] { "https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example", "javascript:alert(1)", "" })
        {
            using var signedIn = await SignInAsync(service, Key, to);
            Assert.Equal("/", signedIn.Headers.Location!.ToString());
        }
    }

    [Fact]
    public async Task The_login_page_shows_what_it_is_given_as_text()
    {
        await using var service = await StartAsync();
        var page = await service.Client.GetStringAsync("/login?return=" + Uri.EscapeDataString("\"><script>alert(1)</script>"), TestContext.Current.CancellationToken);

        Assert.DoesNotContain("<script>alert", page, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Keys_of_cookies_lie_in_the_home_closed_to_others()
    {
        if (OperatingSystem.IsWindows())
            return;
        using var folder = new TempFolder();
        await using var service = await StartAsync(home: new Home(folder.Path));
        await service.Client.GetStringAsync("/login", TestContext.Current.CancellationToken);

        var file = Assert.Single(Directory.GetFiles(folder["keys"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder["keys"]));
    }

    private static Task<ServiceHost> StartAsync(Func<ServiceOptions, ServiceOptions>? with = null, Home? home = null) =>
        ServiceHost.StartAsync(home, options => (with ?? (o => o))(options with { ApiKey = Key, Limits = options.Limits with { WritesPerSecond = 1000 } }));

    private static Task<HttpResponseMessage> GetAsync(ServiceHost service, string path, string cookie) =>
        service.Client.SendAsync(ApiCalls.Request("GET", path, null, ("Cookie", cookie)), TestContext.Current.CancellationToken);

    private static async Task<HttpResponseMessage> SignInAsync(ServiceHost service, string key, string to = "")
    {
        using var page = await service.Client.GetAsync("/login", TestContext.Current.CancellationToken);
        var token = Token().Match(await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var request = ApiCalls.Request("POST", "/login", null, ("Cookie", CookieOf(page, "inversescope.form").Split(';')[0]));
        request.Content = new FormUrlEncodedContent([new(token.Groups[1].Value, token.Groups[2].Value), new("key", key), new("return", to)]);
        return await service.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static string CookieOf(HttpResponseMessage response, string name) =>
        response.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith(name + "=", StringComparison.Ordinal));

    private static string PathOf(RoutePattern pattern) => "/" + string.Join('/', pattern.PathSegments.Select(s => string.Concat(s.Parts.Select(p => p switch
    {
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternSeparatorPart separator => separator.Content,
        RoutePatternParameterPart { Name: "documentName" } => "v1",
        _ => "1",
    }))));

    [GeneratedRegex("name=\"(__[^\"]+)\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
