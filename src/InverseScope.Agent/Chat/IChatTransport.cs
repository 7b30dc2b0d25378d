namespace InverseScope.Agent.Chat;

/// <summary>Sends one message to a language model and brings back what it wrote: nothing is repeated or judged here. Thread-safe.</summary>
internal interface IChatTransport : IDisposable
{
    /// <exception cref="ChatFaultException">Nothing whole came back.</exception>
    Task<RawReply> SendAsync(ChatExchange exchange, CancellationToken cancel);

    /// <summary>Has the service drop the model from its memory, which frees one that hangs; does nothing where that cannot be asked for.</summary>
    /// <exception cref="ChatFaultException">It failed.</exception>
    Task UnloadAsync(CancellationToken cancel);
}

internal enum ChatRole
{
    System,
    User,
    Assistant,

    /// <summary>What came of a call; there is one for each of the calls before it, in their order.</summary>
    Tool,
}

internal sealed record ChatTurn(ChatRole Role, string Text)
{
    /// <summary>What an assistant asks for.</summary>
    public IReadOnlyList<ChatCall> Calls { get; init; } = [];

    /// <summary>All that the model reads of it.</summary>
    public string Read => Calls.Count == 0 ? Text : string.Join(' ', Calls.Select(c => $"{c.Name} {c.Arguments}").Prepend(Text));
}

/// <summary>One message with all that goes before it.</summary>
/// <param name="Seed">In place of the request's.</param>
/// <param name="MaxReplyTokens">In place of the request's.</param>
internal sealed record ChatExchange(ChatRequest Request, IReadOnlyList<ChatTurn> Turns, int Seed, int MaxReplyTokens);

/// <summary>What a model wrote.</summary>
/// <param name="Refusal">Why it refused, where the service says so apart; null: it does not.</param>
/// <param name="IsCut">Whether it was cut off at its greatest length.</param>
/// <param name="PromptTokens">0 if the service does not say.</param>
/// <param name="ReplyTokens">0 if the service does not say.</param>
internal sealed record RawReply(
    string Text, string? Refusal, bool IsCut, long PromptTokens, long ReplyTokens, TimeSpan ModelTime)
{
    public IReadOnlyList<ChatCall> Calls { get; init; } = [];
}

/// <summary>What to do about a failure of a service.</summary>
internal enum FaultKind
{
    /// <summary>Busy, or not there: wait and repeat.</summary>
    Busy,

    /// <summary>It said nothing until the deadline, and is not to be asked again for now.</summary>
    Silent,

    /// <summary>It failed inside: repeat a little, then have it load the model anew.</summary>
    Broken,

    /// <summary>It answered, but with an error or half an answer: ask again, with another seed.</summary>
    Garbled,

    /// <summary>It will not take such requests.</summary>
    Rejected,

    /// <summary>The prompt is too long for it.</summary>
    TooLong,
}

/// <summary>A service did not do what it was asked. Never leaves this folder.</summary>
/// <param name="message">A sentence: who, and what.</param>
/// <param name="wait">What the service asked to wait; null if it did not say.</param>
internal sealed class ChatFaultException(FaultKind kind, string message, TimeSpan? wait = null, Exception? inner = null)
    : Exception(message, inner)
{
    public FaultKind Kind => kind;

    public TimeSpan? Wait => wait;
}
