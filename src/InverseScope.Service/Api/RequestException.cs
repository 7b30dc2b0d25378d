using InverseScope.Core;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Api;

/// <summary>The request cannot be carried out, and has a status of its own.</summary>
/// <param name="status">Of the answer.</param>
/// <param name="what">As in <see cref="BadInputException.What"/>.</param>
/// <param name="fix">As in <see cref="BadInputException.Fix"/>.</param>
internal sealed class RequestException(int status, string what, string? fix = null) : Exception(what)
{
    public int Status { get; } = status;

    public string? Fix { get; } = fix;

    public static RequestException NotFound(string what, string? fix = null) => new(StatusCodes.Status404NotFound, what, fix);
}
