using InverseScope.Agent.Chat;
using InverseScope.Agent.Labels;
using InverseScope.Agent.Transcripts;
using InverseScope.Core;
using InverseScope.Core.Specs;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Store;

public sealed class StoreCopyTests(PostgresServer server) : IDisposable
{
    private const string Odd = " \0 \"\\ 日本語 👍\r\n";

    private static readonly LabelScope Scope = new(new string('a', 64), "sha256:1", "prompt", 1);

    private readonly List<StorePlace> _places = [];

    public void Dispose() => _places.ForEach(p => p.Dispose());

    [Fact]
    public void A_sweep_that_went_to_a_server_and_back_is_the_same()
    {
        using var first = Opened(new FilePlace());
        Fill(first);
        using var server1 = Opened(new PostgresPlace(server));
        Others(server1);
        using var back = Opened(new FilePlace());
        Others(back);

        var there = StoreCopy.Copy(first, "a-001", server1);
        var again = StoreCopy.Copy(server1, "a-001", back);

        Assert.Equal(new CopiedSweep("a-001", 2, 4, 3, 600, 0, 2, 2, there.Hash), there);
        Assert.Equal(there, again);
        Compare(first, server1);
        Compare(first, back);
        // Those of other sweeps stay where they are.
        Assert.Single(back.LogOf("b-001"));
        Assert.Empty(server1.Labels.ScopesOf("other"));
        Assert.True(back.Reviews.TryAdd(Review("last"), back.Reviews.Of("a-001", "h")[^1].Id));
        Assert.Equal("a-002", back.Begin(new StoredSweep { Name = "a" }).Id);
    }

    [Fact]
    public void Nothing_is_overwritten_and_labels_of_the_target_stay()
    {
        using var first = Opened(new FilePlace());
        Fill(first);
        using var target = Opened(new PostgresPlace(server));
        target.Labels.Add(Scope, [new("5", LabelAnswer.Of("theirs")), new("x", LabelAnswer.Of("theirs"))]);
        Assert.Equal((599, 1), StoreCopy.Copy(first, "a-001", target) is var copied ? (copied.Labels, copied.LabelsThere) : default);
        Assert.Equal("theirs", target.Labels.Find(Scope, "5")!.Value.Label);
        Assert.Equal("6", target.Labels.Find(Scope, "6")!.Value.Label);

        Assert.Contains("already", Assert.Throws<BadInputException>(() => StoreCopy.Copy(first, "a-001", target)).Message, StringComparison.Ordinal);
        Assert.Equal(4, target.LogOf("a-001").Count);
        Assert.Contains("no sweep 'a-002'", Assert.Throws<BadInputException>(() => StoreCopy.Copy(first, "a-002", target)).Message, StringComparison.Ordinal);
        Assert.Contains("no sweep 'A-001'", Assert.Throws<BadInputException>(() => StoreCopy.Copy(first, "A-001", target)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_copy_that_cannot_be_whole_leaves_nothing(bool toFile)
    {
        using var first = Opened(toFile ? new PostgresPlace(server) : new FilePlace());
        Fill(first);
        using var target = Opened(toFile ? new FilePlace() : new PostgresPlace(server));
        // Left by somebody under the same id: what would come back is not what was there.
        target.Log(new StoredLogLine { Sweep = "a-001", Step = "stray" });

        Assert.Contains("not what was written", Assert.Throws<OutsideServiceException>(() => StoreCopy.Copy(first, "a-001", target)).Message, StringComparison.Ordinal);
        Assert.Empty(target.Sweeps());
        Assert.Empty(target.Steps("a-001"));
        Assert.Empty(target.Transcripts.Calls("a-001"));
        Assert.Empty(target.Labels.All(Scope));
        Assert.Equal("stray", Assert.Single(target.LogOf("a-001")).Step);
    }

    private static void Fill(SweepStore store)
    {
        Others(store);
        store.Begin(new StoredSweep { Name = "a", Plan = Odd, State = SweepState.Stopped, Turn = 7, Started = "2026" });
        store.Commit(new StoredStep { Sweep = "a-001", Site = "L0H0@last", Stage = "confirm/1", Key = "k", Result = $$"""{"spec_hash": "{{Scope.SpecHash}}"}""" }, [Line("1"), Line(Odd)]);
        store.Commit(new StoredStep { Sweep = "a-001", Site = "L0H0@last", Stage = "causal/1", Key = "k", Result = Odd }, [Line("3")]);
        store.Log(Line("4"));
        for (var i = 0; i < 3; i++)
            store.Transcripts.Of("a-001", "L0H0@last", "llm").Add(Entry(i));
        store.Labels.Add(Scope with { SpecHash = "other" }, [new("1", LabelAnswer.Of("1"))]);
        store.Labels.Add(Scope, [.. Enumerable.Range(0, 600).Select(i => KeyValuePair.Create($"{i}", LabelAnswer.Of($"{i}")))]);
        Assert.True(store.Reviews.TryAdd(Review("one"), 0));
        Assert.True(store.Reviews.TryAdd(Review("two"), store.Reviews.Of("a-001", "h")[^1].Id));
        store.Reviews.Add(new StoredCorrection { Sweep = "a-001", SpecHash = "s", Text = Odd, Label = null });
        store.Reviews.Add(new StoredCorrection { Sweep = "a-001", SpecHash = "s", Text = Odd, Label = "" });
    }

    // So that numbers are not the same in all stores.
    private static void Others(SweepStore store)
    {
        store.Begin(new StoredSweep { Name = "b" });
        store.Log(new StoredLogLine { Sweep = "b-001", Step = "b" });
        store.Transcripts.Of("b-001", "", "llm").Add(Entry(9));
        store.Labels.Add(new LabelScope("b", "m", "p", 0), [new("b", LabelAnswer.Of("b"))]);
        store.Reviews.TryAdd(new StoredReview { Sweep = "b-001", Hypothesis = "h", QueuedBecause = [] }, 0);
    }

    private static void Compare(SweepStore expected, SweepStore actual)
    {
        Assert.Equal((Odd, SweepState.Stopped, null), (actual.Sweep("a-001").Plan, actual.Sweep("a-001").State, actual.Sweep("a-001").Turn));
        Assert.Equal(expected.LogOf("a-001").Select(l => l.Step), actual.LogOf("a-001").Select(l => l.Step));
        Assert.Equal(expected.Steps("a-001").Select(s => (s.Id, s.Result)).Order(), actual.Steps("a-001").Select(s => (s.Id, s.Result)).Order());
        Assert.Equal(expected.Transcripts.Lines("a-001"), actual.Transcripts.Lines("a-001"));
        Assert.Equal(expected.Transcripts.Totals("a-001").All, actual.Transcripts.Totals("a-001").All);
        Assert.Equal(expected.Labels.All(Scope), actual.Labels.All(Scope));
        Assert.Equal("7", actual.Labels.Find(Scope, "7")!.Value.Label);
        Assert.Equal(["one", "two"], actual.Reviews.Of("a-001", "h").Select(r => r.Comment));
        Assert.Equal([(Odd, null), (Odd, "")], actual.Reviews.Corrections("a-001", "s").Select(c => (c.Text, c.Label)));
    }

    private static StoredReview Review(string comment) => new() { Sweep = "a-001", Hypothesis = "h", Comment = comment, QueuedBecause = [Odd] };

    private static StoredLogLine Line(string step) => new() { Sweep = "a-001", Step = step };

    private static TranscriptEntry Entry(int step) => new()
    {
        At = DateTimeOffset.UnixEpoch.AddSeconds(step),
        RequestHash = $"{step}",
        Model = new ChatModel("ollama", "tiny", "sha256:1"),
        Purpose = "propose",
        Step = step,
        PromptId = "p",
        PromptHash = "h",
        System = "Look.",
        User = Odd,
        Seed = 1,
        Temperature = 0,
        MaxReplyTokens = 100,
        Outcome = ChatOutcome.Answered,
        Text = Odd,
        Attempts = [new ChatAttempt { Text = Odd, PromptTokens = 10, ReplyTokens = 2 }],
        Duration = TimeSpan.FromSeconds(1.5),
    };

    private SweepStore Opened(StorePlace place)
    {
        _places.Add(place);
        return place.Open();
    }
}
