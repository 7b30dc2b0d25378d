using System.Text.Json;

namespace InverseScope.Agent.Chat;

/// <summary>What came of one question. Stored by name: only add.</summary>
public enum ChatOutcome
{
    /// <summary>There is an answer of the wanted form.</summary>
    Answered,

    /// <summary>The model would not answer.</summary>
    Refused,

    /// <summary>No reply was of the wanted form, not even after the model was told its errors.</summary>
    Malformed,

    /// <summary>Every reply was cut off at its greatest length.</summary>
    Truncated,

    /// <summary>The prompt does not fit into what the model can read.</summary>
    PromptTooLong,

    /// <summary>The service answered, but with an error or a torn reply, time and again.</summary>
    Failed,

    /// <summary>The service does not take such requests: no such model or ability, or a wrong key. It will not, until a person changes something.</summary>
    Rejected,

    /// <summary>The service is down or too busy, and went on being so. Whoever asked should do something else, and come back.</summary>
    Unavailable,

    /// <summary>The budget is spent; nothing was asked.</summary>
    OutOfBudget,
}

/// <summary>What came of one question, and what it took.</summary>
public sealed record ChatReply
{
    public required ChatOutcome Outcome { get; init; }

    /// <summary>What the model wrote last; empty if nothing came.</summary>
    public string Text { get; init; } = "";

    /// <summary>The value in the reply; null unless there is an answer and a schema was given.</summary>
    public JsonElement? Json { get; init; }

    /// <summary>What the model asks for; empty unless functions were offered.</summary>
    public IReadOnlyList<ChatCall> Calls { get; init; } = [];

    /// <summary>What went wrong, as a sentence; null if there is an answer.</summary>
    public string? Problem { get; init; }

    public required ChatModel Model { get; init; }

    /// <summary><see cref="ChatRequest.HashFor"/> of the question.</summary>
    public required string RequestHash { get; init; }

    /// <summary>Every message that was sent, in order; empty if none was.</summary>
    public IReadOnlyList<ChatAttempt> Attempts { get; init; } = [];

    /// <summary>From the question to the outcome, waits included.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>For <see cref="ChatOutcome.Unavailable"/>, after how long it may be worth asking again; null if it is not known.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Tokens read, over all attempts, as the service counts them.</summary>
    public long PromptTokens => Attempts.Sum(a => a.PromptTokens);

    /// <summary>Tokens written, over all attempts, as the service counts them.</summary>
    public long ReplyTokens => Attempts.Sum(a => a.ReplyTokens);

    /// <summary>The time that the service says it worked, over all attempts.</summary>
    public TimeSpan ModelTime => Attempts.Aggregate(TimeSpan.Zero, (sum, a) => sum + a.ModelTime);
}

/// <summary>One message that was sent, and what came back.</summary>
public sealed record ChatAttempt
{
    /// <summary>Whether the model was told the errors of its reply before.</summary>
    public bool IsRepair { get; init; }

    public int Seed { get; init; }

    public int MaxReplyTokens { get; init; }

    /// <summary>What the model wrote; empty if nothing came.</summary>
    public string Text { get; init; } = "";

    /// <summary>What is wrong with it; null if nothing.</summary>
    public string? Problem { get; init; }

    /// <summary>0 if the service did not say.</summary>
    public long PromptTokens { get; init; }

    /// <summary>0 if the service did not say.</summary>
    public long ReplyTokens { get; init; }

    /// <summary>Until the reply was there.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>What the service says it worked; zero if it did not say.</summary>
    public TimeSpan ModelTime { get; init; }
}
