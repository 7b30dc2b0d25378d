using InverseScope.Core;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Store;

public sealed class FileSweepStoreTests() : SweepStoreContract(new FilePlace());

public sealed class PostgresSweepStoreTests(PostgresServer server) : SweepStoreContract(new PostgresPlace(server));

public abstract class SweepStoreContract(StorePlace place) : IDisposable
{
    [Fact]
    public void What_was_committed_is_there_after_reopening()
    {
        using (var store = place.Open())
        {
            var sweep = store.Begin(new StoredSweep { Name = "a", State = SweepState.Running });
            Assert.Equal("a-001", sweep.Id);
            store.Commit(Step("a-001", "L0H0@last", "propose", "k1", "{}"), [new StoredLogLine { Sweep = "a-001", Step = "x" }]);
            store.Commit(Step("a-001", "L0H0@last", "propose", "k2", "[1]"), [new StoredLogLine { Sweep = "a-001", Step = "y" }]);
            store.Change(sweep.Id, s => s.State = SweepState.Finished);
        }

        using var again = place.Open();
        Assert.Equal(SweepState.Finished, again.Sweep("a-001").State);
        Assert.Null(again.Find("a-001", "L0H0@last", "propose", "k1"));
        Assert.Equal("[1]", again.Find("a-001", "L0H0@last", "propose", "k2")!.Result);
        Assert.Equal(["x", "y"], again.LogOf("a-001").Select(l => l.Step));
        Assert.Single(again.Steps("a-001"));
        Assert.Equal("a-002", again.Begin(new StoredSweep { Name = "a" }).Id);
    }

    [Fact]
    public void An_unknown_sweep_is_named_with_the_nearest()
    {
        using var store = place.Open();
        Assert.Contains("none yet", Assert.Throws<BadInputException>(() => store.Sweep("x")).Message, StringComparison.Ordinal);
        store.Begin(new StoredSweep { Name = "counting" });
        Assert.Contains("Did you mean 'counting-001'?", Assert.Throws<BadInputException>(() => store.Sweep("countin-001")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sweeps_of_one_name_that_begin_at_once_have_an_id_each()
    {
        using var store = place.Open();
        var begun = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => store.Begin(new StoredSweep { Name = "a" }).Id)));
        Assert.Equal(Enumerable.Range(1, 20).Select(i => $"a-{i:000}"), begun.Order(StringComparer.Ordinal));
        Assert.Equal(20, store.Begun);
    }

    [Fact]
    public void An_id_in_other_letters_is_no_sweeps()
    {
        using var store = place.Open();
        store.Begin(new StoredSweep { Name = "counting" });
        Assert.Throws<BadInputException>(() => store.Sweep("Counting-001"));
        Assert.Throws<BadInputException>(() => store.Change("COUNTING-001", s => s.State = SweepState.Failed));
        Assert.Equal(0, store.ChangesOf("counting-001"));
        store.Change("counting-001", s => s.State = SweepState.Failed);
        Assert.Equal(1, store.ChangesOf("counting-001"));
    }

    [Fact]
    public void A_step_that_is_there_stays_and_its_log_lines_are_not_added_again()
    {
        using var store = place.Open();
        Assert.True(store.Commit(Step("a-001", "s", "propose", "k", "first"), [Line("x")]));
        Assert.False(store.Commit(Step("a-001", "s", "propose", "k", "second"), [Line("y")]));
        Assert.Equal("first", store.Find("a-001", "s", "propose", "k")!.Result);
        Assert.True(store.Commit(Step("a-001", "s", "propose", "other", "third"), [Line("z")]));
        Assert.Equal("third", Assert.Single(store.Steps("a-001")).Result);
        Assert.Equal(["x", "z"], store.LogOf("a-001").Select(l => l.Step));
    }

    [Fact]
    public async Task Of_many_who_commit_one_step_at_once_one_does()
    {
        using var store = place.Open();
        var written = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() =>
            store.Commit(Step("a-001", "s", "propose", "k", $"{i}"), [Line($"{i}")]))));
        var first = Array.IndexOf(written, true);
        Assert.Single(written, w => w);
        Assert.Equal($"{first}", store.Find("a-001", "s", "propose", "k")!.Result);
        Assert.Equal($"{first}", Assert.Single(store.LogOf("a-001")).Step);
    }

    [Fact]
    public void Whoever_was_taken_over_from_writes_nothing_more()
    {
        using var store = place.Open();
        var sweep = store.Begin(new StoredSweep { Name = "a" }).Id;
        var old = store.TakeOver("a-001 s");
        Assert.Equal(new StoreFence("a-001 s", 1), old);
        Assert.True(store.Commit(Step(sweep, "s", "one", "k", "1"), [Line("x")], old));
        store.Change(sweep, s => s.StopReason = "old", old);
        store.Log(Line("y"), old);
        store.Check(old);

        using (var other = place.Killed())
        {
            if (other.Name == store.Name)
                Assert.Equal(2, other.TakeOver("a-001 s").Token);
            else
                Assert.Equal(2, store.TakeOver("a-001 s").Token);
        }

        Assert.Contains("taken over", Assert.Throws<FencedException>(() => store.Commit(Step(sweep, "s", "two", "k", "2"), [Line("z")], old)).Message, StringComparison.Ordinal);
        Assert.Throws<FencedException>(() => store.Commit(Step(sweep, "s", "one", "k", "2"), [Line("z")], old));
        Assert.Throws<FencedException>(() => store.Change(sweep, s => s.StopReason = "late", old));
        Assert.Throws<FencedException>(() => store.Log(Line("z"), old));
        Assert.Throws<FencedException>(() => store.Check(old));
        Assert.Throws<FencedException>(() => store.Check(new StoreFence("never taken", 1)));
        Assert.Throws<FencedException>(() => store.Log(Line("z"), new StoreFence("never taken", 1)));
        Assert.Throws<FencedException>(() => store.Log(Line("z"), old with { Token = 3 }));

        var now = old with { Token = 2 };
        store.Check(now);
        Assert.False(store.Commit(Step(sweep, "s", "one", "k", "3"), [], now));
        Assert.True(store.Commit(Step(sweep, "s", "two", "k", "3"), [], now));
        Assert.Equal("old", store.Sweep(sweep).StopReason);
        Assert.Equal(["x", "y"], store.LogOf(sweep).Select(l => l.Step));
        Assert.Equal(1, store.TakeOver("A-001 S").Token);
        Assert.Equal(3, store.TakeOver("a-001 s").Token);
    }

    [Fact]
    public async Task Take_overs_at_once_have_a_token_each()
    {
        using var store = place.Open();
        var fences = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Task.Run(() => store.TakeOver("s"))));
        Assert.Equal(Enumerable.Range(1, 12).Select(i => (long)i), fences.Select(f => f.Token).Order());
        Assert.All(fences.Where(f => f.Token < 12), f => Assert.Throws<FencedException>(() => store.Log(Line("x"), f)));
        store.Log(Line("x"), fences.Single(f => f.Token == 12));
    }

    [Fact]
    public async Task Changes_at_once_lose_nothing()
    {
        using var store = place.Open();
        var sweep = store.Begin(new StoredSweep { Name = "a", StopReason = "" }).Id;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => store.Change(sweep, s => s.StopReason += (char)('a' + i)))));
        Assert.Equal(Enumerable.Range(0, 16).Select(i => (char)('a' + i)), store.Sweep(sweep).StopReason!.Order());
        Assert.Equal(16, store.ChangesOf(sweep));
    }

    [Fact]
    public void All_of_a_row_comes_back_to_the_letter()
    {
        const string odd = " \0 \u0001 \"\\\\0 \r\n á a\u0301 \ufffe 日本語 👍 ";
        using (var store = place.Open())
        {
            store.Begin(new StoredSweep
            {
                Name = "a",
                Plan = odd,
                Specs = ["", odd],
                Given = null,
                Command = "",
                State = SweepState.Failed,
                WorkSeconds = 0.1 + 0.2,
                EarlierSeconds = 0.1,
                Limits = new StoredLimits { Minutes = 1e-300, LanguageModelTokens = long.MaxValue },
                Turn = -1,
            });
            store.Commit(new StoredStep { Sweep = "a-001", Site = odd, Stage = "p", Key = odd, Seconds = 1e300, Result = odd }, [new StoredLogLine { Sweep = "a-001", Detail = odd }]);
        }

        using var again = place.Open();
        var sweep = again.Sweep("a-001");
        Assert.Equal(
            (odd, null, "", SweepState.Failed, 0.1 + 0.2, 0.1, -1L),
            (sweep.Plan, sweep.Given, sweep.Command, sweep.State, sweep.WorkSeconds, sweep.EarlierSeconds, sweep.Turn));
        Assert.Equal(["", odd], sweep.Specs);
        Assert.Equal((1e-300, null, long.MaxValue), (sweep.Limits!.Minutes, sweep.Limits.Samples, sweep.Limits.LanguageModelTokens));
        var step = again.Find("a-001", odd, "p", odd)!;
        Assert.Equal((odd, 1e300), (step.Result, step.Seconds));
        Assert.Equal(odd, Assert.Single(again.LogOf("a-001")).Detail);
        Assert.Throws<BadInputException>(() => again.Sweep("\0"));
        Assert.ThrowsAny<ArgumentException>(() => again.Log(new StoredLogLine { Sweep = "a-001", Detail = "half \ud83d" }));
        Assert.Single(again.LogOf("a-001"));
    }

    public void Dispose()
    {
        place.Dispose();
        GC.SuppressFinalize(this);
    }

    private static StoredLogLine Line(string step) => new() { Sweep = "a-001", Step = step };

    private static StoredStep Step(string sweep, string site, string stage, string key, string result) =>
        new() { Sweep = sweep, Site = site, Stage = stage, Key = key, Result = result };
}
