using InverseScope.Agent.Chat;

namespace InverseScope.Agent.Tests;

/// <summary>A chat whose questions are kept.</summary>
internal sealed class ListeningChat(IChat inner, List<ChatRequest> requests) : IChat
{
    public ChatModel Model => inner.Model;

    public Task<ChatReply> AskAsync(ChatRequest request, CancellationToken cancel)
    {
        requests.Add(request);
        return inner.AskAsync(request, cancel);
    }
}
