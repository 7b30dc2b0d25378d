namespace InverseScope.Agent.Chat;

/// <summary>A language model that can be asked, whoever serves it. Thread-safe.</summary>
public interface IChat
{
    /// <summary>Who answers.</summary>
    ChatModel Model { get; }

    /// <summary>Asks once, and does what may be done about bad replies and a service that is busy.</summary>
    /// <returns>What came of it. What a model or its service does wrong is an outcome, never an exception.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was.</exception>
    Task<ChatReply> AskAsync(ChatRequest request, CancellationToken cancel);
}

/// <summary>A language model.</summary>
/// <param name="Provider">One of <see cref="ChatProvider"/>.</param>
/// <param name="Name">As the provider calls it, e.g. <c>qwen3:4b</c>.</param>
/// <param name="Digest">Of its weights and template, or of a script, so that a name that is given to another is noticed; null if the provider tells none.</param>
public sealed record ChatModel(string Provider, string Name, string? Digest)
{
    /// <summary>Where it is asked if nothing but that tells it from another of its name, without query and password; null where the digest does.</summary>
    public string? Address { get; init; }

    /// <summary>What its answers depend on beside the question, as text, as far as it is not the default; null: it is all the default.</summary>
    public string? Settings { get; init; }

    /// <summary>Which model it is: the digest, or provider, name and address where there is none.</summary>
    public string Identity => Digest ?? (Address is null ? $"{Provider}:{Name}" : $"{Provider}:{Name} at {Address}");
}

/// <summary>Names of providers, as in options and records.</summary>
public static class ChatProvider
{
    /// <summary>Ollama's own protocol.</summary>
    public const string Ollama = "ollama";

    /// <summary>The protocol of OpenAI, which many servers speak.</summary>
    public const string OpenAi = "openai";

    /// <summary>Answers from a file of rules.</summary>
    public const string Scripted = "scripted";

    public static IReadOnlyList<string> All { get; } = [Ollama, OpenAi, Scripted];
}
