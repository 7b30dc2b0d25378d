namespace InverseScope.Agent.Chat.Scripted;

/// <summary>Answers from a script at once.</summary>
internal sealed class ScriptedTransport(ChatScript script) : IChatTransport
{
    public Task<RawReply> SendAsync(ChatExchange exchange, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return Task.FromResult(script.Next(exchange));
    }

    public Task UnloadAsync(CancellationToken cancel) => Task.CompletedTask;

    public void Dispose()
    {
    }
}
