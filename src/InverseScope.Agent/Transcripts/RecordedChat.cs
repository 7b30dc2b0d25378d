using InverseScope.Agent.Chat;

namespace InverseScope.Agent.Transcripts;

/// <summary>A chat whose every question is kept. A question that is cancelled has no outcome, and is not.</summary>
public sealed class RecordedChat(IChat inner, ITranscript transcript, TimeProvider clock) : IChat
{
    public ChatModel Model => inner.Model;

    public async Task<ChatReply> AskAsync(ChatRequest request, CancellationToken cancel)
    {
        var reply = await inner.AskAsync(request, cancel);
        transcript.Add(TranscriptEntry.Of(request, reply, clock.GetUtcNow()));
        return reply;
    }
}
