using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Testing;

/// <summary>
/// A server on this machine that speaks Ollama's protocol, and OpenAI's under <c>/v1</c>, with one model. It answers as its
/// script says, and as <see cref="Reply"/> when the script is at its end.
/// </summary>
public sealed class FakeOllama : IAsyncDisposable
{
    public const string Model = "tiny:latest";

    private readonly ConcurrentQueue<FakeOllamaRequest> _requests = new();
    private readonly ConcurrentQueue<Func<HttpContext, FakeOllamaRequest, Task>> _script = new();
    private WebApplication? _app;
    private int _port;
    private int _busy;
    private int _mostBusy;

    /// <summary>Stays the same when it is stopped and started.</summary>
    public Uri Address => new($"http://127.0.0.1:{_port}");

    public string Digest { get; set; } = "sha256:1234";

    /// <summary>Of the model, in bytes.</summary>
    public long Size { get; set; } = 1000;

    /// <summary>Whether the model is in memory already.</summary>
    public bool IsLoaded { get; set; }

    public string Version { get; set; } = "0.12.6";

    public int ContextLength { get; set; } = 32768;

    public IReadOnlyList<string> Capabilities { get; set; } = ["completion", "tools", "thinking"];

    /// <summary>Answers requests for chat; null: the model says <see cref="Reply"/>.</summary>
    public Func<HttpContext, FakeOllamaRequest, Task>? Answer { get; set; }

    /// <summary>What the model says to the messages of a request.</summary>
    public Func<FakeOllamaRequest, string> Reply { get; set; } = _ => "{}";

    /// <summary>Embedding of a text.</summary>
    public Func<string, float[]> Embed { get; set; } = _ => [1, 0];

    /// <summary>Answers requests to unload the model; null: it does.</summary>
    public Func<HttpContext, Task>? Unload { get; set; }

    /// <summary>Whether the model can be asked for embeddings; if not, it is not found.</summary>
    public bool HasEmbeddings { get; set; } = true;

    /// <summary>If set, whoever asks for anything but chat is told nothing until it gives up; called when such a request is there.</summary>
    public Action? SilentButForChat { get; set; }

    /// <summary>All that was asked so far, in order.</summary>
    public IReadOnlyList<FakeOllamaRequest> Requests => [.. _requests];

    /// <summary>Those that were chat.</summary>
    public IReadOnlyList<FakeOllamaRequest> Chats => [.. _requests.Where(r => r.IsChat)];

    /// <summary>The most requests for chat that it had at the same time.</summary>
    public int MostAtOnce => _mostBusy;

    public static async Task<FakeOllama> StartAsync()
    {
        var server = new FakeOllama();
        await server.ResumeAsync();
        return server;
    }

    /// <summary>The next request for chat is answered so.</summary>
    public FakeOllama Then(Func<HttpContext, FakeOllamaRequest, Task> answer, int times = 1)
    {
        for (var i = 0; i < times; i++)
            _script.Enqueue(answer);
        return this;
    }

    /// <summary>The model says this.</summary>
    public FakeOllama ThenSay(string text, string reason = "stop", int? promptTokens = null, int times = 1) =>
        Then((context, request) => SayAsync(context, request, text, reason, promptTokens), times);

    /// <summary>The model asks for these functions.</summary>
    /// <param name="calls">Names with arguments, of which Ollama gives only objects.</param>
    public FakeOllama ThenCall(params IReadOnlyList<(string Name, JsonNode? Arguments)> calls) => Then((context, request) =>
        CallAsync(context, request, calls));

    /// <summary>The service fails, as Ollama puts it.</summary>
    public FakeOllama ThenFail(int status, string error, int times = 1) => Then((context, _) => FailAsync(context, status, error), times);

    /// <summary>Whatever is sent as the body of a success.</summary>
    public FakeOllama ThenSend(string body, int times = 1) => Then((context, _) => SendAsync(context, body), times);

    /// <summary>A connection that is reset before a byte is sent.</summary>
    public FakeOllama ThenReset(int times = 1) => Then(
        (context, _) =>
        {
            context.Abort();
            return Task.CompletedTask;
        },
        times);

    /// <summary>Half an answer, and then the end of the connection.</summary>
    public FakeOllama ThenBreakOff() => Then((context, request) => BreakOffAsync(context, request, Reply(request)));

    /// <summary>Sends nothing until whoever asked gives up.</summary>
    /// <param name="arrived">Called when the request is there.</param>
    public FakeOllama ThenFallSilent(Action arrived) => Then((context, _) => FallSilentAsync(context, arrived));

    /// <summary>Sends without end.</summary>
    public FakeOllama ThenSendWithoutEnd() => Then(async (context, _) =>
    {
        var block = Encoding.UTF8.GetBytes(new string(' ', 1 << 16));
        while (!context.RequestAborted.IsCancellationRequested)
            await context.Response.Body.WriteAsync(block);
    });

    public static Task SendAsync(HttpContext context, string body)
    {
        context.Response.ContentType = "application/x-ndjson";
        return context.Response.WriteAsync(body);
    }

    /// <summary>Half of what the model says, and then the end of the connection.</summary>
    public static async Task BreakOffAsync(HttpContext context, FakeOllamaRequest request, string text)
    {
        var body = Encoding.UTF8.GetBytes(Whole(request, text, "stop", null).ToJsonString());
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body.AsMemory(0, body.Length / 2));
    }

    public static Task FailAsync(HttpContext context, int status, string error)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { error });
    }

    /// <summary>From now on nobody listens at the address.</summary>
    public async Task StopAsync()
    {
        await _app!.DisposeAsync();
        _app = null;
    }

    /// <summary>Listens at the address again.</summary>
    public async Task ResumeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _port));
        _app = builder.Build();
        _app.Run(AnswerAsync);
        await _app.StartAsync();
        _port = new Uri(_app.Urls.Single()).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
    }

    /// <summary>Tokens of a request and its reply, as the server counts them.</summary>
    public static long TokensOf(FakeOllamaRequest request, string text) => PromptTokensOf(request) + ReplyTokensOf(text);

    /// <summary>The model says this, in the protocol of the request.</summary>
    public static Task SayAsync(HttpContext context, FakeOllamaRequest request, string text, string reason = "stop", int? promptTokens = null)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(Whole(request, text, reason, promptTokens).ToJsonString());
    }

    /// <summary>The model asks for these functions, in the protocol of the request.</summary>
    public static Task CallAsync(HttpContext context, FakeOllamaRequest request, IReadOnlyList<(string Name, JsonNode? Arguments)> calls)
    {
        var isOllama = request.Path == "/api/chat";
        var whole = Whole(request, "", isOllama ? "stop" : "tool_calls", null);
        var message = isOllama ? whole["message"]! : whole["choices"]![0]!["message"]!;
        message["tool_calls"] = new JsonArray([.. calls.Select((c, i) => new JsonObject
        {
            ["id"] = $"id{i}",
            ["function"] = new JsonObject
            {
                ["name"] = c.Name,
                ["arguments"] = isOllama || c.Arguments is JsonValue ? c.Arguments?.DeepClone() : c.Arguments?.ToJsonString(),
            },
        })]);
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(whole.ToJsonString());
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var text = await reader.ReadToEndAsync();
        var request = new FakeOllamaRequest(
            context.Request.Path.Value!, text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject(), context.Request.Headers.Authorization.ToString());
        _requests.Enqueue(request);
        if (request.IsChat)
        {
            await ChatAsync(context, request);
            return;
        }

        if (SilentButForChat is { } arrived)
        {
            await FallSilentAsync(context, arrived);
            return;
        }

        if (request.Path == "/api/generate" && Unload is { } unload)
        {
            await unload(context);
            return;
        }

        JsonNode? answer = request.Path switch
        {
            "/api/version" => new JsonObject { ["version"] = Version },
            "/api/tags" => new JsonObject { ["models"] = new JsonArray(new JsonObject { ["name"] = Model, ["model"] = Model, ["digest"] = Digest, ["size"] = Size }) },
            "/api/ps" => new JsonObject { ["models"] = IsLoaded ? new JsonArray(new JsonObject { ["name"] = Model, ["model"] = Model, ["digest"] = Digest, ["size"] = Size }) : [] },
            "/api/show" when request.Body["model"]!.GetValue<string>() is Model or "tiny" => new JsonObject
            {
                ["capabilities"] = new JsonArray([.. Capabilities.Select(c => JsonValue.Create(c))]),
                ["details"] = new JsonObject(),
                ["model_info"] = new JsonObject { ["general.architecture"] = "llama", ["llama.context_length"] = ContextLength },
            },
            "/api/generate" => new JsonObject { ["model"] = Model, ["response"] = "", ["done"] = true, ["done_reason"] = "unload" },
            "/api/embed" when HasEmbeddings => new JsonObject
            {
                ["model"] = Model,
                ["embeddings"] = new JsonArray([.. request.Body["input"]!.AsArray().Select(
                    t => new JsonArray([.. Embed(t!.GetValue<string>()).Select(x => JsonValue.Create(x))]))]),
            },
            "/v1/models" => new JsonObject { ["data"] = new JsonArray(new JsonObject { ["id"] = Model }) },
            _ => null,
        };
        await (answer is null
            ? FailAsync(context, StatusCodes.Status404NotFound, "not found")
            : context.Response.WriteAsync(answer.ToJsonString()));
    }

    private async Task ChatAsync(HttpContext context, FakeOllamaRequest request)
    {
        var busy = Interlocked.Increment(ref _busy);
        InterlockedMax(ref _mostBusy, busy);
        try
        {
            if (_script.TryDequeue(out var scripted))
                await scripted(context, request);
            else if (Answer is { } answer)
                await answer(context, request);
            else
                await SayAsync(context, request, Reply(request));
        }
        finally
        {
            Interlocked.Decrement(ref _busy);
        }
    }

    /// <summary>Sends nothing until whoever asked gives up.</summary>
    /// <param name="arrived">Called when the request is there.</param>
    public static async Task FallSilentAsync(HttpContext context, Action arrived)
    {
        var gone = new TaskCompletionSource();
        context.RequestAborted.Register(gone.SetResult);
        arrived();
        await gone.Task;
    }

    private static JsonObject Whole(FakeOllamaRequest request, string text, string reason, int? promptTokens)
    {
        var read = promptTokens ?? PromptTokensOf(request);
        return request.Path == "/api/chat"
            ? new JsonObject
            {
                ["model"] = Model,
                ["created_at"] = "2026-01-01T00:00:00Z",
                ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text },
                ["done"] = true,
                ["done_reason"] = reason,
                ["total_duration"] = 2_000_000,
                ["load_duration"] = 1,
                ["prompt_eval_count"] = read,
                ["prompt_eval_duration"] = 1,
                ["eval_count"] = ReplyTokensOf(text),
                ["eval_duration"] = 1,
            }
            : new JsonObject
            {
                ["choices"] = new JsonArray(new JsonObject
                {
                    ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text },
                    ["finish_reason"] = reason,
                }),
                ["usage"] = new JsonObject { ["prompt_tokens"] = read, ["completion_tokens"] = ReplyTokensOf(text) },
            };
    }

    private static int PromptTokensOf(FakeOllamaRequest request) => request.Messages.Sum(m => m.Text.Length) / 3;

    private static int ReplyTokensOf(string text) => text.Length / 4;

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); seen < value;)
        {
            var before = Interlocked.CompareExchange(ref most, value, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }
}

/// <summary>What a <see cref="FakeOllama"/> was asked.</summary>
/// <param name="Body">Empty if there was none.</param>
/// <param name="Authorization">Empty if there was none.</param>
public sealed record FakeOllamaRequest(string Path, JsonObject Body, string Authorization)
{
    public bool IsChat => Path is "/api/chat" or "/v1/chat/completions";

    public IReadOnlyList<(string Role, string Text)> Messages =>
        [.. Body["messages"]!.AsArray().Select(m => (m!["role"]!.GetValue<string>(), m["content"]!.GetValue<string>()))];

    /// <summary>The first key that the reply must have, by the JSON Schema below the prompt; empty if any text will do.</summary>
    public string Wanted
    {
        get
        {
            const string before = "The JSON Schema of the reply:\n";
            var prompt = Messages.First(m => m.Role == "user").Text;
            var at = prompt.IndexOf(before, StringComparison.Ordinal);
            return at < 0 ? "" : JsonNode.Parse(prompt[(at + before.Length)..])!["required"]![0]!.GetValue<string>();
        }
    }

    /// <summary>An option of Ollama's, as JSON; empty if it was not sent.</summary>
    public string Option(string name) => Body["options"]?[name]?.ToJsonString() ?? "";
}
