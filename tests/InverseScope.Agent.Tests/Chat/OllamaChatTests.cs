using System.Text.Json.Nodes;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Chat.Ollama;
using InverseScope.Agent.Prompts;

namespace InverseScope.Agent.Tests.Chat;

/// <summary>Over real HTTP, with a server that behaves or not as the test says.</summary>
public sealed class OllamaChatTests : IAsyncLifetime
{
    private static readonly ReplySchema Label = ReplySchema.Parse(
        """{"type":"object","properties":{"label":{"type":"string","enum":["yes","no"]}},"required":["label"],"additionalProperties":false}""");

    private readonly FastClock _clock = new();
    private FakeOllama _server = null!;
    private Conversation _chat = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeOllama.StartAsync();
        _server.Reply = _ => """{"label":"yes"}""";
        _chat = Chat(new ChatOptions());
    }

    public async ValueTask DisposeAsync()
    {
        _chat.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_reply_that_fits_is_the_answer_and_the_request_says_all_that_ollama_would_guess()
    {
        var reply = await AskAsync(Request("Is it?") with { Seed = 7, Step = 2 });

        Assert.Equal((ChatOutcome.Answered, "yes"), (reply.Outcome, reply.Json?.GetProperty("label").GetString()));
        Assert.Equal(("tiny:latest", "sha256:1234"), (reply.Model.Name, reply.Model.Digest));
        Assert.Equal((Assert.Single(reply.Attempts).PromptTokens, TimeSpan.FromMilliseconds(2)), (reply.PromptTokens, reply.ModelTime));
        Assert.True(reply is { PromptTokens: > 0, ReplyTokens: > 0, Problem: null });
        var sent = Assert.Single(_server.Chats);
        Assert.Equal(("8192", "7", "0", "1024"), (sent.Option("num_ctx"), sent.Option("seed"), sent.Option("temperature"), sent.Option("num_predict")));
        Assert.Equal(("false", "false", "false"), (sent.Body["stream"]!.ToJsonString(), sent.Body["think"]!.ToJsonString(), sent.Body["truncate"]!.ToJsonString()));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Label.Json), sent.Body["format"]));
        Assert.Equal(["system", "user"], sent.Messages.Select(m => m.Role));
        Assert.Contains("Is it?", sent.Messages[1].Text);
        Assert.Contains(Label.Json, sent.Messages[1].Text);
        Assert.False(sent.Body.ContainsKey("CustomHeaders"));
    }

    [Fact]
    public async Task Without_a_schema_any_text_is_the_answer()
    {
        _server.ThenSay("It is, {really}.");
        var reply = await AskAsync(Request("Is it?") with { Schema = null });
        Assert.Equal((ChatOutcome.Answered, "It is, {really}.", null), (reply.Outcome, reply.Text, reply.Json));
        Assert.False(_server.Chats[0].Body.ContainsKey("format"));
    }

    [Theory]
    [InlineData("Sure! Here it is: {\"label\": \"no\"} Anything else?")]
    [InlineData("```json\n{\"label\": \"no\"}\n```")]
    [InlineData("<think>perhaps {\"label\": \"yes\"}</think>{\"label\": \"no\"}")]
    [InlineData("The set {a, b} means {\"label\":\"no\"}")]
    [InlineData("{\"label\":\"no\"} and again {\"label\": \"no\"}")]
    [InlineData("[1] {\"label\":\"no\"}")]
    public async Task Prose_around_the_value_does_no_harm(string text)
    {
        _server.ThenSay(text);
        var reply = await AskAsync();
        Assert.Equal((ChatOutcome.Answered, "no"), (reply.Outcome, reply.Json?.GetProperty("label").GetString()));
        Assert.Single(_server.Chats);
    }

    [Theory]
    [InlineData("{\"label\": \"perhaps\"}", "label: must be one of 'yes', 'no'")]
    [InlineData("{\"label\": \"yes\", \"why\": \"so\"}", "the key 'why' does not belong here")]
    [InlineData("{}", "the key 'label' is missing")]
    [InlineData("yes", "there is no JSON value")]
    [InlineData("{\"label\":\"yes\"} or {\"label\":\"no\"}", "different JSON values")]
    [InlineData("{\"label\":\"yes\",\"label\":\"no\"}", "a key is twice in one object")]
    [InlineData("{\"label\":\"yes\\ud83d\"}", "half of a character")]
    [InlineData("{\"label\":\"yes\",\"\\ude00\":1}", "half of a character")]
    [InlineData("{\"label\":\"yes\",\"a\":[{\"b\":\"\\ud83d\"}]}", "half of a character")]
    public async Task A_reply_of_the_wrong_form_is_repaired_once_by_telling_its_errors(string text, string error)
    {
        _server.ThenSay(text);
        var reply = await AskAsync();

        Assert.Equal(ChatOutcome.Answered, reply.Outcome);
        Assert.Equal([false, true], reply.Attempts.Select(a => a.IsRepair));
        Assert.Contains(error, reply.Attempts[0].Problem);
        var messages = _server.Chats[1].Messages;
        Assert.Equal(["system", "user", "assistant", "user"], messages.Select(m => m.Role));
        Assert.Equal(text, messages[2].Text);
        Assert.Contains(error, messages[3].Text);
        Assert.NotEqual(_server.Chats[0].Option("seed"), _server.Chats[1].Option("seed"));
    }

    [Fact]
    public async Task What_is_never_of_the_right_form_is_malformed_after_one_repair_and_one_fresh_reply()
    {
        _server.Reply = _ => "{\"label\": \"perhaps\"}";
        var reply = await AskAsync();
        Assert.Equal((ChatOutcome.Malformed, 3), (reply.Outcome, _server.Chats.Count));
        Assert.Equal([false, true, false], reply.Attempts.Select(a => a.IsRepair));
        Assert.Equal(3, reply.Attempts.Select(a => a.Seed).Distinct().Count());
        Assert.Contains("must be one of 'yes', 'no'", reply.Problem);
    }

    [Theory]
    [InlineData("I'm sorry, but I can't help with that.")]
    [InlineData("I cannot assist with this request.")]
    [InlineData("As an AI language model, I do not label such texts.")]
    [InlineData("Sorry, I won't do that. {x}")]
    public async Task A_refusal_is_none_of_the_other_outcomes_and_is_not_asked_again(string text)
    {
        _server.ThenSay(text);
        var reply = await AskAsync();
        Assert.Equal((ChatOutcome.Refused, text), (reply.Outcome, reply.Text));
        Assert.Single(_server.Chats);
    }

    [Fact]
    public async Task A_reply_that_was_cut_is_asked_for_with_more_room_and_in_the_end_is_truncated()
    {
        _server.ThenSay("{\"label\": \"y", "length", times: 3);
        var reply = await AskAsync();
        Assert.Equal(ChatOutcome.Truncated, reply.Outcome);
        Assert.Equal(["1024", "2048", "4096"], _server.Chats.Select(c => c.Option("num_predict")));
        Assert.Equal(3, _server.Chats.Select(c => c.Option("seed")).Distinct().Count());
    }

    [Fact]
    public async Task A_server_that_is_busy_is_waited_for_longer_each_time()
    {
        _server.ThenFail(503, "server busy, please try again.  maximum pending requests exceeded", 3);
        var reply = await AskAsync();
        Assert.Equal((ChatOutcome.Answered, 4), (reply.Outcome, reply.Attempts.Count));
        Assert.All(reply.Attempts.Take(3), a => Assert.Contains("maximum pending requests exceeded", a.Problem));
        Assert.Equal(3, _clock.Waits.Count);
        Assert.True(_clock.Waits.Sum(w => w.TotalSeconds) > 2);
    }

    [Fact]
    public async Task A_server_that_says_how_long_to_wait_is_believed()
    {
        _server.Then((context, _) =>
        {
            context.Response.Headers.RetryAfter = "17";
            return FakeOllama.FailAsync(context, 429, "slow down");
        });
        Assert.Equal(ChatOutcome.Answered, (await AskAsync()).Outcome);
        Assert.Equal([TimeSpan.FromSeconds(17)], _clock.Waits);
    }

    [Fact]
    public async Task A_server_that_goes_on_being_busy_is_left_alone_for_a_while_and_then_tried()
    {
        _server.ThenFail(503, "server busy", 6);
        var reply = await AskAsync();
        Assert.Equal((ChatOutcome.Unavailable, 6), (reply.Outcome, reply.Attempts.Count));

        reply = await AskAsync();
        Assert.Equal((ChatOutcome.Unavailable, 0), (reply.Outcome, reply.Attempts.Count));
        Assert.Contains("Nothing is sent for now", reply.Problem);
        Assert.True(reply.RetryAfter > TimeSpan.Zero);
        Assert.Equal(6, _server.Chats.Count);

        _clock.Advance(reply.RetryAfter.Value);
        Assert.Equal(ChatOutcome.Answered, (await AskAsync()).Outcome);
    }

    [Fact]
    public async Task A_server_that_breaks_loads_its_model_anew_before_it_is_given_up()
    {
        _server.ThenFail(500, "llama runner process has terminated", 3);
        var reply = await AskAsync();
        Assert.Equal(ChatOutcome.Answered, reply.Outcome);
        var unload = Assert.Single(_server.Requests, r => r.Path == "/api/generate");
        Assert.Equal("0", unload.Body["keep_alive"]!.ToString());
        Assert.Equal(["/api/chat", "/api/chat", "/api/chat", "/api/generate", "/api/chat"], _server.Requests.Select(r => r.Path));

        _server.ThenFail(500, "llama runner process has terminated", 4);
        reply = await AskAsync();
        Assert.Equal(ChatOutcome.Unavailable, reply.Outcome);
        Assert.Contains("llama runner process has terminated", reply.Problem);
        Assert.Equal(2, _server.Requests.Count(r => r.Path == "/api/generate"));
    }

    [Fact]
    public async Task A_broken_server_that_is_silent_when_asked_to_unload_is_tried_once_more()
    {
        _server.Unload = context => FakeOllama.FallSilentAsync(context, _clock.PassDeadlines);
        _server.ThenFail(500, "llama runner process has terminated", 3);
        Assert.Equal(ChatOutcome.Answered, (await AskAsync().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken)).Outcome);
    }

    [Theory]
    [InlineData("<html>log in</html>")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"error\":\"no\"}")]
    public async Task A_broken_server_that_answers_oddly_when_asked_to_unload_is_tried_once_more(string body)
    {
        _server.Unload = context => FakeOllama.SendAsync(context, body);
        _server.ThenFail(500, "llama runner process has terminated", 3);
        Assert.Equal(ChatOutcome.Answered, (await AskAsync()).Outcome);
    }

    [Theory]
    [InlineData(404, "model \"tiny:latest\" not found, try pulling it first", ChatOutcome.Rejected)]
    [InlineData(400, "library/tiny does not support tools", ChatOutcome.Rejected)]
    [InlineData(400, "the input length exceeds the context length", ChatOutcome.PromptTooLong)]
    public async Task What_will_not_pass_is_never_repeated_and_is_told_in_the_servers_words(int status, string error, ChatOutcome outcome)
    {
        _server.ThenFail(status, error);
        var reply = await AskAsync();
        Assert.Equal(outcome, reply.Outcome);
        Assert.Contains(error, reply.Problem);
        Assert.Single(_server.Requests);
    }

    [Theory]
    [InlineData("""{"error":"an error was encountered while running the model"}""", "an error was encountered")]
    [InlineData("{\"message\":{\"role\":\"assistant\",\"content\":\"{\"},\"done\":false}\n{\"error\":\"unexpected EOF\"}\n", "unexpected EOF")]
    [InlineData("""{"model":"tiny","message":{"role":"assistant","content":"{\"label\":\"no\"}"},"done":false}""", "a part of a reply")]
    [InlineData("""{"model":"tiny","message":{"role":"assi""", "no whole reply")]
    [InlineData("", "no whole reply")]
    [InlineData("""{"model":"tiny","done":true}""", "a part of a reply")]
    [InlineData("""{"model":"tiny","message":{"role":"assistant","content":3},"done":true}""", "another form")]
    [InlineData("""{"model":"tiny","message":{"role":"assistant","content":"yes","content":"no"},"done":true}""", "another form")]
    [InlineData("<html>log in</html>", "log in")]
    public async Task A_success_that_is_none_is_asked_again_and_in_the_end_is_a_failure(string body, string problem)
    {
        _server.ThenSend(body, 2);
        Assert.Equal((ChatOutcome.Answered, 3), ((await AskAsync()).Outcome, _server.Chats.Count));
        Assert.Equal(3, _server.Chats.Select(c => c.Option("seed")).Distinct().Count());

        _server.ThenSend(body, 3);
        var reply = await AskAsync();
        Assert.Equal(ChatOutcome.Failed, reply.Outcome);
        Assert.Contains(problem, reply.Problem);
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_asked_for_again()
    {
        _server.ThenBreakOff();
        var reply = await AskAsync();
        Assert.Equal((ChatOutcome.Answered, 2), (reply.Outcome, reply.Attempts.Count));
        Assert.Contains("broke off in the middle", reply.Attempts[0].Problem);
    }

    [Fact]
    public async Task A_connection_that_is_reset_is_a_server_to_wait_for()
    {
        _server.ThenReset(2);
        var reply = await AskAsync();
        Assert.Equal((ChatOutcome.Answered, 3, 2), (reply.Outcome, reply.Attempts.Count, _clock.Waits.Count));
    }

    [Fact]
    public async Task A_reply_without_end_is_left_at_its_greatest_length()
    {
        using var chat = Chat(new ChatOptions { LargestReply = 100_000 });
        _server.ThenSendWithoutEnd();
        var reply = await chat.AskAsync(Request("Is it?"), CancellationToken.None);
        Assert.Equal(ChatOutcome.Answered, reply.Outcome);
        Assert.Contains("more than 100,000 bytes", reply.Attempts[0].Problem);
    }

    [Fact]
    public async Task Silence_past_the_deadline_ends_the_request_and_it_is_sent_again()
    {
        _server.ThenFallSilent(_clock.PassDeadlines);
        var reply = await AskAsync();
        Assert.Equal((ChatOutcome.Answered, 2), (reply.Outcome, reply.Attempts.Count));
    }

    [Fact]
    public async Task A_server_that_goes_on_being_silent_is_asked_twice_and_then_left_alone_for_a_while()
    {
        _server.ThenFallSilent(_clock.PassDeadlines).ThenFallSilent(_clock.PassDeadlines);
        var reply = await AskAsync();
        Assert.Equal((ChatOutcome.Unavailable, 2), (reply.Outcome, reply.Attempts.Count));
        Assert.Contains("No reply within 600 seconds", reply.Problem);

        reply = await AskAsync();
        Assert.Equal((ChatOutcome.Unavailable, 0), (reply.Outcome, reply.Attempts.Count));
        Assert.Contains("Nothing is sent for now", reply.Problem);
        Assert.Equal(2, _server.Chats.Count);

        _clock.Advance(reply.RetryAfter!.Value);
        Assert.Equal(ChatOutcome.Answered, (await AskAsync()).Outcome);
    }

    [Fact]
    public async Task A_server_that_was_well_before_it_fell_silent_is_left_alone_too()
    {
        for (var i = 0; i < 20; i++)
            Assert.Equal(ChatOutcome.Answered, (await AskAsync()).Outcome);
        for (var silent = 0; _server.Chats.Count < 20 + 8 && silent == _server.Chats.Count - 20; silent += 2)
        {
            _server.ThenFallSilent(SpendDeadline).ThenFallSilent(SpendDeadline);
            Assert.Equal(ChatOutcome.Unavailable, (await AskAsync()).Outcome);
        }

        Assert.Contains("Nothing is sent for now", (await AskAsync()).Problem);
        Assert.InRange(_server.Chats.Count, 22, 26);

        void SpendDeadline()
        {
            _clock.Advance(TimeSpan.FromMinutes(5));
            _clock.PassDeadlines();
        }
    }

    [Fact]
    public async Task A_server_that_restarts_in_the_middle_is_found_again()
    {
        Assert.Equal(ChatOutcome.Answered, (await AskAsync()).Outcome);
        await _server.StopAsync();
        var reply = await AskAsync();
        Assert.Equal(ChatOutcome.Unavailable, reply.Outcome);
        Assert.Contains("cannot be reached", reply.Problem);

        await _server.ResumeAsync();
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(ChatOutcome.Answered, (await AskAsync()).Outcome);
    }

    [Fact]
    public async Task Whoever_cancels_gets_no_outcome()
    {
        using var cancel = new CancellationTokenSource();
        _server.ThenFallSilent(cancel.Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _chat.AskAsync(Request("Is it?"), cancel.Token));
    }

    [Fact]
    public async Task A_prompt_that_cannot_fit_is_not_sent()
    {
        var reply = await AskAsync(Request(string.Join(' ', Enumerable.Repeat("word", 20_000))));
        Assert.Equal((ChatOutcome.PromptTooLong, 0), (reply.Outcome, _server.Requests.Count));
    }

    [Fact]
    public async Task A_prompt_that_was_cut_is_noticed_by_its_count_of_tokens()
    {
        var long_ = Request(string.Join(' ', Enumerable.Repeat("word", 5_000)));
        _server.ThenSay("{\"label\":\"no\"}", promptTokens: 1_500);
        var reply = await AskAsync(long_);
        Assert.Equal(ChatOutcome.PromptTooLong, reply.Outcome);
        Assert.Contains("The prompt was cut", reply.Problem);

        _server.ThenSay("{\"label\":\"no\"}", promptTokens: 5_100);
        Assert.Equal(ChatOutcome.Answered, (await AskAsync(long_)).Outcome);
    }

    [Fact]
    public async Task Few_tokens_of_a_short_prompt_mean_that_the_server_had_seen_its_beginning()
    {
        _server.ThenSay("{\"label\":\"no\"}", promptTokens: 2);
        Assert.Equal(ChatOutcome.Answered, (await AskAsync()).Outcome);
    }

    private Task<ChatReply> AskAsync(ChatRequest? request = null) => _chat.AskAsync(request ?? Request("Is it?"), CancellationToken.None);

    private Conversation Chat(ChatOptions options)
    {
        options = options with { Model = FakeOllama.Model, Address = _server.Address };
        Assert.Empty(options.Check());
        return new Conversation(
            new OllamaTransport(options, _clock), new ChatModel(ChatProvider.Ollama, FakeOllama.Model, _server.Digest), options, _clock);
    }

    private static ChatRequest Request(string user) => new()
    {
        Purpose = "test",
        Prompt = new RenderedPrompt("test", "hash", "Be brief.", user),
        Schema = Label,
    };
}
