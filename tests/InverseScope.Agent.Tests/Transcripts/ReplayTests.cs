using InverseScope.Agent.Chat;
using InverseScope.Agent.Prompts;
using InverseScope.Agent.Transcripts;
using InverseScope.Core;

namespace InverseScope.Agent.Tests.Transcripts;

public sealed class ReplayTests
{
    private static readonly ChatModel Model = new("ollama", "tiny", "sha256:1");

    [Fact]
    public async Task What_was_recorded_is_answered_again_without_a_model()
    {
        using var folder = new TempFolder();
        var chat = new PlannedChat(Model);
        var asked = Enumerable.Range(0, 4).Select(i => Request(i)).ToList();
        var replies = new List<ChatReply>();
        using (var transcript = new TranscriptFile(folder["t.jsonl"]))
        {
            var recorded = new RecordedChat(chat, transcript, new FastClock());
            foreach (var request in asked)
                replies.Add(await recorded.AskAsync(request, CancellationToken.None));
        }

        var replay = new ReplayChat(Model, TranscriptFile.Read(folder["t.jsonl"]));
        foreach (var (request, reply) in asked.Zip(replies).Reverse())
        {
            var again = await replay.AskAsync(request, CancellationToken.None);
            Assert.Equal((reply.Outcome, reply.Text, reply.Problem, reply.Duration), (again.Outcome, again.Text, again.Problem, again.Duration));
            Assert.Equal(reply.Json is null ? null : "1", again.Json?.GetProperty("a").GetRawText());
            Assert.Equal(reply.Attempts, again.Attempts);
        }

        Assert.Equal(4, chat.Asked);
    }

    [Fact]
    public async Task A_question_that_was_not_asked_is_an_error_that_names_it()
    {
        var replay = new ReplayChat(Model, [Entry(Request(0), ChatOutcome.Answered)]);
        var error = await Assert.ThrowsAsync<BadInputException>(() => replay.AskAsync(Request(1), CancellationToken.None));
        Assert.Contains("purpose 'test', prompt 'test', step 1", error.What);
        await Assert.ThrowsAsync<BadInputException>(() => new ReplayChat(Model with { Digest = "sha256:2" }, [Entry(Request(0), ChatOutcome.Answered)])
            .AskAsync(Request(0), CancellationToken.None));
    }

    [Theory]
    [InlineData(ChatOutcome.Unavailable, ChatOutcome.Answered)]
    [InlineData(ChatOutcome.Answered, ChatOutcome.Unavailable)]
    [InlineData(ChatOutcome.OutOfBudget, ChatOutcome.Answered)]
    public async Task An_outage_before_or_after_an_answer_does_not_count(ChatOutcome first, ChatOutcome second)
    {
        var replay = new ReplayChat(Model, [Entry(Request(0), first), Entry(Request(0), second)]);
        Assert.Equal(ChatOutcome.Answered, (await replay.AskAsync(Request(0), CancellationToken.None)).Outcome);
    }

    [Fact]
    public void A_question_is_another_if_anything_that_decides_the_answer_is()
    {
        var request = Request(0);
        ChatRequest[] others =
        [
            request with { Purpose = "other" },
            request with { Seed = 1 },
            request with { Step = 1 },
            request with { Temperature = 0.5 },
            request with { MaxReplyTokens = 2 },
            request with { Schema = ReplySchema.Parse("{}") },
            request with { Prompt = request.Prompt with { User = "other" } },
            request with { Prompt = request.Prompt with { System = "other" } },
            request with { Prompt = request.Prompt with { Hash = "other" } },
        ];
        var hashes = others.Append(request).Select(r => r.HashFor(Model)).Append(request.HashFor(Model with { Digest = null })).ToList();
        Assert.Equal(hashes.Count, hashes.Distinct().Count());
    }

    [Fact]
    public void A_line_that_was_not_written_to_its_end_is_left_out_and_gone_on_without()
    {
        using var folder = new TempFolder();
        var line = TranscriptFile.Write(Entry(Request(0), ChatOutcome.Answered));
        File.WriteAllText(folder["t.jsonl"], line + "\n" + line[..40]);
        Assert.Single(TranscriptFile.Read(folder["t.jsonl"]));
        using (var transcript = new TranscriptFile(folder["t.jsonl"]))
            transcript.Add(Entry(Request(1), ChatOutcome.Refused));
        Assert.Equal([0, 1], TranscriptFile.Read(folder["t.jsonl"]).Select(e => e.Step));
    }

    [Fact]
    public void A_line_that_is_no_entry_is_named()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["t.jsonl"], TranscriptFile.Write(Entry(Request(0), ChatOutcome.Answered)) + "\n{\"at\": 1}\n");
        Assert.Contains("t.jsonl(2,1): this is no entry", Assert.Throws<BadInputException>(() => TranscriptFile.Read(folder["t.jsonl"])).What);
        Assert.Contains("cannot be read", Assert.Throws<BadInputException>(() => TranscriptFile.Read(folder["none.jsonl"])).What);
    }

    private static ChatRequest Request(int step) => new()
    {
        Purpose = "test",
        Step = step,
        Prompt = new RenderedPrompt("test", "hash", "", $"Question {step}"),
    };

    private static TranscriptEntry Entry(ChatRequest request, ChatOutcome outcome) => TranscriptEntry.Of(
        request, new ChatReply { Outcome = outcome, Model = Model, RequestHash = request.HashFor(Model) }, default);
}
