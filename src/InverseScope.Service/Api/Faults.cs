using System.Text.Json;
using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Service.Security;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Api;

/// <summary>Turns whatever a request ends with into a problem: faults of users, outages, faults of ours.</summary>
internal sealed partial class Faults(ILogger<Faults> logger)
{
    public async Task Invoke(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            if (!context.Response.HasStarted)
                context.Response.StatusCode = Problems.ClientClosedRequest;
            return;
        }
#pragma warning disable CA1031 // Whatever it is, a client learns what it needs and no more.
        catch (Exception e) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            context.Response.Clear();
            await Problems.WriteAsync(context, Of(e, context));
            return;
        }

        // What routing refuses has no body.
        var response = context.Response;
        if (response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null } && ProgramPaths.Covers(context.Request.Path))
            await Problems.WriteAsync(context, Refused(response.StatusCode));
    }

    private static ProblemDetails Refused(int status) => status switch
    {
        StatusCodes.Status404NotFound => Problems.Of(status, "There is nothing at this address.", "The addresses are listed in /openapi/v1.json."),
        StatusCodes.Status405MethodNotAllowed => Problems.Of(status, "This address does not take that method.", "The header Allow lists those that it takes."),
        StatusCodes.Status415UnsupportedMediaType => Problems.Of(status, "The body is of a type that is not read here.", "Set Content-Type to one that /openapi/v1.json lists."),
        StatusCodes.Status413PayloadTooLarge => TooLarge(),
        _ => Problems.Of(status, null),
    };

    private ProblemDetails Of(Exception fault, HttpContext context) => fault switch
    {
        RequestException e => Problems.Of(e.Status, e.Message, e.Fix),
        DamagedFileException e => Problems.Of(StatusCodes.Status500InternalServerError, e.What, e.Fix),
        BadInputException e => Problems.Of(StatusCodes.Status400BadRequest, e.What, e.Fix),
        EditConflictException e => Problems.Of(StatusCodes.Status412PreconditionFailed, e.Message, "Read it again, and send its new ETag as If-Match."),
        OutsideServiceException e => Problems.Of(StatusCodes.Status503ServiceUnavailable, e.Message),
        BadHttpRequestException e => Malformed(e),
        AntiforgeryValidationException => Problems.Of(StatusCodes.Status400BadRequest, "The form is too old, or not of this service.", "Open the page again."),
        AggregateException { InnerExceptions: [var only] } => Of(only, context),
        _ => Ours(fault, context),
    };

    private ProblemDetails Ours(Exception fault, HttpContext context)
    {
        LogFault(logger, context.Request.Method, context.Request.Path, context.TraceIdentifier, fault);
        var problem = Problems.Of(StatusCodes.Status500InternalServerError, "This is a fault of the program, not of yours.", "The log of the service tells more under the reference.");
        problem.Extensions["reference"] = context.TraceIdentifier;
        return problem;
    }

    private static ProblemDetails Malformed(BadHttpRequestException e)
    {
        if (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
            return TooLarge();
        if (e.InnerException is not JsonException json)
        {
            // The framework's own words name types and parameters of this program.
            return e.Message.StartsWith("Failed to bind parameter", StringComparison.Ordinal) && e.Message.Split('"') is [_, var parameter, ..]
                ? Problems.Of(e.StatusCode, $"The value of '{parameter.Split(' ')[^1]}' is not of the kind that belongs there, or too large.")
                : e.Message.StartsWith("Implicit body inferred", StringComparison.Ordinal) || e.Message.StartsWith("Required parameter", StringComparison.Ordinal)
                ? Problems.Of(e.StatusCode, "A body is missing.")
                : Problems.Of(e.StatusCode, e.Message);
        }

        var problem = Problems.Of(e.StatusCode, WhatIsWrong(json));
        problem.Extensions["path"] = json.Path;
        problem.Extensions["line"] = json.LineNumber + 1;
        problem.Extensions["column"] = json.BytePositionInLine + 1;
        return problem;
    }

    private static ProblemDetails TooLarge() => Problems.Of(
        StatusCodes.Status413PayloadTooLarge, "The body is too large.",
        $"Specs and plans have at most {ServiceSecurity.LargestBody >> 10} KiB, everything else {ApiEndpoints.SmallBody >> 10} KiB.");

    // The serializer's own words name types of this program.
    private static string WhatIsWrong(JsonException json)
    {
        var message = json.Message;
        if (message.Contains("could not be mapped", StringComparison.Ordinal) && message.Split('\'') is [_, var member, ..])
            return $"There is no member '{member}' at {json.Path}.";
        if (message.IndexOf("including: ", StringComparison.Ordinal) is > 0 and var at)
            return $"Missing at {json.Path ?? "$"}: {message[(at + "including: ".Length)..].Split(". Path")[0].TrimEnd('.')}.";
        if (message.Split("could not be converted to ") is [_, var rest] && NamesOf(rest.Split(". Path:")[0], json.Path) is { } names)
            return $"The value at {json.Path} is none of {string.Join(", ", names)}.";
        return message.Contains("could not be converted", StringComparison.Ordinal) || message.Contains(" type ", StringComparison.Ordinal) || message.Contains("constructor", StringComparison.Ordinal) || message.Contains("property", StringComparison.Ordinal)
            ? $"The value at {json.Path} is not of the kind that belongs there."
            : $"The body is not JSON: {message.Split(" Path:")[0].Split(" LineNumber:")[0]}";
    }

    // Of an enumeration, as they stand in bodies; null where a value is of none. The serializer names the type of the value, or of what holds it.
    private static string[]? NamesOf(string type, string? path)
    {
        var named = AppDomain.CurrentDomain.GetAssemblies()
            .Where(a => a.GetName().Name!.StartsWith("InverseScope.", StringComparison.Ordinal)).Select(a => a.GetType(type)).FirstOrDefault(t => t is not null);
        var member = path?.Split('.')[^1];
        var found = named is { IsEnum: true } ? named
            : named?.GetProperties().FirstOrDefault(p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name) == member)?.PropertyType;
        return found is { IsEnum: true } ? [.. Enum.GetValues(found).Cast<object>().Select(value => JsonSerializer.SerializeToElement(value, found, ApiJson.Options).ToString())] : null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed; reference {Reference}.")]
    private static partial void LogFault(ILogger logger, string method, string path, string reference, Exception fault);
}
