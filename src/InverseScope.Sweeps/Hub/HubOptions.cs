using InverseScope.Core;

namespace InverseScope.Sweeps.Hub;

/// <summary>How the hub is reached. What people set comes from the environment alone, as in Hugging Face's own client.</summary>
public sealed record HubOptions
{
    /// <summary>Variable with the hub's address, where it is not the default.</summary>
    public const string EndpointVariable = "HF_ENDPOINT";

    /// <summary>Variable with the token of an account. There is no other way to give one.</summary>
    public const string TokenVariable = "HF_TOKEN";

    /// <summary>Variable that forbids all connections.</summary>
    public const string OfflineVariable = "HF_HUB_OFFLINE";

    private static readonly string[] TrueValues = ["1", "ON", "YES", "TRUE"];

    /// <summary>Absolute, http or https. Default https://huggingface.co.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>Sent to the endpoint's own origin alone; null: none. See <see cref="SendsToken"/>.</summary>
    public HubToken? Token { get; init; }

    /// <summary>Whether nothing may be asked of the hub.</summary>
    public bool Offline { get; init; }

    /// <summary>Files that are fetched at the same time, at least 1. Default 4.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>How often a request that failed in passing is repeated, at least 1. Default 5; a download that moves on counts anew.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>Before the first repetition; doubles with each. Default 1 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait before a repetition. A hub that asks for a longer one is given up. Default 2 min.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the hub may send nothing before the connection counts as lost. Default 1 min.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether the token may travel: not without encryption, unless to this machine itself.</summary>
    public bool SendsToken => Token is not null && (Endpoint.Scheme == Uri.UriSchemeHttps || Endpoint.IsLoopback);

    /// <summary>From the three variables; empty ones count as absent.</summary>
    /// <param name="variable">The environment.</param>
    /// <exception cref="BadInputException">One of them cannot be used; the token itself is never in the message.</exception>
    public static HubOptions FromEnvironment(Func<string, string?> variable)
    {
        var options = new HubOptions
        {
            Offline = TrueValues.Contains(variable(OfflineVariable), StringComparer.OrdinalIgnoreCase),
            Token = variable(TokenVariable)?.Trim() is { Length: > 0 } token ? new HubToken(token) : null,
        };
        if (variable(EndpointVariable)?.Trim() is not { Length: > 0 } endpoint)
            return options;
        if (!Uri.TryCreate(endpoint.TrimEnd('/'), UriKind.Absolute, out var address)
            || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp)
            || address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0)
        {
            throw new BadInputException(
                $"{EndpointVariable} is not the address of a hub.", "Set it to one such as https://huggingface.co, or unset it.");
        }

        return options with { Endpoint = address };
    }
}

/// <summary>The token of an account, which no message, log or file may show: as text it is stars.</summary>
public sealed class HubToken
{
    private readonly string _value;

    /// <exception cref="BadInputException">It cannot be the value of a header.</exception>
    public HubToken(string value) => _value = value.Length > 0 && value.All(c => c is > ' ' and <= '~')
        ? value
        : throw new BadInputException(
            $"{HubOptions.TokenVariable} holds characters that no token has.", "Set it to a token as the hub shows it, or unset it.");

    public override string ToString() => "***";

    internal void Authorize(HttpRequestMessage request) => request.Headers.Authorization = new("Bearer", _value);
}
