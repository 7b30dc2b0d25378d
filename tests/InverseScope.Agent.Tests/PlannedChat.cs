using System.Text.Json;
using InverseScope.Agent.Chat;

namespace InverseScope.Agent.Tests;

/// <summary>Answers questions one after the other with every outcome there is.</summary>
internal sealed class PlannedChat(ChatModel model) : IChat
{
    public ChatModel Model => model;

    public int Asked { get; private set; }

    /// <summary>Of each answer.</summary>
    public int PromptTokens { get; init; } = 10;

    public Task<ChatReply> AskAsync(ChatRequest request, CancellationToken cancel)
    {
        var outcome = Enum.GetValues<ChatOutcome>()[Asked++ % 4];
        return Task.FromResult(new ChatReply
        {
            Outcome = outcome,
            Text = "{\"a\": 1}",
            Json = outcome == ChatOutcome.Answered ? JsonElement.Parse("{\"a\": 1}") : null,
            Problem = outcome == ChatOutcome.Answered ? null : $"It was {outcome}.",
            Model = model,
            RequestHash = request.HashFor(model),
            Attempts = [new ChatAttempt { Seed = 3, Text = "{\"a\": 1}", PromptTokens = PromptTokens, ReplyTokens = 5, Duration = TimeSpan.FromSeconds(1) }],
            Duration = TimeSpan.FromSeconds(2),
        });
    }
}
