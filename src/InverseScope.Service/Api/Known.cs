using InverseScope.Core;
using InverseScope.Service.Desk;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Api;

/// <summary>Looks up what an address names. That it is not there is another answer than that what was sent cannot be used.</summary>
internal static class Known
{
    // Longer than any name that there can be, and as long as the store's index takes.
    private const int LongestName = 250;

    /// <summary>A part of an address as it was meant: a slash in a name is sent as %2F, which servers leave as it is.</summary>
    /// <exception cref="RequestException">Nothing can have this name.</exception>
    public static string Name(string part)
    {
        if (part.Length > LongestName || part.Any(char.IsControl))
            throw RequestException.NotFound("Nothing has such a name.");
        return part.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>What the lookup finds.</summary>
    /// <param name="find">Looks up by name alone, so that it throws <see cref="BadInputException"/> only where there is nothing.</param>
    /// <exception cref="RequestException">There is none.</exception>
    public static T Find<T>(string part, Func<string, T> find)
    {
        var name = Name(part);
        try
        {
            return find(name);
        }
        catch (BadInputException e) when (e is not DamagedFileException)
        {
            throw RequestException.NotFound(e.What, e.Fix);
        }
    }

    /// <summary>What comes of an action that depends on the state that a thing is in.</summary>
    /// <exception cref="RequestException">It is in another.</exception>
    public static T Allowed<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (BadInputException e)
        {
            throw new RequestException(StatusCodes.Status409Conflict, e.What, e.Fix);
        }
    }
}
