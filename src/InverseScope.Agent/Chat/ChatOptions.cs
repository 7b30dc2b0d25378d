using InverseScope.Core;

namespace InverseScope.Agent.Chat;

/// <summary>Which language model is asked, and how it is reached. Holds no secret: a key is named by its variable of the environment.</summary>
public sealed record ChatOptions
{
    /// <summary>Where Ollama is if nobody says otherwise.</summary>
    public static Uri OllamaDefault { get; } = new("http://127.0.0.1:11434");

    /// <summary>One of <see cref="ChatProvider.All"/>. Default ollama.</summary>
    public string Provider { get; init; } = ChatProvider.Ollama;

    /// <summary>Name of the model, as the provider calls it. For a script, any name.</summary>
    public string Model { get; init; } = "";

    /// <summary>Absolute, http or https: of Ollama (default <see cref="OllamaDefault"/>), or what <c>/chat/completions</c> follows at others.</summary>
    public Uri? Address { get; init; }

    /// <summary>For ollama: name of the model that embeds labels; null: specs that compare labels by embeddings cannot be run. Default null.</summary>
    public string? EmbeddingModel { get; init; }

    /// <summary>For openai: the variable of the environment with the key; one that is not set means no key. Default OPENAI_API_KEY.</summary>
    public string KeyVariable { get; init; } = "OPENAI_API_KEY";

    /// <summary>For scripted: the file of rules.</summary>
    public string? Script { get; init; }

    /// <summary>
    /// Tokens of prompt and reply together, at least 512; memory grows with it. Sent to Ollama as num_ctx, and to no other: there it only says which
    /// prompts are too long to be sent. Default 8192.
    /// </summary>
    public int ContextTokens { get; init; } = 8192;

    /// <summary>For ollama, sent to no other: whether a model that can shall think before it answers; slower, and not always better. Default false.</summary>
    public bool Think { get; init; }

    /// <summary>For ollama: how long the model stays loaded after an answer, in whole seconds, 0 (it is dropped at once) to 365 days. Default 30 min.</summary>
    public TimeSpan KeepLoaded { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long one reply may take in all, 1 s to 1 day; after that the message is repeated once at most. Default 10 min.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A longer reply is left, in bytes, at least 1024. Default 4 MiB.</summary>
    public int LargestReply { get; init; } = 4 << 20;

    /// <summary>How often a message to a service that is busy or gone is repeated, at least 1. Default 5.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>Before the first repetition, above 0; doubles with each, give or take some chance. Default 1 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait before a repetition, at most 1 day. Default 1 min.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// After so many failures, and hardly anything else, within <see cref="BreakWindow"/> nothing is sent any more for a while; at least 2. After two
    /// deadlines that passed, nothing is sent either. Default 6.
    /// </summary>
    public int BreakAfter { get; init; } = 6;

    /// <summary>1 s to 1 day. Default 2 min.</summary>
    public TimeSpan BreakWindow { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long nothing is sent, 1 s to 1 day. Default 1 min.</summary>
    public TimeSpan BreakFor { get; init; } = TimeSpan.FromMinutes(1);

    internal Uri Endpoint => Address ?? OllamaDefault;

    /// <summary>All that is wrong; empty if nothing.</summary>
    public IEnumerable<string> Check()
    {
        if (!ChatProvider.All.Contains(Provider))
            yield return $"There is no provider '{Provider}'.{NearestName.Hint(Provider, ChatProvider.All)} Choose one of {string.Join(", ", ChatProvider.All)}.";
        if (string.IsNullOrWhiteSpace(Model))
            yield return "No language model is named. Give the name of one, as the provider lists it.";
        if (Address is { } address && (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)))
            yield return $"'{address}' is not the address of a service. Give one that begins with http:// or https://.";
        else if (Address is { UserInfo.Length: > 0 })
            yield return "The address of the language model holds a name or password. Leave it out: it would be stored.";
        else if (Provider == ChatProvider.Ollama && Address is { IsAbsoluteUri: true, AbsolutePath: not "/" })
            yield return $"'{Address}' has a path, which Ollama's address must not have: give it up to its port.";
        if (Provider == ChatProvider.OpenAi && Address is null)
            yield return "The provider openai needs an address, up to and with its version, e.g. ending in /v1.";
        if (Provider == ChatProvider.Scripted && Script is null)
            yield return "The provider scripted needs the file of its rules.";
        if (ContextTokens < 512)
            yield return $"The context must be at least 512 tokens, found {ContextTokens}.";
        if (LargestReply < 1024)
            yield return $"The largest reply must be at least 1024 bytes, found {LargestReply}.";
        if (Retries < 1)
            yield return $"There must be at least 1 retry, found {Retries}.";
        if (BreakAfter < 2)
            yield return $"At least 2 failures must go before a pause, found {BreakAfter}.";
        if (RetryDelay <= TimeSpan.Zero || RetryDelay > LongestDelay)
            yield return $"The delay before a repetition must be above 0 and at most the longest, {LongestDelay}; found {RetryDelay}.";
        if (KeepLoaded < TimeSpan.Zero || KeepLoaded > TimeSpan.FromDays(365))
            yield return $"The model must stay loaded for 0 seconds to 365 days, found {KeepLoaded}.";
        foreach (var (name, time) in new[] { ("deadline", Deadline), ("longest delay", LongestDelay), ("window of failures", BreakWindow), ("pause", BreakFor) })
        {
            if (time < TimeSpan.FromSeconds(1) || time > TimeSpan.FromDays(1))
                yield return $"The {name} must be 1 second to 1 day, found {time}.";
        }
    }
}
