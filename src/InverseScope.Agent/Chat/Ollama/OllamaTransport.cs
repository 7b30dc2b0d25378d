using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using OllamaSharp;
using OllamaSharp.Models.Chat;
using FunctionCallContent = Microsoft.SemanticKernel.FunctionCallContent;
using FunctionResultContent = Microsoft.SemanticKernel.FunctionResultContent;

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
        var functions = exchange.Request.Tools.Select(FunctionOf).ToList();
        IReadOnlyList<ChatMessageContent> contents;
        try
        {
            contents = await _chat.GetChatMessageContentsAsync(
                HistoryOf(exchange.Turns),
                new PromptExecutionSettings
                {
                    ModelId = _options.Model,
                    ExtensionData = settings,
                    // Functions are offered and never invoked here: whoever asked counts every step.
                    FunctionChoiceBehavior = functions.Count == 0 ? null : FunctionChoiceBehavior.Auto(functions, autoInvoke: false),
                },
                functions.Count == 0 ? null : new Kernel(), cancel);
        }
        catch (JsonException e)
        {
            throw new ChatFaultException(FaultKind.Garbled, $"{_options.Endpoint} answered with a reply of another form than Ollama's: {e.Message}", inner: e);
        }

        // OllamaWire lets nothing pass that is not done.
        var done = (ChatDoneResponseStream)contents[0].InnerContent!;
        return new RawReply(
            contents[0].Content ?? "", null, done.DoneReason == "length", done.PromptEvalCount, done.EvalCount,
            TimeSpan.FromMicroseconds(done.TotalDuration / 1000.0))
        {
            // Semantic Kernel would read the name of a plugin into that of a function.
            Calls = [.. (done.Message.ToolCalls ?? []).OfType<Message.ToolCall>().Select(c => new ChatCall(c.Function?.Name ?? "", ArgumentsOf(c.Function?.Arguments)))],
        };
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

    private static ChatHistory HistoryOf(IReadOnlyList<ChatTurn> turns)
    {
        var history = new ChatHistory();
        var (calls, open) = (0, new Queue<FunctionCallContent>());
        foreach (var turn in turns)
        {
            switch (turn.Role)
            {
                case ChatRole.Tool:
                    history.Add(new FunctionResultContent(open.Dequeue(), turn.Text).ToChatMessage());
                    break;
                case ChatRole.Assistant when turn.Calls.Count > 0:
                    var message = new ChatMessageContent(AuthorRole.Assistant, turn.Text.Length == 0 ? null : turn.Text);
                    foreach (var call in turn.Calls)
                    {
                        var content = new FunctionCallContent(
                            call.Name, null, string.Create(CultureInfo.InvariantCulture, $"call_{calls++}"),
                            new KernelArguments { [OllamaWire.ArgumentsText] = call.Arguments });
                        message.Items.Add(content);
                        open.Enqueue(content);
                    }

                    history.Add(message);
                    break;
                default:
                    history.AddMessage(RoleOf(turn.Role), turn.Text);
                    break;
            }
        }

        return history;
    }

    private static KernelFunction FunctionOf(ChatTool tool)
    {
        var schema = tool.Arguments.Element;
        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(n => n.GetString()).ToHashSet() : [];
        return KernelFunctionFactory.CreateFromMethod(
            string () => throw new InvalidOperationException($"{tool.Name} is only offered."),
            tool.Name, tool.Description,
            schema.GetProperty("properties").EnumerateObject().Select(p => new KernelParameterMetadata(p.Name)
            {
                Description = p.Value.TryGetProperty("description", out var told) ? told.GetString()! : "",
                IsRequired = required.Contains(p.Name),
                Schema = KernelJsonSchema.Parse(p.Value.GetRawText()),
            }));
    }

    private static string ArgumentsOf(IDictionary<string, object?>? arguments) =>
        arguments is not null && arguments.TryGetValue(OllamaWire.ArgumentsText, out var given) && given is JsonElement text ? text.GetString()! : "{}";

    private static AuthorRole RoleOf(ChatRole role) => role switch
    {
        ChatRole.System => AuthorRole.System,
        ChatRole.User => AuthorRole.User,
        _ => AuthorRole.Assistant,
    };
}
