using System.Globalization;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Prompts;
using InverseScope.Agent.Transcripts;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Store;

public sealed class TranscriptStoreTests() : TranscriptStoreContract(new FilePlace());

public sealed class PostgresTranscriptStoreTests(PostgresServer server) : TranscriptStoreContract(new PostgresPlace(server));

public abstract class TranscriptStoreContract : IDisposable
{
    private const string Site = "L0H0@last";

    private static readonly ChatModel Model = new("ollama", "tiny", "sha256:1");

    private readonly TempFolder _folder = new();
    private readonly StorePlace _place;
    private readonly SweepStore _store;

    protected TranscriptStoreContract(StorePlace place) => (_place, _store) = (place, place.Open());

    [Fact]
    public void After_a_kill_every_entry_that_was_added_is_there()
    {
        var transcript = _store.Transcripts.Of("a-001", Site, "llm");
        for (var i = 0; i < 3; i++)
        {
            transcript.Add(Entry(i));
            using var killed = _place.Killed();
            Assert.Equal(Enumerable.Range(0, i + 1).Select(k => TranscriptFile.Write(Entry(k))), killed.Transcripts.Lines("a-001"));
            Assert.Equal(i + 1, killed.Transcripts.Totals("a-001").All.Calls);
        }
    }

    [Fact]
    public async Task Sums_that_are_kept_are_those_of_all_questions_whoever_asks_meanwhile()
    {
        var transcripts = _store.Transcripts;
        transcripts.Of("a-001", Site, "llm").Add(Entry(0));
        Assert.Equal(0, transcripts.Totals("b-001").All.Calls);
        await Task.WhenAll(Enumerable.Range(1, 12).Select(i => Task.Run(() =>
        {
            transcripts.Of(i % 2 == 0 ? "a-001" : "b-001", Site, "llm").Add(Entry(i));
            transcripts.Totals("a-001");
        })));
        using var again = _place.Killed();
        foreach (var (sweep, calls) in new[] { ("a-001", 7), ("b-001", 6) })
        {
            var (kept, counted) = (transcripts.Totals(sweep), again.Transcripts.Totals(sweep));
            Assert.Equal(calls, kept.All.Calls);
            Assert.Equal((counted.All.Messages, counted.All.PromptTokens, counted.All.ReplyTokens), (kept.All.Messages, kept.All.PromptTokens, kept.All.ReplyTokens));
            Assert.Equal(counted.ByOutcome.Select(o => (o.Key, o.Value.Calls)), kept.ByOutcome.Select(o => (o.Key, o.Value.Calls)));
        }
    }

    [Fact]
    public void An_entry_comes_back_as_it_was()
    {
        var entry = Entry(7) with { User = "  spaces, \0, \"quotes\", 日本語 👍\r\n ", Text = "", System = " " };
        _store.Transcripts.Of("a-001", Site, "llm").Add(entry);

        var call = Assert.Single(_store.Transcripts.Calls("a-001"));

        Assert.Equal(TranscriptFile.Write(entry), TranscriptFile.Write(_store.Transcripts.Entry(call.Id)));
        Assert.Equal(("a-001", Site, "llm", entry.RequestHash), (call.Sweep, call.Site, call.Proposer, call.RequestHash));
        Assert.Equal(("1970-01-01T00:00:07.000Z", "propose", ChatOutcome.Answered), (call.At, call.Purpose, call.Outcome));
        Assert.Equal((2, 2007L, 30L, 1.5, 0.75), (call.Messages, call.PromptTokens, call.ReplyTokens, call.Seconds, call.ModelSeconds));
        Assert.Throws<ArgumentOutOfRangeException>(() => _store.Transcripts.Entry(call.Id + 1));
    }

    [Fact]
    public void Entries_are_found_by_sweep_by_proposer_and_by_request_in_order_and_by_pages()
    {
        (string Sweep, string Site, string Proposer)[] askers =
            [("a-001", Site, "llm"), ("a-001", Site, "LLM"), ("a-001", "l0h0@last", "llm"), ("a-001", "", "llm"), ("a-002", Site, "llm")];
        for (var i = 0; i < 30; i++)
        {
            var (sweep, site, proposer) = askers[i % askers.Length];
            _store.Transcripts.Of(sweep, site, proposer).Add(Entry(i));
        }

        var transcripts = _store.Transcripts;
        Assert.Equal(Enumerable.Range(0, 30).Where(i => i % 5 != 4), Steps(transcripts.Calls("a-001")));
        Assert.Equal([8, 10, 11], Steps(transcripts.Calls("a-001", skip: 7, take: 3)));
        Assert.Empty(transcripts.Calls("a-001", skip: 24));
        Assert.Empty(transcripts.Calls("a-001", take: 0));
        Assert.Empty(transcripts.Calls("a-003"));
        foreach (var (index, (sweep, site, proposer)) in askers.Index())
        {
            Assert.Equal(Enumerable.Range(0, 6).Select(k => (5 * k) + index), Steps(transcripts.Calls(sweep, site, proposer)));
            Assert.Equal([(5 * 4) + index, (5 * 5) + index], Steps(transcripts.Calls(sweep, site, proposer, skip: 4, take: 10)));
        }

        transcripts.Of("a-002", Site, "symbolic").Add(Entry(3));
        Assert.Equal(["a-001", "a-002"], transcripts.CallsWith(Entry(3).RequestHash).Select(c => c.Sweep));
        Assert.Throws<ArgumentOutOfRangeException>(() => transcripts.Calls("a-001", skip: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => transcripts.Calls("a-001", take: -1));
    }

    [Fact]
    public void Sums_are_those_of_the_entries()
    {
        var ours = _store.Transcripts.Of("a-001", Site, "llm");
        ours.Add(Entry(1));
        ours.Add(Entry(2));
        ours.Add(Entry(3) with { Outcome = ChatOutcome.OutOfBudget, Attempts = [], Duration = TimeSpan.Zero });
        _store.Transcripts.Of("a-001", "L1H0@last", "llm").Add(Entry(4) with { Outcome = ChatOutcome.Refused });

        var one = _store.Transcripts.Totals("a-001", Site, "llm");
        Assert.Equal(new CallSum(3, 4, 4003, 60, 3, 1.5), one.All);
        Assert.Equal(new CallSum(2, 4, 4003, 60, 3, 1.5), one.ByOutcome[ChatOutcome.Answered]);
        Assert.Equal(new CallSum(1, 0, 0, 0, 0, 0), one.ByOutcome[ChatOutcome.OutOfBudget]);
        Assert.Equal(2, one.ByOutcome.Count);
        var all = _store.Transcripts.Totals("a-001");
        Assert.Equal(new CallSum(4, 6, 6007, 90, 4.5, 2.25), all.All);
        Assert.Equal(1, all.ByOutcome[ChatOutcome.Refused].Calls);
        var none = _store.Transcripts.Totals("a-002");
        Assert.Equal((default, 0), (none.All, none.ByOutcome.Count));
    }

    [Fact]
    public async Task Threads_that_add_at_once_lose_nothing_and_each_keeps_its_order()
    {
        const int threads = 4, each = 5;
        await Task.WhenAll(Enumerable.Range(0, threads).Select(t => Task.Run(() =>
        {
            var transcript = _store.Transcripts.Of("a-001", Site, t.ToString(CultureInfo.InvariantCulture));
            for (var i = 0; i < each; i++)
            {
                transcript.Add(Entry(i));
                Assert.Equal(i + 1, _store.Transcripts.Totals("a-001", Site, t.ToString(CultureInfo.InvariantCulture)).All.Calls);
            }
        })));

        using var killed = _place.Killed();
        Assert.Equal(threads * each, killed.Transcripts.Calls("a-001").Count);
        Assert.Equal(threads * each, killed.Transcripts.Lines("a-001").Count());
        for (var t = 0; t < threads; t++)
            Assert.Equal(Enumerable.Range(0, each), Steps(killed.Transcripts.Calls("a-001", Site, t.ToString(CultureInfo.InvariantCulture)), killed));
    }

    [Fact]
    public async Task An_export_is_what_a_transcript_file_would_be_and_can_be_replayed()
    {
        var sweep = _store.Begin(new StoredSweep { Name = "a" });
        using (var file = new TranscriptFile(_folder["file.jsonl"]))
        {
            for (var i = 0; i < 5; i++)
            {
                _store.Transcripts.Of(sweep.Id, Site, i % 2 == 0 ? "llm" : "llm-loop").Add(Entry(i));
                file.Add(Entry(i));
            }
        }

        _store.Transcripts.Of("b-001", Site, "llm").Add(Entry(9));

        var text = string.Concat(_store.Transcripts.Lines(sweep.Id).Select(line => line + "\n"));
        Assert.Equal(File.ReadAllText(_folder["file.jsonl"]), text);

        File.WriteAllText(_folder["export.jsonl"], text);
        var replay = new ReplayChat(Model, TranscriptFile.Read(_folder["export.jsonl"]));
        Assert.Equal("reply 3", (await replay.AskAsync(Request(3), CancellationToken.None)).Text);
    }

    // Stored by name. Only append; to change one, raise the schema version and migrate.
    [Fact]
    public void Stored_outcomes_keep_their_names() => Assert.Equal(
        ["Answered", "Refused", "Malformed", "Truncated", "PromptTooLong", "Failed", "Rejected", "Unavailable", "OutOfBudget"],
        Enum.GetNames<ChatOutcome>());

    public void Dispose()
    {
        _store.Dispose();
        _place.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private IEnumerable<int> Steps(IEnumerable<StoredCall> calls, SweepStore? store = null) =>
        calls.Select(c => (store ?? _store).Transcripts.Entry(c.Id).Step);

    private static ChatRequest Request(int step) => new()
    {
        Purpose = "propose",
        Step = step,
        Prompt = new RenderedPrompt("propose-specs", "hash", "", $"Question {step}"),
    };

    private static TranscriptEntry Entry(int step) => TranscriptEntry.Of(
        Request(step),
        new ChatReply
        {
            Outcome = ChatOutcome.Answered,
            Text = $"reply {step}",
            Model = Model,
            RequestHash = Request(step).HashFor(Model),
            Duration = TimeSpan.FromSeconds(1.5),
            Attempts =
            [
                new ChatAttempt { PromptTokens = 1000, ReplyTokens = 10, ModelTime = TimeSpan.FromSeconds(0.5) },
                new ChatAttempt { IsRepair = true, PromptTokens = 1000 + step, ReplyTokens = 20, ModelTime = TimeSpan.FromSeconds(0.25) },
            ],
        },
        DateTimeOffset.UnixEpoch.AddSeconds(step));
}
