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
/// <param name="Digest">Of its weights and template, so that a name that is given to another model is noticed; null if the provider tells none.</param>
public sealed record ChatModel(string Provider, string Name, string? Digest)
{
    /// <summary>What answers are kept under: the digest, or provider and name where there is none.</summary>
    public string Identity => Digest ?? $"{Provider}:{Name}";
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
