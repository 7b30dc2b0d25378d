using System.Net;
using System.Text.RegularExpressions;
using InverseScope.Service.Desk;
using InverseScope.Service.Pages;
using InverseScope.Service.Tests.Api;
using InverseScope.Sweeps.Samples;
using InverseScope.Sweeps.Store;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Tests.Pages;

/// <summary>What the pages answer over the wire.</summary>
public sealed partial class PageAnswerTests(PageSite site)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("html", "text/html")]
    [InlineData("md", "text/markdown")]
    [InlineData("json", "application/json")]
    [InlineData("csv", "text/csv")]
    public async Task A_report_is_exported_in_each_of_its_forms(string format, string media)
    {
        var answer = await (await site.ServiceAsync()).Client.GetAsync($"/sweeps/{PageHome.Night}/report.{format}", Cancel);

        Assert.Equal((HttpStatusCode.OK, media), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Equal($"{PageHome.Night}.{format}", answer.Content.Headers.ContentDisposition?.FileName);
    }

    [Theory]
    [InlineData("/sweeps/none", "There is no sweep")]
    [InlineData("/sweeps/night-001/report.exe", "A report has no form")]
    [InlineData("/sweeps/night-001/sites/L99", "has no site")]
    [InlineData("/sweeps/night-001/hypotheses/L99/none", "has no hypothesis")]
    [InlineData("/specs/none", "There is no spec")]
    [InlineData("/compare?a=none&b=none", "There is no sweep")]
    [InlineData("/sweeps/night-001/transcripts?site=L0&proposer=nobody", "asked nothing")]
    public async Task What_is_not_there_is_told_by_a_page(string path, string expected)
    {
        var answer = await (await site.ServiceAsync()).Client.GetAsync(path, Cancel);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains(expected, WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Cancel)));
    }

    [Fact]
    public async Task Files_of_the_pages_may_be_kept_for_ever_and_those_of_another_program_are_not_there()
    {
        var service = await site.ServiceAsync();
        var assets = service.Services.GetRequiredService<PageAssets>();
        foreach (var name in assets.Names)
        {
            var answer = await service.Client.GetAsync(assets.Url(name), Cancel);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Contains("immutable", answer.Headers.CacheControl?.ToString());
            Assert.Equal(HttpStatusCode.NotFound, (await service.Client.GetAsync($"/assets/0000/{name}", Cancel)).StatusCode);
        }
    }

    [Theory]
    [InlineData("model")]
    [InlineData("task")]
    public async Task A_link_from_elsewhere_puts_nothing_of_its_own_into_a_plan(string key)
    {
        var page = await (await site.ServiceAsync()).Client.GetStringAsync($"/?{key}=x%0Alanguage_model%3A%20%7Baddress%3A%20https%3A%2F%2Fevil%7D", Cancel);

        Assert.Contains("schema: inversescope/sweep/v1", page, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_without_its_token_is_not_taken()
    {
        var service = await site.ServiceAsync();
        using var form = new FormUrlEncodedContent([new("plan", "schema: inversescope/sweep/v1")]);

        var answer = await service.Client.PostAsync("/sweeps", form, Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task The_table_is_filtered_ordered_and_paged_by_the_address()
    {
        var client = (await site.ServiceAsync()).Client;
        var confirmed = await client.GetStringAsync($"/sweeps/{PageHome.Night}?verdict=confirmed&site=L0H*&sort=-kappa", Cancel);
        var (first, second) = (await client.GetStringAsync($"/sweeps/{PageHome.Night}", Cancel), await client.GetStringAsync($"/sweeps/{PageHome.Night}?page=2", Cancel));

        Assert.Contains("aria-sort=\"ascending\"", confirmed);
        var rows = Rows().Matches(confirmed).Select(r => (Verdict: r.Groups["verdict"].Value, Site: r.Groups["site"].Value)).ToArray();
        Assert.NotEmpty(rows);
        Assert.All(rows, r => Assert.True(r.Verdict == "confirmed" && r.Site.StartsWith("L0H", StringComparison.Ordinal), r.ToString()));
        Assert.Equal((HypothesisQuery.Size, HypothesisQuery.Size), (Rows().Count(first), Rows().Count(second)));
        Assert.NotEqual(Rows().Match(first).Value, Rows().Match(second).Value);
    }

    [Theory]
    [InlineData("/review?state=open&page=999999", "page (\\d+) of \\1<", "Nothing waits|None is in this state")]
    [InlineData("/?page=2147483647", ">night-001<", "None yet")]
    [InlineData("/sweeps/night-001?page=99999", "page (\\d+) of \\1<", "<tbody>\\s*</tbody>")]
    [InlineData("/sweeps/hostile-001/transcripts?page=7", "tokens|Tokens", "None was asked")]
    [InlineData("/sweeps/hostile-001/transcripts?site=L1H2%40%3D&proposer=llm_loop&page=7", "page 2 of 2<", "page 7")]
    [InlineData("/sweeps/hostile-001/sites/L0H1@=?p=50&rp=50", "class=\"examples", "No sample passes")]
    public async Task Past_the_last_page_there_is_the_last_page(string path, string expected, string unexpected)
    {
        var page = await (await site.ServiceAsync()).Client.GetStringAsync(path, Cancel);

        Assert.Matches(expected, page);
        Assert.DoesNotMatch(unexpected, page);
    }

    [Fact]
    public async Task A_review_that_was_not_seen_keeps_the_next_from_being_stored_and_loses_no_comment()
    {
        using var folder = new TempFolder();
        await using var service = await ServiceHost.StartAsync(PageHome.Make(folder.Path, heads: 1));
        var reviews = service.Services.GetRequiredService<ReviewDesk>();
        var item = reviews.Of(PageHome.Hostile)[0];
        var path = PageUrl.Hypothesis(PageHome.Hostile, item.Hypothesis.Id);
        var page = await service.Client.GetAsync(path, Cancel);
        var form = await page.Content.ReadAsStringAsync(Cancel);
        reviews.Add(PageHome.Hostile, item.Hypothesis.Id, ReviewVerdict.Reject, "Ada", "Not so <i>fast</i>.", 0);
        var request = new HttpRequestMessage(HttpMethod.Post, $"/sweeps/{PageHome.Hostile}/reviews")
        {
            Content = new FormUrlEncodedContent(
            [
                new("__RequestVerificationToken", Token().Match(form).Groups["token"].Value), new("hypothesis", item.Hypothesis.Id), new("after", "0"), new("around", ""),
                new("verdict", "accept"), new("author", "Ben"), new("comment", "Looks <b>right</b>."),
            ]),
        };
        request.Headers.Add("Cookie", page.Headers.GetValues("Set-Cookie").Select(c => c.Split(';')[0]));
        request.Headers.Add("Sec-Fetch-Site", "same-origin");

        var answer = await service.Client.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        var told = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Cancel));
        Assert.Contains("Looks <b>right</b>.</textarea>", told);
        Assert.Contains("Not so <i>fast</i>.", told);
        Assert.Equal(["Ada"], reviews.Find(PageHome.Hostile, item.Hypothesis.Id).History.Select(r => r.Author));
    }

    [Fact]
    public async Task A_report_that_cannot_be_read_takes_away_neither_the_list_nor_the_page_of_its_sweep_where_it_can_be_made_anew()
    {
        using var folder = new TempFolder();
        var home = PageHome.Make(folder.Path, heads: 1);
        await File.WriteAllTextAsync(Path.Combine(home.Sweep(PageHome.Hostile), "report.json"), "{", Cancel);
        await using var service = await ServiceHost.StartAsync(home);

        var (list, page) = (await service.Client.GetStringAsync("/", Cancel), await service.Client.GetStringAsync(PageUrl.Sweep(PageHome.Hostile), Cancel));
        var compare = await service.Client.GetStringAsync("/compare", Cancel);

        Assert.Contains(PageHome.Night, list, StringComparison.Ordinal);
        Assert.Contains(PageHome.Hostile, list, StringComparison.Ordinal);
        Assert.Contains("cannot be read", page, StringComparison.Ordinal);
        Assert.Contains("Try again what is missing", page, StringComparison.Ordinal);
        Assert.DoesNotContain("no report yet", page, StringComparison.Ordinal);
        Assert.Contains(PageHome.Other, compare, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_samples_cannot_be_read_the_rest_of_the_page_is_there()
    {
        using var folder = new TempFolder();
        var home = PageHome.Make(folder.Path, heads: 1);
        await using var service = await ServiceHost.StartAsync(home);
        var (id, hypothesis) = ("L0H1@=", service.Services.GetRequiredService<ReviewDesk>().Of(PageHome.Hostile).First(i => i.Site.Site == "L0H1@=").Hypothesis.Id);
        var file = KeptSiteFile.PathOf(home.Sweep(PageHome.Hostile), id);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "no samples", Cancel);

        foreach (var (path, heading) in new[] { (PageUrl.Site(PageHome.Hostile, id), "features-h"), (PageUrl.Hypothesis(PageHome.Hostile, hypothesis), "review-h") })
        {
            var answer = await service.Client.GetAsync(path + "?samples=all&ref=0123456789abcdef", Cancel);
            var page = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Cancel));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Contains("The samples cannot be shown.", page, StringComparison.Ordinal);
            Assert.Contains("Move it away", page, StringComparison.Ordinal);
            Assert.Contains(heading, page, StringComparison.Ordinal);
            Assert.DoesNotContain("No sample passes", page, StringComparison.Ordinal);
        }

        var told = await service.Client.ProblemAsync(500, ApiCalls.Request("GET", $"/api/v1/sweeps/{PageHome.Hostile}/sites/{Uri.EscapeDataString(id)}/samples"));
        Assert.Contains("not a file of samples", told["detail"]!.ToString(), StringComparison.Ordinal);
        File.Delete(file);
        Assert.DoesNotContain("cannot be shown", await service.Client.GetStringAsync(PageUrl.Site(PageHome.Hostile, id), Cancel), StringComparison.Ordinal);
    }

    [GeneratedRegex("<tr class=\"v-(?<verdict>\\w+)\"><td class=\"c-verdict\">.*?<code>(?<site>[^<]*)</code>", RegexOptions.ExplicitCapture)]
    private static partial Regex Rows();

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"(?<token>[^\"]*)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Token();
}
