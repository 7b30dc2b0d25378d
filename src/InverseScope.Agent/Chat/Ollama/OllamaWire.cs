using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InverseScope.Agent.Chat.Ollama;

/// <summary>
/// Stands between OllamaSharp and the network. Adds to a request what OllamaSharp has no word for; reads the answer to its
/// end; and keeps what Ollama says when it fails, which OllamaSharp drops.
/// </summary>
internal sealed class OllamaWire(ChatHttp http, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>
    /// The key under which the arguments of a call stand as text, both ways: OllamaSharp could read none but an object, and Semantic Kernel takes no two
    /// names that differ in case only.
    /// </summary>
    public const string ArgumentsText = "$arguments";

    private const string ChatPath = "/api/chat";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var isChat = request.RequestUri!.AbsolutePath.EndsWith(ChatPath, StringComparison.Ordinal);
        if (request.Content is not null)
            request.Content = await EditedAsync(request.Content, isChat, cancellationToken);
        var body = await http.SendAsync(request, base.SendAsync, cancellationToken);
        Check(body, request.RequestUri.GetLeftPart(UriPartial.Path), isChat);
        return new HttpResponseMessage
        {
            RequestMessage = request,
            Content = new ByteArrayContent(isChat ? Readable(body) : body) { Headers = { ContentType = new("application/json") } },
        };
    }

    private static async Task<HttpContent> EditedAsync(HttpContent content, bool isChat, CancellationToken cancel)
    {
        var json = JsonNode.Parse(await content.ReadAsStringAsync(cancel))!.AsObject();
        // A property of OllamaSharp's own, which it also sends.
        json.Remove("CustomHeaders");
        // Without it Ollama drops the beginning of a long prompt, and answers as if nothing were amiss.
        if (isChat)
        {
            json["truncate"] = false;
            TellCalls(json);
            // OllamaSharp says what a function does in a second place, under a key that Ollama does not know.
            foreach (var tool in json["tools"]?.AsArray() ?? [])
                tool!["function"]!["parameters"]!.AsObject().Remove("condition");
        }

        return new StringContent(json.ToJsonString(), Encoding.UTF8, "application/json");
    }

    // OllamaSharp wraps a result in JSON of its own and says neither which function it is of.
    private static void TellCalls(JsonObject request)
    {
        var open = new Queue<string>();
        foreach (var message in request["messages"]!.AsArray().Select(m => m!.AsObject()))
        {
            foreach (var function in (message["tool_calls"]?.AsArray() ?? []).Select(c => c!["function"]!))
            {
                function["arguments"] = JsonNode.Parse(function["arguments"]![ArgumentsText]!.GetValue<string>());
                open.Enqueue(function["name"]!.GetValue<string>());
            }

            if (message["role"]!.GetValue<string>() != "tool")
                continue;
            message["tool_name"] = open.Dequeue();
            message["content"] = JsonNode.Parse(message["content"]!.GetValue<string>())!["Result"]!.GetValue<string>();
        }
    }

    /// <exception cref="JsonException">It cannot be read in one way, or not at all.</exception>
    private static byte[] Readable(byte[] body)
    {
        try
        {
            // A key that is twice in an object could be read in two ways.
            var json = JsonNode.Parse(body, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false })!;
            if (json["message"] is not JsonObject message || message["tool_calls"] is not JsonArray calls)
                return body;
            using var sent = JsonDocument.Parse(body);
            foreach (var (call, sentCall) in calls.Zip(sent.RootElement.GetProperty("message").GetProperty("tool_calls").EnumerateArray()))
            {
                if (call is JsonObject && call["function"] is JsonObject function && sentCall.GetProperty("function").TryGetProperty("arguments", out var arguments)
                    && arguments.ValueKind != JsonValueKind.Null)
                {
                    function["arguments"] = new JsonObject { [ArgumentsText] = TextOf(arguments) };
                }
            }

            return Encoding.UTF8.GetBytes(json.ToJsonString());
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("A text holds half of a character.", e);
        }
    }

    private static string TextOf(JsonElement arguments) =>
        arguments.ValueKind == JsonValueKind.String && JsonReply.IsWhole(arguments) ? arguments.GetString()! : arguments.GetRawText();

    /// <exception cref="ChatFaultException">A success that is none.</exception>
    private static void Check(byte[] body, string address, bool isChat)
    {
        try
        {
            // Text, as that of /api/version may be, is not looked into; whoever asked reads it.
            if (!isChat)
                return;
            using var json = JsonDocument.Parse(body);
            if (ChatHttp.Error(json.RootElement) is { } error)
                throw new ChatFaultException(FaultKind.Garbled, $"{address} answered with an error: {ChatHttp.Shown(error)}");
            if (!json.RootElement.TryGetProperty("done", out var done) || done.ValueKind != JsonValueKind.True
                || !json.RootElement.TryGetProperty("message", out var message) || message.ValueKind != JsonValueKind.Object)
            {
                throw new ChatFaultException(FaultKind.Garbled, $"{address} answered with a part of a reply.");
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new ChatFaultException(
                FaultKind.Garbled, $"{address} answered with something that is no whole reply: {ChatHttp.Shown(LastLineError(body))}", inner: e);
        }
    }

    /// <summary>The error among the lines of a stream, else the beginning of the body.</summary>
    private static string LastLineError(byte[] body)
    {
        var text = Encoding.UTF8.GetString(body);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Reverse())
        {
            try
            {
                using var json = JsonDocument.Parse(line);
                if (ChatHttp.Error(json.RootElement) is { } error)
                    return error;
            }
            catch (JsonException)
            {
                // A line that was cut.
            }
        }

        return text;
    }
}
