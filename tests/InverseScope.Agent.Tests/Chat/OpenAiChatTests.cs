using System.Text.Json.Nodes;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Prompts;
using InverseScope.Agent.Transcripts;
using InverseScope.Core;

namespace InverseScope.Agent.Tests.Chat;

public sealed class OpenAiChatTests : IAsyncLifetime
{
    private const string Key = "sk-very-secret-1234567890";

    private static readonly ReplySchema Schema = ReplySchema.Parse("""{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}""");

    private readonly FastClock _clock = new();
    private FakeOllama _server = null!;

    private ChatOptions Options => new() { Provider = ChatProvider.OpenAi, Model = FakeOllama.Model, Address = new Uri(_server.Address, "v1") };

    public async ValueTask InitializeAsync()
    {
        _server = await FakeOllama.StartAsync();
        _server.Reply = r => r.Messages[0].Text.Contains("\"ready\"", StringComparison.Ordinal) ? """{"word":"ready","letters":5}""" : """{"a":1}""";
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_question_goes_out_with_its_schema_and_the_key_of_the_environment()
    {
        using var opening = await OpenAsync(Key);
        var reply = await AskAsync(opening.Chat!);
        Assert.Equal((ChatOutcome.Answered, "1"), (reply.Outcome, reply.Json?.GetProperty("a").GetRawText()));
        Assert.True(reply.PromptTokens > 0);
        Assert.Equal(($"openai:tiny:latest at {_server.Address}v1", (string?)null), (reply.Model.Identity, reply.Model.Digest));
        var sent = _server.Chats[^1];
        Assert.Equal("Bearer " + Key, sent.Authorization);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Schema.Json), sent.Body["response_format"]!["json_schema"]!["schema"]));
        Assert.Equal("json_schema", sent.Body["response_format"]!["type"]!.GetValue<string>());
        Assert.Equal(("1024", "3"), (sent.Body["max_tokens"]!.ToJsonString(), sent.Body["seed"]!.ToJsonString()));
    }

    [Fact]
    public async Task Without_a_key_none_is_sent()
    {
        using var opening = await OpenAsync(null);
        await AskAsync(opening.Chat!);
        Assert.All(_server.Requests, r => Assert.Equal("", r.Authorization));
    }

    [Fact]
    public async Task A_service_that_repeats_the_key_in_its_errors_is_not_quoted_with_it()
    {
        using var opening = await OpenAsync(Key);
        _server.Then((context, _) =>
        {
            context.Response.StatusCode = 401;
            return context.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"{{\"error\":{{\"message\":\"Incorrect API key provided: {Key}\"}}}}")).AsTask();
        });
        var reply = await AskAsync(opening.Chat!);
        Assert.Equal(ChatOutcome.Rejected, reply.Outcome);
        Assert.Contains("Incorrect API key provided: ***", reply.Problem);
        Assert.DoesNotContain("secret", TranscriptFile.Write(TranscriptEntry.Of(Request(), reply, default)));
        Assert.DoesNotContain("secret", Options.ToString());
    }

    [Theory]
    [InlineData("""{"error":"Incorrect key KEY"}""")]
    [InlineData("""{"error":{"message":"Incorrect key KEY"}}""")]
    [InlineData("Incorrect key KEY")]
    [InlineData("""{"answer":"Incorrect key KEY"}""")]
    [InlineData("""{"choices":[{"message":{"content":"Incorrect key KEY"}}]}""")]
    [InlineData("""{"choices":[{"message":{"content":"","refusal":"Incorrect key KEY"}}]}""")]
    public async Task A_success_that_holds_the_key_is_not_quoted_with_it(string body)
    {
        var options = Options;
        foreach (var (key, written) in new[] { (Key, Key), ("sk-a/b+cret", "sk-a\\/b\\u002Bcret") })
        {
            using var opening = await OpenAsync(key, options);
            _server.Answer = (context, _) => FakeOllama.SendAsync(context, body.Replace("KEY", written, StringComparison.Ordinal));
            var entry = TranscriptFile.Write(TranscriptEntry.Of(Request(), await AskAsync(opening.Chat!), default));
            Assert.Contains("Incorrect key ***", entry);
            Assert.DoesNotContain("cret", entry);
            _server.Answer = null;
        }
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]}""", ChatOutcome.Refused)]
    [InlineData("""{"choices":[{"message":{"content":""},"finish_reason":"content_filter"}]}""", ChatOutcome.Refused)]
    [InlineData("""{"choices":[{"message":{"content":"{\"a\""},"finish_reason":"length"}]}""", ChatOutcome.Truncated)]
    [InlineData("""{"choices":[]}""", ChatOutcome.Failed)]
    [InlineData("""{"error":{"message":"engine died"}}""", ChatOutcome.Failed)]
    [InlineData("""{"choices":[{"message":{"content":"{\"a""", ChatOutcome.Failed)]
    [InlineData("""[]""", ChatOutcome.Failed)]
    public async Task Its_outcomes_are_told_apart(string body, ChatOutcome outcome)
    {
        using var opening = await OpenAsync(null);
        _server.ThenSend(body, 3);
        Assert.Equal(outcome, (await AskAsync(opening.Chat!)).Outcome);
    }

    [Theory]
    [InlineData(503, ChatOutcome.Unavailable)]
    [InlineData(500, ChatOutcome.Unavailable)]
    [InlineData(404, ChatOutcome.Rejected)]
    public async Task Its_failures_are_handled_as_those_of_ollama(int status, ChatOutcome outcome)
    {
        using var opening = await OpenAsync(null);
        _server.ThenFail(status, "no", 6);
        Assert.Equal(outcome, (await AskAsync(opening.Chat!)).Outcome);
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        using var opening = await OpenAsync(Key);
        var before = _server.Requests.Count;
        _server.Then((context, _) =>
        {
            context.Response.Redirect("/v1/elsewhere");
            return Task.CompletedTask;
        });
        Assert.Equal(ChatOutcome.Rejected, (await AskAsync(opening.Chat!)).Outcome);
        Assert.Equal(before + 1, _server.Requests.Count);
    }

    [Fact]
    public async Task A_key_is_sent_to_no_other_machine_without_encryption()
    {
        var options = Options with { Address = new Uri("http://models.example/v1") };
        var error = await Assert.ThrowsAsync<BadInputException>(() => ChatOpening.OpenAsync(options, _ => Key, _clock, CancellationToken.None));
        Assert.Contains("OPENAI_API_KEY is not sent to http://models.example/v1 without encryption", error.Message);
        Assert.DoesNotContain(Key, error.ToString());
    }

    [Fact]
    public async Task A_key_that_is_none_is_told_without_showing_it()
    {
        var error = await Assert.ThrowsAsync<BadInputException>(() => ChatOpening.OpenAsync(Options, _ => "sk-secret\nkey", _clock, CancellationToken.None));
        Assert.Contains("OPENAI_API_KEY holds characters", error.Message);
        Assert.DoesNotContain("secret", error.ToString());
    }

    [Fact]
    public async Task A_model_that_is_not_listed_is_doubtful_and_a_service_that_is_not_there_is_bad()
    {
        using (var opening = await OpenAsync(null, Options with { Model = "tiny:latst" }))
        {
            var finding = Assert.Single(opening.Report.Findings, f => f.State == PreflightState.Doubtful);
            Assert.Contains("Did you mean 'tiny:latest'?", finding.What);
            Assert.NotNull(opening.Chat);
        }

        await _server.StopAsync();
        using var gone = await OpenAsync(null);
        Assert.Null(gone.Chat);
        Assert.Contains("cannot be reached", Assert.Single(gone.Report.Findings).What);
    }

    [Fact]
    public async Task A_service_that_lists_nothing_for_long_is_given_up_and_one_whose_model_is_silent_is_asked_once()
    {
        _server.SilentButForChat = _clock.PassDeadlines;
        using (var silent = await OpenAsync(null))
            Assert.Contains("said nothing for 20 seconds", Assert.Single(silent.Report.Findings).What);
        Assert.Empty(_server.Chats);

        _server.SilentButForChat = null;
        _server.ThenFallSilent(_clock.PassDeadlines);
        using var opening = await OpenAsync(null);
        Assert.Contains("No reply within 600 seconds", opening.Report.Findings[^1].What);
        Assert.Null(opening.Chat);
        Assert.Single(_server.Chats);
    }

    [Fact]
    public async Task A_model_is_told_from_its_namesakes_by_its_address_and_its_labels_by_settings_that_are_not_the_default()
    {
        using (var plain = await OpenAsync(null, Options with { Address = new Uri(_server.Address, "v1/?key=secret") }))
            Assert.DoesNotContain("secret", plain.Report.ToString() + plain.Chat?.Model);
        using var opening = await OpenAsync(null, Options with { Address = new Uri(_server.Address, "v1/"), Think = true, ContextTokens = 4096 });
        var model = opening.Chat!.Model;
        Assert.Equal(($"openai:tiny:latest at {_server.Address}v1", "context 4096"), (model.Identity, model.Settings));
        var entry = TranscriptEntry.Of(Request(), await AskAsync(opening.Chat), default);
        Assert.Equal(model, TranscriptFile.Parse(TranscriptFile.Write(entry)).Model);
        Assert.Equal(new ChatModel("openai", "m", null), TranscriptFile.Parse(OldEntry).Model);
    }

    private const string OldEntry = """
        {"at":"2026-01-01T00:00:00+00:00","requestHash":"h","model":{"provider":"openai","name":"m","identity":"openai:m"},"purpose":"p","step":0,"promptId":"p","promptHash":"h","system":"","user":"u","seed":0,"temperature":0,"maxReplyTokens":1,"outcome":"Refused","text":"","attempts":[],"duration":"00:00:00"}
        """;

    private async Task<ChatOpening> OpenAsync(string? key, ChatOptions? options = null) => await ChatOpening.OpenAsync(
        options ?? Options, name => name == "OPENAI_API_KEY" ? key : null, _clock, CancellationToken.None);

    private static Task<ChatReply> AskAsync(IChat chat) => chat.AskAsync(Request(), CancellationToken.None);

    private static ChatRequest Request() => new() { Purpose = "test", Prompt = new RenderedPrompt("p", "h", "", "Hello"), Schema = Schema, Seed = 3 };
}
