using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace InverseScope.Service.Api;

/// <summary>ETags: what a client has already, and what it saw before it changes something.</summary>
internal static class Preconditions
{
    public static string Quote(string tag) => $"\"{tag}\"";

    /// <summary>Marks the answer, which may be kept but must be asked for again.</summary>
    /// <returns>Whether the client has it already, so that nothing else needs to be sent.</returns>
    public static bool IsKnown(HttpContext context, string tag)
    {
        var headers = context.Response.Headers;
        headers.ETag = Quote(tag);
        headers.CacheControl = "private, no-cache";
        var known = context.Request.GetTypedHeaders().IfNoneMatch;
        return known.Any(k => k.Equals(EntityTagHeaderValue.Any) || (k.Tag.Value == Quote(tag)));
    }

    /// <summary>The tag that a writer had seen, without quotes; null where nothing was there.</summary>
    /// <param name="mayBeNew">Whether <c>If-None-Match: *</c> may be given in place of <c>If-Match</c>.</param>
    /// <exception cref="RequestException">Neither is given.</exception>
    public static string? Seen(HttpRequest request, bool mayBeNew = false)
    {
        if (request.GetTypedHeaders().IfMatch is [var tag])
            return tag.Tag.Value!.Trim('"');
        if (mayBeNew && request.GetTypedHeaders().IfNoneMatch is [var none] && none.Equals(EntityTagHeaderValue.Any))
            return null;
        throw new RequestException(
            StatusCodes.Status428PreconditionRequired, "It must be said which version is changed, so that nobody's work is lost.",
            $"Send the ETag that was read as If-Match{(mayBeNew ? ", or If-None-Match: * for a new one" : "")}.");
    }
}
