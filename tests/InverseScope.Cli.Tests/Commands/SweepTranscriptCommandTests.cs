using System.Text.Json;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Transcripts;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Cli.Tests.Commands;

public sealed class SweepTranscriptCommandTests : IDisposable
{
    private static readonly string First = new('a', 64);
    private static readonly string Second = new('b', 64);

    private readonly TempFolder _home = new();

    public SweepTranscriptCommandTests()
    {
        using var store = SweepStore.Open(new Home(_home.Path).Store);
        var sweep = store.Begin(new StoredSweep { Name = "s" });
        store.Transcripts.Of(sweep.Id, "L0H0@last", "llm_loop").Add(Entry(First, "propose", "What do <b>these</b> share?", "The \u001b[31mcarry"));
        store.Transcripts.Of(sweep.Id, "L0H1@last", "llm_loop").Add(Entry(Second, "propose", "And these?", "Nothing"));
        store.Transcripts.Of(sweep.Id, "", "labels").Add(Entry(new string('c', 64), "label", "Yes or no?", "yes"));
        TranscriptPages.Write(new Home(_home.Path).Sweep(sweep.Id), sweep.Id, store.Transcripts);
        store.Begin(new StoredSweep { Name = "silent" });
    }

    public void Dispose() => _home.Dispose();

    [Fact]
    public void It_lists_questions_and_shows_one_whole()
    {
        var all = Run("s-001");
        Assert.Equal(0, all.Code);
        Assert.Contains("aaaaaaaaaaaa", all.Out);
        Assert.Contains("labels", all.Out);
        var one = Run("s-001", "--request", "aaaa");
        Assert.Contains("What do <b>these</b> share?", one.Out);
        Assert.Contains("[31mcarry", one.Out);
        Assert.DoesNotContain("\u001b", one.Out);
        Assert.DoesNotContain("And these?", one.Out);
        using var json = JsonDocument.Parse(Run("s-001", "--site", "L0H1", "--json").Out);
        Assert.Equal(Second, Assert.Single(json.RootElement.EnumerateArray()).GetProperty("call").GetProperty("request_hash").GetString());
    }

    [Fact]
    public void It_writes_lines_that_replay_an_answer()
    {
        Assert.Equal(0, Run("s-001", "--proposer", "llm_loop", "--out", _home["t.jsonl"]).Code);
        Assert.Equal([First, Second], TranscriptFile.Read(_home["t.jsonl"]).Select(e => e.RequestHash));
        var refused = Run("s-001", "--out", _home["no/such/folder.jsonl"]);
        Assert.Equal(2, refused.Code);
        Assert.Contains("--out", refused.Error);
    }

    [Theory]
    [InlineData("s-001", "--request", "ffff", "lists its 3 questions")]
    [InlineData("s-001", "--proposer", "llm-loop", "Did you mean 'llm_loop'?")]
    [InlineData("t-001", "--site", "L0H0", "no sweep 't-001'")]
    public void What_is_not_there_is_told(string id, string option, string value, string says)
    {
        var run = Run(id, option, value);
        Assert.Equal(2, run.Code);
        Assert.Contains(says, run.Error);
    }

    [Fact]
    public void A_sweep_without_a_language_model_says_so() => Assert.Contains("asked no language model", Run("silent-001").Out);

    [Fact]
    public void A_page_for_each_site_keeps_what_was_written_inert_and_goes_along_with_the_report()
    {
        var pages = Directory.GetFiles(_home["sweeps/s-001/transcripts"]).Select(Path.GetFileName).Order().ToArray();
        Assert.Equal(2, pages.Length);
        Assert.StartsWith("L0H0@last-", pages[0]);
        var page = File.ReadAllText(_home["sweeps/s-001/transcripts/" + pages[0]]);
        Assert.Contains("id=\"q-aaaaaaaaaaaa\"", page);
        Assert.Contains("&lt;b&gt;these&lt;/b&gt;", page);
        Assert.DoesNotContain("\u001b", page);
        TranscriptPages.Copy(_home["sweeps/s-001"], _home["elsewhere"]);
        Assert.True(File.Exists(_home["elsewhere/transcripts/" + pages[1]]));
    }

    private CliRun Run(string id, params string[] args) => CliRun.Of(["sweep", "transcript", id, .. args, "--home", _home.Path]);

    private static TranscriptEntry Entry(string hash, string purpose, string question, string reply) => new()
    {
        At = DateTimeOffset.UnixEpoch,
        RequestHash = hash,
        Model = new ChatModel("ollama", "tiny", "sha256:1"),
        Purpose = purpose,
        Step = 1,
        PromptId = "p",
        PromptHash = new string('0', 64),
        System = "Look.",
        User = question,
        Seed = 1,
        Temperature = 0,
        MaxReplyTokens = 100,
        Outcome = ChatOutcome.Answered,
        Text = reply,
        Attempts = [new ChatAttempt { Text = reply, PromptTokens = 10, ReplyTokens = 2 }],
        Duration = TimeSpan.FromSeconds(1.5),
    };
}
