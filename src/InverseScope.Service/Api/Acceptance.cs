using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

namespace InverseScope.Service.Api;

/// <summary>Refuses requests that accept none of the forms in which the answer comes, before anything is done for them.</summary>
internal static class Acceptance
{
    public static Task Check(HttpContext context, RequestDelegate next)
    {
        var forms = context.GetEndpoint()?.Metadata.GetOrderedMetadata<IProducesResponseTypeMetadata>()
            .Where(p => p.StatusCode is >= 200 and < 300).SelectMany(p => p.ContentTypes).ToArray() ?? [];
        var accepted = context.Request.GetTypedHeaders().Accept;
        return forms.Length == 0 || accepted.Count == 0 || forms.Any(f => accepted.Any(a => a.Quality != 0 && MediaTypeHeaderValue.Parse(f).IsSubsetOf(a)))
            ? next(context)
            : Problems.WriteAsync(context, Problems.Of(
                StatusCodes.Status406NotAcceptable, $"The answer comes as {string.Join(" or ", forms.Distinct())}, which the request does not accept.", "Leave the header Accept out."));
    }
}
