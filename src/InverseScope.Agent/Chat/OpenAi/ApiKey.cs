using InverseScope.Core;

namespace InverseScope.Agent.Chat.OpenAi;

/// <summary>A key of a service, which no message, log or file may show: as text it is stars.</summary>
internal sealed class ApiKey
{
    private ApiKey(string value) => Value = value;

    /// <summary>For the header of a request, and to find it in what a service says; for nothing else.</summary>
    internal string Value { get; }

    /// <param name="variable">Its name in the environment.</param>
    /// <param name="environment">Values by name.</param>
    /// <returns>Null if the variable is not set.</returns>
    /// <exception cref="BadInputException">It cannot be the value of a header; the key itself is not in the message.</exception>
    public static ApiKey? From(string variable, Func<string, string?> environment)
    {
        if (environment(variable)?.Trim() is not { Length: > 0 } value)
            return null;
        return value.All(c => c is > ' ' and <= '~')
            ? new ApiKey(value)
            : throw new BadInputException($"{variable} holds characters that no key has.", "Set it to a key as the service shows it, or unset it.");
    }

    /// <summary>A key does not travel without encryption, unless to this machine itself.</summary>
    public static bool MayTravelTo(Uri address) => address.Scheme == Uri.UriSchemeHttps || address.IsLoopback;

    public override string ToString() => "***";
}
