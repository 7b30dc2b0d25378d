using System.Text.Json;
using InverseScope.Agent.Chat;

namespace InverseScope.Agent.Transcripts;

/// <summary>Keeps every question to a language model with what came of it. Thread-safe.</summary>
public interface ITranscript
{
    /// <summary>Keeps an entry before it returns, so that a process that ends right after it has lost nothing.</summary>
    void Add(TranscriptEntry entry);
}

/// <summary>One question to a language model, and what came of it.</summary>
public sealed record TranscriptEntry
{
    /// <summary>When the outcome was there.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Of question and model: what a replay finds it by.</summary>
    public required string RequestHash { get; init; }

    public required ChatModel Model { get; init; }

    public required string Purpose { get; init; }

    public required int Step { get; init; }

    /// <summary>Id of the prompt file.</summary>
    public required string PromptId { get; init; }

    /// <summary>Hash of the prompt file.</summary>
    public required string PromptHash { get; init; }

    /// <summary>The instructions that were sent; empty if there were none.</summary>
    public required string System { get; init; }

    /// <summary>The text that was sent.</summary>
    public required string User { get; init; }

    /// <summary>The JSON Schema of the reply; null: any text was asked for.</summary>
    public string? Schema { get; init; }

    /// <summary>The functions that were offered, as JSON; null if none were.</summary>
    public string? Tools { get; init; }

    /// <summary>What was asked for and told since the prompt; null if nothing was.</summary>
    public IReadOnlyList<ChatRound>? Earlier { get; init; }

    public required int Seed { get; init; }

    public required double Temperature { get; init; }

    public required int MaxReplyTokens { get; init; }

    public required ChatOutcome Outcome { get; init; }

    /// <summary>What the model wrote last; empty if nothing came.</summary>
    public required string Text { get; init; }

    /// <summary>The value in the reply; null if there is none.</summary>
    public JsonElement? Json { get; init; }

    /// <summary>What the model asked for; null if nothing.</summary>
    public IReadOnlyList<ChatCall>? Calls { get; init; }

    /// <summary>What went wrong; null if there is an answer.</summary>
    public string? Problem { get; init; }

    public required IReadOnlyList<ChatAttempt> Attempts { get; init; }

    public required TimeSpan Duration { get; init; }

    public static TranscriptEntry Of(ChatRequest request, ChatReply reply, DateTimeOffset at) => new()
    {
        At = at,
        RequestHash = reply.RequestHash,
        Model = reply.Model,
        Purpose = request.Purpose,
        Step = request.Step,
        PromptId = request.Prompt.Id,
        PromptHash = request.Prompt.Hash,
        System = request.Prompt.System,
        User = request.Prompt.User,
        Schema = request.Schema?.Json,
        Tools = request.ToolsJson,
        Earlier = request.Earlier.Count == 0 ? null : request.Earlier,
        Seed = request.Seed,
        Temperature = request.Temperature,
        MaxReplyTokens = request.MaxReplyTokens,
        Outcome = reply.Outcome,
        Text = reply.Text,
        Json = reply.Json,
        Calls = reply.Calls.Count == 0 ? null : reply.Calls,
        Problem = reply.Problem,
        Attempts = reply.Attempts,
        Duration = reply.Duration,
    };

    /// <summary>The reply, as it was.</summary>
    public ChatReply ToReply() => new()
    {
        Outcome = Outcome,
        Text = Text,
        Json = Json,
        Calls = Calls ?? [],
        Problem = Problem,
        Model = Model,
        RequestHash = RequestHash,
        Attempts = Attempts,
        Duration = Duration,
    };
}
