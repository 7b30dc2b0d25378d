using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InverseScope.Agent.Chat.OpenAi;

/// <summary>The protocol of OpenAI's chat completions, as many servers speak it.</summary>
internal sealed class OpenAiTransport : IChatTransport
{
    private readonly ChatOptions _options;
    private readonly TimeProvider _clock;
    private readonly HttpClient _client;
    private readonly ChatHttp _http;

    /// <param name="key">Null: none is sent.</param>
    public OpenAiTransport(ChatOptions options, ApiKey? key, TimeProvider clock)
    {
        (_options, _clock) = (options, clock);
        _http = new ChatHttp(options.LargestReply, clock, key?.Value);
        _client = new HttpClient(ChatHttp.Handler(options.Endpoint)) { Timeout = Timeout.InfiniteTimeSpan };
        if (key is not null)
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key.Value);
    }

    public async Task<RawReply> SendAsync(ChatExchange exchange, CancellationToken cancel)
    {
        var started = _clock.GetTimestamp();
        var body = new JsonObject
        {
            ["model"] = _options.Model,
            ["messages"] = MessagesOf(exchange.Turns),
            ["temperature"] = exchange.Request.Temperature,
            ["seed"] = exchange.Seed,
            ["max_tokens"] = exchange.MaxReplyTokens,
            ["stream"] = false,
        };
        if ((exchange.Request.Format ?? exchange.Request.Schema) is { } schema)
        {
            body["response_format"] = new JsonObject
            {
                ["type"] = "json_schema",
                ["json_schema"] = new JsonObject { ["name"] = "reply", ["schema"] = JsonNode.Parse(schema.Json) },
            };
        }

        if (exchange.Request.Tools.Count > 0)
        {
            body["tools"] = new JsonArray([.. exchange.Request.Tools.Select(t => new JsonObject
            {
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = t.Name, ["description"] = t.Description, ["parameters"] = JsonNode.Parse(t.Arguments.Json) },
            })]);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, At("chat/completions"))
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        var answer = await AskAsync(request, cancel);
        return Read(answer, _clock.GetElapsedTime(started));
    }

    /// <summary>Ids of the models that the service lists.</summary>
    /// <exception cref="ChatFaultException">It lists none.</exception>
    public async Task<IReadOnlyList<string>> ListModelsAsync(CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, At("models"));
        var answer = await AskAsync(request, cancel);
        try
        {
            return [.. answer.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString() ?? "")];
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException)
        {
            throw new ChatFaultException(FaultKind.Garbled, $"{request.RequestUri} does not answer with a list of models.", inner: e);
        }
    }

    // The protocol has no such request.
    public Task UnloadAsync(CancellationToken cancel) => Task.CompletedTask;

    public void Dispose() => _client.Dispose();

    private async Task<JsonElement> AskAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        var body = await _http.SendAsync(
            request, (message, token) => _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, token), cancel);
        try
        {
            using var json = JsonDocument.Parse(body);
            return ChatHttp.Error(json.RootElement) is { } error
                ? throw new ChatFaultException(FaultKind.Garbled, $"{request.RequestUri} answered with an error: {ChatHttp.Shown(error)}")
                : json.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new ChatFaultException(
                FaultKind.Garbled, $"{request.RequestUri} answered with something that is no whole reply: {ChatHttp.Shown(Encoding.UTF8.GetString(body))}", inner: e);
        }
    }

    private RawReply Read(JsonElement answer, TimeSpan took)
    {
        try
        {
            var choice = answer.GetProperty("choices")[0];
            var message = choice.GetProperty("message");
            var finish = TextOf(choice, "finish_reason");
            var usage = answer.TryGetProperty("usage", out var given) ? given : default;
            return new RawReply(
                TextOf(message, "content") ?? "",
                TextOf(message, "refusal") ?? (finish == "content_filter" ? "its filter of contents stopped the reply" : null),
                finish == "length", Count(usage, "prompt_tokens"), Count(usage, "completion_tokens"), took)
            {
                Calls = message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array
                    ? [.. calls.EnumerateArray().Select(c => c.GetProperty("function")).Select(f => new ChatCall(TextOf(f, "name") ?? "", ArgumentsOf(f)))]
                    : [],
            };
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw new ChatFaultException(FaultKind.Garbled, $"{At("chat/completions")} answered without a reply: {ChatHttp.Shown(answer.GetRawText())}", inner: e);
        }
    }

    private static JsonArray MessagesOf(IReadOnlyList<ChatTurn> turns)
    {
        var messages = new JsonArray();
        var (calls, results) = (0, 0);
        foreach (var turn in turns)
        {
            var message = new JsonObject { ["role"] = RoleOf(turn.Role), ["content"] = turn.Text };
            if (turn.Role == ChatRole.Tool)
                message["tool_call_id"] = CallId(results++);
            if (turn.Calls.Count > 0)
            {
                message["tool_calls"] = new JsonArray([.. turn.Calls.Select(c => new JsonObject
                {
                    ["id"] = CallId(calls++),
                    ["type"] = "function",
                    ["function"] = new JsonObject { ["name"] = c.Name, ["arguments"] = c.Arguments },
                })]);
            }

            messages.Add(message);
        }

        return messages;
    }

    private static string CallId(int number) => string.Create(CultureInfo.InvariantCulture, $"call_{number}");

    private static string? TextOf(JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    // Some servers send them as an object, not as a text that holds one.
    private static string ArgumentsOf(JsonElement function) =>
        function.TryGetProperty("arguments", out var given) && given.ValueKind is not (JsonValueKind.String or JsonValueKind.Null)
            ? given.GetRawText()
            : TextOf(function, "arguments") ?? "{}";

    private static long Count(JsonElement usage, string key) =>
        usage.ValueKind == JsonValueKind.Object && usage.TryGetProperty(key, out var count) && count.TryGetInt64(out var tokens) ? tokens : 0;

    private Uri At(string path) => new($"{_options.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}");

    private static string RoleOf(ChatRole role) => role switch
    {
        ChatRole.System => "system",
        ChatRole.User => "user",
        ChatRole.Tool => "tool",
        _ => "assistant",
    };
}
