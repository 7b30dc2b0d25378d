using InverseScope.Agent.Chat;

namespace InverseScope.Agent.Transcripts;

/// <summary>
/// Answers from what was asked before a run was broken off, and asks what was not. An outage or a spent budget is no answer: such
/// questions are asked again.
/// </summary>
/// <param name="entries">In the order in which they were kept.</param>
public sealed class ResumedChat(IChat inner, IReadOnlyList<TranscriptEntry> entries) : IChat
{
    private readonly Dictionary<string, TranscriptEntry> _answered = entries
        .Where(e => e.Model == inner.Model && ReplayChat.EndsTheMatter(e)).GroupBy(e => e.RequestHash, StringComparer.Ordinal)
        .ToDictionary(of => of.Key, of => of.Last(), StringComparer.Ordinal);

    public ChatModel Model => inner.Model;

    public Task<ChatReply> AskAsync(ChatRequest request, CancellationToken cancel) => _answered.TryGetValue(request.HashFor(Model), out var entry)
        ? Task.FromResult(entry.ToReply())
        : inner.AskAsync(request, cancel);
}
