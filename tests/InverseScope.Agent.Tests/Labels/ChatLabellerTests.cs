using InverseScope.Agent.Budgets;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Labels;
using InverseScope.Core;
using InverseScope.Core.Specs;

namespace InverseScope.Agent.Tests.Labels;

public sealed class ChatLabellerTests : IAsyncLifetime
{
    private static readonly LlmQuestion Closed = new("Is it harmful?", ["harmful", "harmless"], null);

    private LabelServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await LabelServer.StartAsync(text => text.Contains("bomb", StringComparison.Ordinal) ? "harmful" : "harmless");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Ten_thousand_texts_of_which_three_in_ten_are_there_already_take_one_question_for_each_batch_of_others(int parallelism)
    {
        const int batch = 50;
        string[] texts = [.. Enumerable.Range(0, 10_000).Select(i => $"{(i % 7000 % 3 == 0 ? "bomb" : "cake")} number {i % 7000}")];
        var labeller = _server.Labeller(new LabelOptions { BatchSize = batch, Parallelism = parallelism });
        var answers = labeller.Label(Closed, "spec", texts, CancellationToken.None);

        Assert.Equal((7000 + batch - 1) / batch, _server.Http.Chats.Count);
        Assert.Equal(texts.Select(t => LabelAnswer.Of(t.StartsWith("bomb", StringComparison.Ordinal) ? "harmful" : "harmless")), answers);
        Assert.InRange(_server.Http.MostAtOnce, 1, parallelism);
        Assert.Equal(7000, _server.Asked.SelectMany(t => t).Distinct().Count());

        await LabelServer.LabelAsync(labeller, Closed, texts);
        Assert.Equal((7000 + batch - 1) / batch, _server.Http.Chats.Count);
    }

    [Fact]
    public async Task The_last_batch_has_what_is_left_and_each_schema_asks_for_one_answer_a_text()
    {
        await LabelServer.LabelAsync(_server.Labeller(new LabelOptions { BatchSize = 2 }), Closed, "a", "b", "c");
        Assert.Equal(["a,b", "c"], _server.Asked.Select(t => string.Join(',', t)));
        var answers = _server.Http.Chats[1].Body["format"]!["properties"]!["answers"]!;
        Assert.Equal((1, 1), (answers["minItems"]!.GetValue<int>(), answers["maxItems"]!.GetValue<int>()));
        Assert.Equal("""["harmful","harmless"]""", answers["items"]!["properties"]!["label"]!["enum"]!.ToJsonString());
    }

    [Fact]
    public async Task Answers_in_another_order_are_those_of_their_ids()
    {
        _server.Http.Reply = r => LabelPrompt.Answer(LabelPrompt.TextsIn(r).Reverse().Select(t => (t.Id, t.Text == "bomb" ? "harmful" : "harmless")));
        Assert.Equal(["harmless", "harmful", "harmless"], (await LabelServer.LabelAsync(_server.Labeller(), Closed, "a", "bomb", "c")).Select(a => a.Label));
    }

    [Fact]
    public async Task Answers_with_an_id_twice_are_no_answers_and_the_texts_are_asked_about_in_halves()
    {
        _server.Http.ThenSay(LabelPrompt.Answer([(1, "harmful"), (1, "harmful")]));
        Assert.Equal(["harmless", "harmful"], (await LabelServer.LabelAsync(_server.Labeller(), Closed, "a", "bomb")).Select(a => a.Label));
        Assert.Equal(["a,bomb", "a", "bomb"], _server.Asked.Select(t => string.Join(',', t)));
    }

    [Theory]
    [InlineData("1.0", AnswerKind.Labelled)]
    [InlineData("1.5", AnswerKind.Malformed)]
    [InlineData("2.0", AnswerKind.Malformed)]
    public async Task An_id_may_be_written_with_a_point_if_it_is_whole(string id, AnswerKind kind)
    {
        _server.Http.Reply = _ => $$"""{"answers": [{"id": {{id}}, "label": "harmful"}]}""";
        Assert.Equal(kind, (await LabelServer.LabelAsync(_server.Labeller(), Closed, "a"))[0].Kind);
    }

    [Fact]
    public async Task One_odd_text_does_not_speak_for_the_others_of_its_batch()
    {
        var good = _server.Http.Reply;
        _server.Http.Reply = r => LabelPrompt.TextsIn(r).Select(t => t.Text).ToList() switch
        {
            var texts when texts.Contains("refuse") => "I'm sorry, but I can't help with that.",
            var texts when texts.Contains("confuse") => "{\"answers\": 7}",
            _ => good(r),
        };
        var labeller = _server.Labeller();
        var answers = await LabelServer.LabelAsync(labeller, Closed, "a", "b", "refuse", "c", "confuse", "bomb", "d", "e");
        Assert.Equal(
            [AnswerKind.Labelled, AnswerKind.Labelled, AnswerKind.Refused, AnswerKind.Labelled, AnswerKind.Malformed, AnswerKind.Labelled, AnswerKind.Labelled, AnswerKind.Labelled],
            answers.Select(a => a.Kind));
        Assert.Equal("harmful", answers[5].Label);

        var asked = _server.Http.Chats.Count;
        await LabelServer.LabelAsync(labeller, Closed, "refuse", "confuse");
        Assert.Equal(asked, _server.Http.Chats.Count);
    }

    [Fact]
    public async Task A_reply_that_is_always_cut_is_truncated_and_a_torn_one_failed_and_asked_again_next_time()
    {
        _server.Http.ThenSay("{\"answ", "length", times: 3);
        Assert.Equal(AnswerKind.Truncated, (await LabelServer.LabelAsync(_server.Labeller(), Closed, "a"))[0].Kind);

        _server.Http.ThenSend("{\"error\":\"unexpected EOF\"}", 3);
        Assert.Equal(AnswerKind.Failed, (await LabelServer.LabelAsync(_server.Labeller(), Closed, "b"))[0].Kind);
        Assert.Equal("harmless", (await LabelServer.LabelAsync(_server.Labeller(), Closed, "b"))[0].Label);
    }

    [Fact]
    public async Task A_text_that_is_too_long_for_the_model_is_truncated()
    {
        var answers = await LabelServer.LabelAsync(_server.Labeller(), Closed, string.Join(' ', Enumerable.Repeat("bomb", 20_000)), "bomb");
        Assert.Equal([AnswerKind.Truncated, AnswerKind.Labelled], answers.Select(a => a.Kind));
    }

    [Fact]
    public async Task An_outage_is_an_exception_and_nothing_that_was_answered_is_asked_again()
    {
        var labeller = _server.Labeller(new LabelOptions { BatchSize = 2 });
        _server.Http.Then((context, request) => FakeOllama.SayAsync(context, request, _server.Http.Reply(request)), 2).ThenFail(503, "server busy", 6);
        string[] texts = ["a", "b", "c", "d", "e", "f", "g"];
        var outage = await Assert.ThrowsAsync<OutsideServiceException>(() => LabelServer.LabelAsync(labeller, Closed, texts));
        Assert.Contains("server busy", outage.Message);

        _server.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.All(await LabelServer.LabelAsync(labeller, Closed, texts), a => Assert.Equal("harmless", a.Label));
        Assert.Equal(["a,b", "c,d", "e,f", "g"], _server.Asked.Select(t => string.Join(',', t)).Distinct());
        Assert.Equal(2 + 6 + 2, _server.Http.Chats.Count);
    }

    [Fact]
    public async Task An_outage_in_one_half_of_a_batch_does_not_lose_the_answers_about_the_other()
    {
        _server.Http.ThenSay(LabelPrompt.Answer([(1, "harmful"), (1, "harmful")]))
            .Then((context, request) => FakeOllama.SayAsync(context, request, _server.Http.Reply(request))).ThenFail(503, "server busy", 6);
        var labeller = _server.Labeller();
        await Assert.ThrowsAsync<OutsideServiceException>(() => LabelServer.LabelAsync(labeller, Closed, "a", "bomb"));

        _server.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(["harmless", "harmful"], (await LabelServer.LabelAsync(labeller, Closed, "a", "bomb")).Select(a => a.Label));
        Assert.Equal(["a,bomb", "a", .. Enumerable.Repeat("bomb", 6 + 1)], _server.Asked.Select(t => string.Join(',', t)));
    }

    [Fact]
    public async Task A_second_labelling_that_broke_off_asks_nothing_again_that_was_answered()
    {
        string[] texts = ["a", "b", "c", "d"];
        var labeller = _server.Labeller(new LabelOptions { BatchSize = 2 });
        _server.Http.Then((context, request) => FakeOllama.SayAsync(context, request, _server.Http.Reply(request)), 3).ThenFail(503, "server busy", 6);
        await Assert.ThrowsAsync<OutsideServiceException>(() => labeller.MeasureAgreementAsync(Closed, "spec", texts, 4, CancellationToken.None));

        _server.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(4, (await labeller.MeasureAgreementAsync(Closed, "spec", texts, 4, CancellationToken.None)).Agreed);
        Assert.Equal(3 + 6 + 1, _server.Http.Chats.Count);
    }

    [Fact]
    public async Task A_model_that_is_not_there_is_told_at_once()
    {
        _server.Http.ThenFail(404, "model \"tiny:latest\" not found");
        var error = await Assert.ThrowsAsync<BadInputException>(() => LabelServer.LabelAsync(_server.Labeller(), Closed, "a", "b"));
        Assert.Contains("model \"tiny:latest\" not found", error.What);
        Assert.Single(_server.Http.Chats);
    }

    [Fact]
    public async Task When_the_budget_is_spent_the_rest_is_not_asked_and_that_is_a_normal_end()
    {
        var budget = new Budget(new BudgetLimits { Calls = 2 }, _server.Clock);
        var labeller = _server.Labeller(new LabelOptions { BatchSize = 2 }, chat: new BudgetedChat(_server.Chat(), budget));
        var answers = await LabelServer.LabelAsync(labeller, Closed, "a", "b", "c", "d", "e", "f");
        Assert.Equal(4, answers.Count(a => a.Kind == AnswerKind.Labelled));
        Assert.Equal(2, answers.Count(a => a.Kind == AnswerKind.NotAsked));
        Assert.Equal(BudgetLimit.Calls, budget.Stop!.Limit);

        Assert.All(await LabelServer.LabelAsync(_server.Labeller(), Closed, "e", "f"), a => Assert.Equal(AnswerKind.Labelled, a.Kind));
    }

    [Fact]
    public async Task Another_spec_or_model_asks_anew()
    {
        var labeller = _server.Labeller();
        await labeller.LabelAsync(Closed, "one", ["a"], CancellationToken.None);
        await labeller.LabelAsync(Closed, "two", ["a"], CancellationToken.None);
        _server.Http.Digest = "sha256:5678";
        await _server.Labeller().LabelAsync(Closed, "one", ["a"], CancellationToken.None);
        Assert.Equal(3, _server.Http.Chats.Count);
    }

    [Fact]
    public async Task Other_settings_ask_anew_and_those_of_before_are_found_as_ever()
    {
        var voted = Closed with { Votes = 3 };
        var prompt = InverseScope.Agent.Prompts.ShippedPrompts.Find("label-texts").Hash;
        (LlmQuestion Question, LabelOptions Labels, string? Settings, string Model)[] all =
        [
            (Closed, new(), null, "sha256:1234"),
            (Closed, new() { VoteTemperature = 1 }, null, "sha256:1234"),
            (Closed, new(), "context 4096, thinks", "sha256:1234, context 4096, thinks"),
            (voted, new() { VoteTemperature = 1 }, null, "sha256:1234, votes at 1"),
            (voted, new() { VoteTemperature = 1 }, "thinks", "sha256:1234, thinks, votes at 1"),
        ];
        var asked = 0;
        foreach (var (question, labels, settings, model) in all)
        {
            using var labeller = _server.Labeller(labels, chat: _server.Chat(settings));
            await LabelServer.LabelAsync(labeller, question, "a");
            Assert.Equal("harmless", _server.Cache.Find(new LabelScope("spec", model, prompt, question.Votes - 1), "a")?.Label);
            asked += model == "sha256:1234" && labels.VoteTemperature == 1 ? 0 : question.Votes;
            Assert.Equal(asked, _server.Http.Chats.Count);
        }
    }

    [Fact]
    public async Task A_spec_that_names_a_model_is_answered_by_it()
    {
        await using var other = await LabelServer.StartAsync(_ => "harmful");
        using var labeller = new ChatLabeller(_server.Chat(), new LabelOptions(), _server.Cache, null, new Dictionary<string, IChat> { ["big"] = other.Chat() });
        Assert.Equal("harmful", (await LabelServer.LabelAsync(labeller, Closed with { Model = "big" }, "a"))[0].Label);
        Assert.Equal("harmless", (await LabelServer.LabelAsync(labeller, Closed with { Model = FakeOllama.Model }, "b"))[0].Label);
        var error = await Assert.ThrowsAsync<BadInputException>(() => LabelServer.LabelAsync(labeller, Closed with { Model = "bigg" }, "a"));
        Assert.Contains("Did you mean 'big'?", error.What);
    }

    [Fact]
    public async Task Votes_are_asked_with_other_seeds_and_the_majority_counts()
    {
        var said = 0;
        _server.Http.Reply = r => LabelPrompt.Answer(LabelPrompt.TextsIn(r).Select(t => (t.Id, Interlocked.Increment(ref said) == 2 ? "harmful" : "harmless")));
        Assert.Equal("harmless", (await LabelServer.LabelAsync(_server.Labeller(), Closed with { Votes = 3 }, "a"))[0].Label);
        Assert.Equal(["0", "1", "2"], _server.Http.Chats.Select(c => c.Option("seed")));
        Assert.All(_server.Http.Chats, c => Assert.Equal("0.7", c.Option("temperature")));
    }

    [Theory]
    [InlineData("AAB", "A")]
    [InlineData("ABC", "NoMajority")]
    [InlineData("AB!", "Refused")]
    [InlineData("AA!", "A")]
    [InlineData("A!!", "Refused")]
    [InlineData("ABC!D", "NoMajority")]
    public void A_vote_that_is_missing_is_no_disagreement(string votes, string outcome)
    {
        var answer = LabelVotes.Count([.. votes.Select(v => v == '!' ? new LabelAnswer(AnswerKind.Refused, null) : LabelAnswer.Of($"{v}"))]);
        Assert.Equal(outcome, answer.Label ?? answer.Kind.ToString());
    }

    [Fact]
    public async Task Labels_that_differ_in_form_are_one_where_the_spec_says_so()
    {
        _server.Http.Reply = r => LabelPrompt.Answer(LabelPrompt.TextsIn(r).Select(t => (t.Id, t.Text)));
        var open = new LlmQuestion("By which means?", [], new LabelEquivalence.Normalised());
        Assert.Equal(["bank robbery", "bank robbery", null], (await LabelServer.LabelAsync(_server.Labeller(), open, "The bank-robbery!", "bank robbery", "...")).Select(a => a.Label));
        Assert.Equal(["B", "b"], (await LabelServer.LabelAsync(_server.Labeller(), open with { Equivalence = new LabelEquivalence.Exact() }, "B", "b")).Select(a => a.Label));
    }

    [Fact]
    public async Task A_refusal_in_the_place_of_an_open_label_is_a_refusal()
    {
        _server.Http.Reply = r => LabelPrompt.Answer(LabelPrompt.TextsIn(r).Select(t => (t.Id, t.Text == "bomb" ? "I'm sorry, I cannot answer that" : "baking")));
        var open = new LlmQuestion("By which means?", [], new LabelEquivalence.Exact());
        Assert.Equal([AnswerKind.Refused, AnswerKind.Labelled], (await LabelServer.LabelAsync(_server.Labeller(), open, "bomb", "cake")).Select(a => a.Kind));
        Assert.Single(_server.Http.Chats);
    }

    [Fact]
    public async Task Labels_that_a_judge_takes_as_one_are_the_first_of_them_also_later()
    {
        string[] burglary = ["burglary", "breaking in", "housebreaking"];
        _server.Http.Reply = r =>
        {
            if (LabelPrompt.IsLabelling(r))
                return LabelPrompt.Answer(LabelPrompt.TextsIn(r).Select(t => (t.Id, t.Text)));
            var text = r.Messages[^1].Text;
            return burglary.Any(b => text.Contains($"A new label:\n\n\"{b}\"", StringComparison.Ordinal)) ? "{\"same_as\": 1}" : "{\"same_as\": 0}";
        };
        var open = new LlmQuestion("By which means?", [], new LabelEquivalence.Judged());
        var labeller = _server.Labeller();
        Assert.Equal(["burglary", "burglary", "fraud", "burglary"], (await LabelServer.LabelAsync(labeller, open, "burglary", "breaking in", "fraud", "Burglary")).Select(a => a.Label));
        Assert.Equal(1 + 2, _server.Http.Chats.Count);
        Assert.Equal(["burglary", "burglary", "fraud"], (await LabelServer.LabelAsync(labeller, open, "breaking in", "housebreaking", "fraud")).Select(a => a.Label));
        Assert.Equal(3 + 2, _server.Http.Chats.Count);
    }

    [Fact]
    public async Task Labels_whose_embeddings_are_near_are_one_and_a_spec_that_needs_some_says_so()
    {
        _server.Http.Reply = r => LabelPrompt.Answer(LabelPrompt.TextsIn(r).Select(t => (t.Id, t.Text)));
        var open = new LlmQuestion("By which means?", [], new LabelEquivalence.Embedding(0.9));
        var embedder = new FixedEmbedder(new() { ["theft"] = [1, 0], ["stealing"] = [0.95f, 0.1f], ["arson"] = [0, 1] });
        Assert.Equal(["theft", "theft", "arson"], (await LabelServer.LabelAsync(_server.Labeller(null, embedder), open, "theft", "stealing", "arson")).Select(a => a.Label));
        Assert.Equal(1, embedder.Asked);
        var error = await Assert.ThrowsAsync<BadInputException>(() => LabelServer.LabelAsync(_server.Labeller(), open, "theft"));
        Assert.Contains("no model for embeddings", error.What);
    }

    [Fact]
    public async Task Agreement_with_itself_is_measured_past_the_first_labels_with_other_seeds()
    {
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => $"text {i}")];
        var labeller = _server.Labeller();
        await LabelServer.LabelAsync(labeller, Closed, texts);
        var asked = _server.Http.Chats.Count;
        // The second time, one in five is labelled otherwise.
        _server.Http.Reply = r => LabelPrompt.Answer(LabelPrompt.TextsIn(r).Select(t => (t.Id, t.Text.EndsWith('0') || t.Text.EndsWith('5') ? "harmful" : "harmless")));
        var agreement = await labeller.MeasureAgreementAsync(Closed, "spec", texts, 100, CancellationToken.None);
        Assert.Equal((40, 40, 32), (agreement.Texts, agreement.Compared, agreement.Agreed));
        Assert.Equal((40, 8), (agreement.Pairs.Count, agreement.Pairs.Count(p => p == new LabelPair("harmless", "harmful"))));
        Assert.All(_server.Http.Chats.Skip(asked), c => Assert.Equal("1000", c.Option("seed")));
        Assert.Equal(0.8, (await labeller.MeasureAgreementAsync(Closed, "spec", texts, 40, CancellationToken.None)).Rate);
        Assert.Equal(10, (await labeller.MeasureAgreementAsync(Closed, "spec", texts, 10, CancellationToken.None)).Texts);
        Assert.All(await LabelServer.LabelAsync(labeller, Closed, texts), a => Assert.Equal("harmless", a.Label));
    }

    [Fact]
    public void Agreement_that_was_not_measured_is_not_zero() => Assert.Null(new LabelAgreement(5, 0, 0).Rate);

    [Fact]
    public void Wrong_options_are_told()
    {
        var error = Assert.Throws<BadInputException>(() => _server.Labeller(new LabelOptions { BatchSize = 0, Parallelism = 0, VoteTemperature = double.NaN }));
        Assert.Contains("1 to 200 texts, found 0", error.What);
        Assert.Contains("1 to 64 questions", error.What);
        Assert.Contains("0 to 2, found NaN", error.What);
    }

    private sealed class FixedEmbedder(Dictionary<string, float[]> vectors) : ILabelEmbedder
    {
        public string Identity => "fixed";

        public int Asked { get; private set; }

        public Task<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> labels, CancellationToken cancel)
        {
            Asked++;
            return Task.FromResult<IReadOnlyList<float[]>>([.. labels.Select(l => vectors[l])]);
        }
    }
}
