using InverseScope.Core;

namespace InverseScope.Service.Api;

/// <summary>Members of enumerations as queries name them, like JSON does.</summary>
internal static class QueryChoice
{
    /// <summary>The members named, separated by commas; null if none is, which asks for all.</summary>
    /// <exception cref="BadInputException">There is none of a name.</exception>
    public static HashSet<T>? Several<T>(string? given, string parameter)
        where T : struct, Enum =>
        string.IsNullOrEmpty(given) ? null : [.. given.Split(',', StringSplitOptions.TrimEntries).Select(name => One<T>(name, parameter))];

    /// <param name="others">What else may be given there; told where there is none of the name.</param>
    /// <exception cref="BadInputException">There is none of this name.</exception>
    public static T One<T>(string given, string parameter, params string[] others)
        where T : struct, Enum
    {
        var names = Enum.GetValues<T>().ToDictionary(v => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()), StringComparer.Ordinal);
        return names.TryGetValue(given, out var value)
            ? value
            : throw new BadInputException($"{parameter} is one of {string.Join(", ", [.. names.Keys, .. others])}; found '{given}'.{NearestName.Hint(given, names.Keys)}");
    }
}
