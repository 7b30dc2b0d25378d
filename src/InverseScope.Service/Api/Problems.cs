using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace InverseScope.Service.Api;

/// <summary>What went wrong, as RFC 9457 has it: <c>detail</c> says what, the extension <c>fix</c> how to mend it.</summary>
internal static class Problems
{
    public const string ContentType = "application/problem+json";

    /// <summary>A client that went away; nobody reads it.</summary>
    public const int ClientClosedRequest = 499;

    public static ProblemDetails Of(int status, string? what, string? fix = null)
    {
        var problem = new ProblemDetails { Status = status, Title = TitleOf(status), Detail = what };
        if (fix is not null)
            problem.Extensions["fix"] = fix;
        return problem;
    }

    /// <param name="after">When to try again.</param>
    public static ProblemDetails TooMany(TimeSpan after)
    {
        var seconds = (int)Math.Ceiling(Math.Max(1, after.TotalSeconds));
        var problem = Of(StatusCodes.Status429TooManyRequests, "Too many requests came from this address.", $"Try again in {seconds} s.");
        problem.Extensions["retry_after"] = seconds;
        return problem;
    }

    public static ProblemDetails TooManyGuesses() => Of(StatusCodes.Status429TooManyRequests, "Too many wrong keys came from this address.", "Wait a minute and try again with the right one.");

    /// <summary>Answers with the problem: as JSON to programs, in a line of text to a browser that asked for a page.</summary>
    public static async Task WriteAsync(HttpContext context, ProblemDetails problem)
    {
        var response = context.Response;
        response.StatusCode = problem.Status!.Value;
        if (problem.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
            response.Headers.RetryAfter = (problem.Extensions.TryGetValue("retry_after", out var after) ? (int)after! : 30).ToString(CultureInfo.InvariantCulture);
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        if (!Security.ProgramPaths.Covers(context.Request.Path))
        {
            response.ContentType = "text/plain; charset=utf-8";
            await response.WriteAsync($"{problem.Title}. {problem.Detail} {(problem.Extensions.TryGetValue("fix", out var fix) ? fix : "")}\n", context.RequestAborted);
            return;
        }

        response.ContentType = ContentType;
        await JsonSerializer.SerializeAsync(response.Body, problem, ApiJson.Options, context.RequestAborted);
    }

    private static string TitleOf(int status) => status == ClientClosedRequest ? "Client closed request" : ReasonPhrases.GetReasonPhrase(status);
}
