using InverseScope.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Api;

/// <summary>Refuses to read anything where the query has parameters that nothing looks at: a misspelt filter would let everything through.</summary>
internal static class KnownQuery
{
    /// <exception cref="BadInputException">The query has such a parameter.</exception>
    public static ValueTask<object?> Check(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
    {
        var request = call.HttpContext.Request;
        if (request.Query.Count > 0 && HttpMethods.IsGet(request.Method) && call.HttpContext.GetEndpoint() is RouteEndpoint endpoint)
        {
            var known = NamesOf(endpoint);
            if (request.Query.Keys.FirstOrDefault(k => !known.Contains(k, StringComparer.OrdinalIgnoreCase)) is { } unknown)
            {
                throw new BadInputException(
                    $"There is no query parameter '{unknown}' here.{NearestName.Hint(unknown, known)}",
                    known.Length == 0 ? "This address takes none." : $"Known: {string.Join(", ", known)}.");
            }
        }

        return next(call);
    }

    // What of the endpoint's parameters can be read from text, and does not stand in its path.
    private static string[] NamesOf(RouteEndpoint endpoint) =>
    [
        .. endpoint.Metadata.GetOrderedMetadata<IParameterBindingMetadata>()
            .Where(p => (p.HasTryParse || p.ParameterInfo.ParameterType == typeof(string)) && endpoint.RoutePattern.GetParameter(p.Name) is null)
            .Select(p => p.Name),
    ];
}
