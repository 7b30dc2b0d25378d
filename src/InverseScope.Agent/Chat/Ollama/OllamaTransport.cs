using System.Globalization;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using OllamaSharp;
using OllamaSharp.Models.Chat;

namespace InverseScope.Agent.Chat.Ollama;

/// <summary>Ollama's own protocol, through Semantic Kernel over OllamaSharp; replies come whole, not in a stream.</summary>
internal sealed class OllamaTransport : IChatTransport
{
    private readonly ChatOptions _options;
    private readonly HttpClient _http;
    private readonly OllamaApiClient _client;
    private readonly IChatCompletionService _chat;

    public OllamaTransport(ChatOptions options, TimeProvider clock)
    {
        _options = options;
        _http = new HttpClient(new OllamaWire(new ChatHttp(options.LargestReply, clock), ChatHttp.Handler(options.Endpoint)))
        {
            BaseAddress = options.Endpoint,
            // Long replies take their time; ChatResilience ends them.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client = new OllamaApiClient(_http, options.Model);
        _chat = ((IChatClient)_client).AsChatCompletionService();
    }

    /// <summary>What is not chat: listing, describing, embeddings. Fails with <see cref="ChatFaultException"/> too.</summary>
    public OllamaApiClient Client => _client;

    public async Task<RawReply> SendAsync(ChatExchange exchange, CancellationToken cancel)
    {
        var history = new ChatHistory();
        foreach (var turn in exchange.Turns)
            history.AddMessage(RoleOf(turn.Role), turn.Text);
        var settings = new Dictionary<string, object>
        {
            ["num_ctx"] = _options.ContextTokens,
            ["num_predict"] = exchange.MaxReplyTokens,
            ["seed"] = exchange.Seed,
            ["temperature"] = exchange.Request.Temperature,
            ["think"] = _options.Think,
            ["keep_alive"] = string.Create(CultureInfo.InvariantCulture, $"{(long)_options.KeepLoaded.TotalSeconds}s"),
        };
        if ((exchange.Request.Format ?? exchange.Request.Schema) is { } schema)
            settings["response_format"] = schema.Element;
        var contents = await _chat.GetChatMessageContentsAsync(
            history, new PromptExecutionSettings { ModelId = _options.Model, ExtensionData = settings }, null, cancel);
        // OllamaWire lets nothing pass that is not done.
        var done = (ChatDoneResponseStream)contents[0].InnerContent!;
        return new RawReply(
            contents[0].Content ?? "", null, done.DoneReason == "length", done.PromptEvalCount, done.EvalCount,
            TimeSpan.FromMicroseconds(done.TotalDuration / 1000.0));
    }

    public async Task UnloadAsync(CancellationToken cancel)
    {
        var request = new OllamaSharp.Models.GenerateRequest { Model = _options.Model, KeepAlive = "0", Stream = false };
        await foreach (var _ in _client.GenerateAsync(request, cancel))
        {
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _http.Dispose();
    }

    private static AuthorRole RoleOf(ChatRole role) => role switch
    {
        ChatRole.System => AuthorRole.System,
        ChatRole.User => AuthorRole.User,
        _ => AuthorRole.Assistant,
    };
}
