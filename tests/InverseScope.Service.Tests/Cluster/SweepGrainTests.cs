using InverseScope.Service.Cluster;
using InverseScope.Service.Tests.Desk;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>A sweep of a cluster runs once, as whoever asked last wants it, whatever keeps that from being written.</summary>
[Collection(GrainCollection.Name)]
public sealed class SweepGrainTests(GrainSilo silo) : IAsyncLifetime
{
    private static readonly string[] Sites = ["L0H0@last", "L0H1@last", "L1H0@last"];

    private readonly Hold _hold = new(silo.Compute, Sites[1]);

    // What the store does from the end of a run on, which waits for it.
    private readonly TaskCompletionSource<Action> _atEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask InitializeAsync() => await silo.AnnounceAsync();

    public ValueTask DisposeAsync()
    {
        _atEnd.TrySetResult(() => { });
        silo.WatchStore(() => { });
        _hold.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_sweep_that_is_started_twice_runs_once()
    {
        var id = silo.Begin("twice");
        await Task.WhenAll(silo.Sweep(id).Start(), silo.Sweep(id).Start());
        await _hold.ReachedAsync();
        await silo.Sweep(id).Start();
        await silo.TickAsync(id);
        _hold.Release();

        await silo.FinishedAsync(id);
        Assert.Equal((SweepState.Finished, "finished", null), silo.Stored(id));
        AssertOnce(id);
        Assert.Equal(1, silo.Runs(id));
    }

    [Fact]
    public async Task One_that_is_interrupted_and_asked_for_again_before_it_ended_runs_again()
    {
        var id = await EndingAsync("again");
        await silo.Sweep(id).Start();
        LetEnd(() => { });

        await silo.FinishedAsync(id);
        AssertOnce(id);
        Assert.Equal(2, silo.Runs(id));
    }

    [Fact]
    public async Task One_that_is_interrupted_again_after_that_stays_so()
    {
        var id = await EndingAsync("after");
        await silo.Sweep(id).Start();
        Assert.True(await silo.Sweep(id).Interrupt("paused"));
        LetEnd(() => { });

        await silo.EndedAsync(id);
        Assert.Equal((SweepState.Stopped, "paused", null), silo.Stored(id));
        Assert.Equal(1, silo.Runs(id));
    }

    [Fact]
    public async Task What_only_waits_is_interrupted_at_once_and_what_is_done_is_left_so()
    {
        var (waits, done) = (silo.Begin("waits"), silo.Begin("done"));
        silo.Store.Change(done, s => (s.State, s.StopReason, s.Turn) = (SweepState.Finished, "finished", null));

        Assert.True(await silo.Sweep(waits).Interrupt("user"));
        Assert.False(await silo.Sweep(done).Interrupt("user"));
        Assert.Equal((SweepState.Stopped, "user", null), silo.Stored(waits));
        Assert.Equal((SweepState.Finished, "finished", null), silo.Stored(done));
    }

    [Fact]
    public async Task The_reminder_of_what_is_not_to_go_on_ends_and_begins_nothing()
    {
        var (done, brokeOff) = (silo.Begin("over"), silo.Begin("broke-off", turn: null));
        silo.Store.Change(done, s => (s.State, s.StopReason, s.Turn) = (SweepState.Finished, "finished", null));
        foreach (var id in new[] { done, brokeOff, "taken-out-001" })
        {
            await silo.RemindAsync(id);
            await silo.TickAsync(id);
            Assert.False(await silo.IsRemindedAsync(id));
            Assert.Equal(0, silo.Runs(id));
        }
    }

    [Fact]
    public async Task The_reminder_of_what_is_to_go_on_begins_it()
    {
        var id = silo.Begin("left");
        await silo.RemindAsync(id);
        await silo.TickAsync(id);
        await _hold.ReachedAsync();
        Assert.True(await silo.IsRemindedAsync(id));
        _hold.Release();

        await silo.FinishedAsync(id);
        AssertOnce(id);
    }

    [Fact]
    public async Task A_run_that_another_took_over_ends_and_leaves_what_is_stored_as_it_is()
    {
        var id = silo.Begin("fenced");
        await silo.Sweep(id).Start();
        await _hold.ReachedAsync();
        foreach (var scope in Sites.Select(s => SiteWorks.KeyOf(id, s)).Prepend(id))
            silo.Store.TakeOver(scope);
        var (steps, log) = (StepsOf(id), silo.Store.LogOf(id).Count);
        _hold.Release();

        await silo.EndedAsync(id);
        Assert.Equal((SweepState.Running, null, 1), silo.Stored(id));
        Assert.Equal(steps, StepsOf(id));
        Assert.Equal(log, silo.Store.LogOf(id).Count);
        Assert.False(File.Exists(Path.Combine(silo.Home.Sweep(id), "report.json")));
        // Should the other die, too.
        Assert.True(await silo.IsRemindedAsync(id));
        await silo.TickAsync(id);
        await silo.FinishedAsync(id);
        AssertOnce(id);
    }

    [Fact]
    public async Task A_run_that_another_took_over_is_not_begun_again_here_for_who_asked_while_it_ended()
    {
        var id = await HeldAsync("taken");
        foreach (var scope in Sites.Select(s => SiteWorks.KeyOf(id, s)).Prepend(id))
            silo.UnwatchedStore.TakeOver(scope);
        Assert.True(await silo.Sweep(id).Interrupt("user"));
        await silo.Sweep(id).Start();
        LetEnd(() => { });

        await silo.EndedAsync(id);
        // Begun anew it would have another turn.
        Assert.Equal((SweepState.Running, null, 1), silo.Stored(id));
        await silo.TickAsync(id);
        await silo.FinishedAsync(id);
        AssertOnce(id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_interruption_that_the_store_did_not_take_is_written_once_it_is_there_again(bool byReminder)
    {
        var id = await InterruptedAwayAsync($"away-{(byReminder ? "reminded" : "taken-up")}");
        // It is tried in vain.
        await silo.TickAsync(id);
        silo.WatchStore(() => { });
        Assert.Equal((SweepState.Running, null, 1), silo.Stored(id));

        await (byReminder ? silo.TickAsync(id) : silo.Sweep(id).GoOn());
        Assert.Equal((SweepState.Stopped, "user", null), silo.Stored(id));
        await silo.TickAsync(id);
        Assert.False(await silo.IsRemindedAsync(id));
        Assert.Equal(1, silo.Runs(id));
    }

    [Fact]
    public async Task One_that_is_asked_for_again_while_its_interruption_could_not_be_written_goes_on()
    {
        var id = await InterruptedAwayAsync("wanted");
        silo.WatchStore(() => { });
        await silo.Sweep(id).Start();

        await silo.FinishedAsync(id);
        AssertOnce(id);
    }

    [Fact]
    public async Task One_that_was_asked_for_again_runs_again_though_the_store_was_away_at_its_end()
    {
        var id = await EndingAsync("resumed");
        await silo.Sweep(id).Start();
        LetEnd(Away);
        await silo.EndedAsync(id);
        silo.WatchStore(() => { });
        await silo.TickAsync(id);

        await silo.FinishedAsync(id);
        AssertOnce(id);
        Assert.Equal(2, silo.Runs(id));
    }

    private static void Away() => throw new StoreAwayException("The store is away.");

    // Interrupted, and about to write that.
    private async Task<string> EndingAsync(string name)
    {
        var id = await HeldAsync(name);
        Assert.True(await silo.Sweep(id).Interrupt("user"));
        return id;
    }

    // At a site, and the store does nothing either: whatever ends a run, it does not end before that is let go.
    private async Task<string> HeldAsync(string name)
    {
        var id = silo.Begin(name);
        await silo.Sweep(id).Start();
        await _hold.ReachedAsync();
        silo.WatchStore(() => _atEnd.Task.GetAwaiter().GetResult()());
        return id;
    }

    private void LetEnd(Action store)
    {
        _atEnd.SetResult(store);
        _hold.Release();
    }

    private async Task<string> InterruptedAwayAsync(string name)
    {
        var id = silo.Begin(name);
        await silo.Sweep(id).Start();
        await _hold.ReachedAsync();
        silo.WatchStore(Away);
        Assert.True(await silo.Sweep(id).Interrupt("user"));
        _hold.Release();
        await silo.EndedAsync(id);
        return id;
    }

    private string[] StepsOf(string id) => [.. silo.Store.Steps(id).Where(s => s.Site.Length > 0).Select(s => $"{s.Site} {s.Stage}").Order(StringComparer.Ordinal)];

    // Each stage of each site, in the results and in the log.
    private void AssertOnce(string id)
    {
        var steps = StepsOf(id);
        Assert.Equal(steps, silo.Store.LogOf(id).Where(l => l.Site.Length > 0).Select(l => $"{l.Site} {l.Step}").Order(StringComparer.Ordinal));
        Assert.Equal(steps.Distinct(StringComparer.Ordinal), steps);
        Assert.Equal(Sites, steps.Select(s => s[..s.IndexOf(' ', StringComparison.Ordinal)]).Distinct(StringComparer.Ordinal));
    }
}
