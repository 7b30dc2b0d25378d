using CsCheck;
using InverseScope.Service.Cluster;
using Microsoft.Extensions.Time.Testing;

namespace InverseScope.Service.Tests.Cluster;

public sealed class ComputePoolTests
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UnixEpoch);
    private readonly ComputePool _pool;
    private readonly List<(string Owner, string Worker)> _given = [];
    private readonly Dictionary<Guid, string> _at = [];

    public ComputePoolTests() => _pool = new ComputePool(_clock);

    [Fact]
    public void A_worker_has_one_call_at_a_time()
    {
        Announce("w1");
        var first = Ask("a");
        Ask("a");
        Assert.Equal(("a", "w1"), Assert.Single(_given));
        _pool.Release(first, 2);
        Assert.Equal(2, _given.Count);
    }

    [Fact]
    public void Calls_that_can_be_computed_together_go_to_the_same_worker_at_once()
    {
        Announce("w1");
        Ask("a", merge: "m");
        Ask("b", merge: "m");
        Ask("c", merge: "other");
        Assert.Equal([("a", "w1"), ("b", "w1")], _given);
    }

    [Fact]
    public void A_worker_takes_what_it_has_loaded_before_what_others_have()
    {
        Announce("w1", prepared: ["g1"]);
        Announce("w2", prepared: ["g2"]);
        var (one, two) = (Ask("a"), Ask("a"));
        Ask("a", group: "g2");
        Ask("a", group: "g1");
        _given.Clear();
        _pool.Release(_at[one] == "w1" ? one : two, 1);
        Assert.Equal("g1", GroupOf(Assert.Single(_given)));
        Assert.Equal("w1", _given[0].Worker);
    }

    [Fact]
    public void What_another_worker_has_prepared_is_taken_all_the_same_where_nothing_else_waits()
    {
        Announce("w1", prepared: ["g1"]);
        Ask("a", group: "g1");
        Announce("w2");
        Ask("a", group: "g1");
        Assert.Equal(["w1", "w2"], _given.Select(g => g.Worker));
    }

    [Theory]
    [InlineData(1, 1, 0.5)]
    [InlineData(4, 1, 0.8)]
    [InlineData(16, 4, 0.8)]
    public void Owners_share_the_time_as_their_weights_say(double weight, double other, double share)
    {
        Announce("w1");
        // One whose calls take three times as long must not get three times as much.
        var seconds = new Dictionary<string, double> { ["a"] = 1, ["b"] = 3 };
        for (var k = 0; k < 4; k++)
        {
            Ask("a", weight);
            Ask("b", other);
        }

        var used = new Dictionary<string, double> { ["a"] = 0, ["b"] = 0 };
        for (var round = 0; round < 400; round++)
        {
            var (owner, _) = _given[^1];
            var ticket = _at.Keys.Last();
            _at.Clear();
            used[owner] += seconds[owner];
            Ask(owner, owner == "a" ? weight : other);
            _pool.Release(ticket, seconds[owner]);
        }

        Assert.Equal(share, used["a"] / (used["a"] + used["b"]), 0.03);
    }

    [Fact]
    public void Who_comes_late_has_no_claim_on_the_time_before()
    {
        Announce("w1");
        var ticket = Ask("old");
        for (var k = 0; k < 50; k++)
        {
            Ask("old");
            _pool.Release(ticket, 10);
            ticket = _at.Keys.Last();
        }

        Ask("old");
        Ask("late");
        Ask("late");
        _given.Clear();
        _pool.Release(ticket, 10);
        _pool.Release(_at.Keys.Last(), 10);
        Assert.Equal(["late", "old"], _given.Select(g => g.Owner).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_a_worker_that_is_gone_had_can_be_asked_for_again()
    {
        Announce("w1");
        var lost = Ask("a");
        _clock.Advance(ComputePool.WorkerSilence + TimeSpan.FromSeconds(1));
        Assert.Equal(["w1"], _pool.Sweep());
        Assert.Equal(0, _pool.Workers);
        Announce("w2");
        Ask("a");
        Assert.Equal(["w1", "w2"], _given.Select(g => g.Worker));
        _pool.Release(lost, 5);
    }

    [Fact]
    public void A_call_whose_caller_died_gives_its_worker_back()
    {
        Announce("w1");
        Ask("dead");
        Ask("a");
        Assert.Single(_given);
        // The worker tells that it has nothing.
        for (var k = 0; k < 15; k++)
        {
            _clock.Advance(TimeSpan.FromSeconds(2));
            Announce("w1");
            _pool.Sweep();
        }

        Assert.Equal(["dead", "a"], _given.Select(g => g.Owner));
    }

    [Fact]
    public void A_place_that_was_rebuilt_gives_no_worker_two_calls()
    {
        var running = Guid.NewGuid();
        Announce("w1", tickets: [running]);
        Ask("a");
        Assert.Empty(_given);
        _pool.Release(running, 1);
        Assert.Single(_given);
    }

    [Fact]
    public void A_worker_that_tells_of_a_call_after_its_answer_came_is_free_all_the_same()
    {
        Announce("w1");
        var ended = Ask("a");
        _pool.Release(ended, 2);
        Announce("w1", tickets: [ended]);
        Ask("a");
        Assert.Equal(2, _given.Count);
    }

    [Fact]
    public void A_worker_that_still_computes_what_its_caller_gave_up_gets_nothing_else()
    {
        Announce("w1");
        var left = Ask("a");
        _pool.Release(left, null);
        Announce("w1", tickets: [left]);
        Ask("a");
        Assert.Single(_given);
    }

    [Fact]
    public void A_ticket_that_nobody_asks_for_any_more_is_forgotten()
    {
        Ask("gone");
        _clock.Advance(ComputePool.TicketSilence + TimeSpan.FromSeconds(1));
        _pool.Sweep();
        Announce("w1");
        Assert.Empty(_given);
    }

    [Fact]
    public void A_worker_that_could_not_do_it_is_not_asked_again()
    {
        Announce("w1");
        Ask("a", without: ["w1"]);
        Assert.Empty(_given);
        Announce("w2");
        Assert.Equal(("a", "w2"), Assert.Single(_given));
    }

    [Fact]
    public void Who_asks_again_with_the_same_ticket_keeps_its_place_and_its_worker()
    {
        var first = Ask("a");
        Ask("a");
        Ask("a", id: first);
        Announce("w1");
        Assert.Equal("w1", _at[first]);
        Ask("a", id: first);
        Assert.Single(_given);
    }

    [Fact]
    public void Whatever_comes_and_goes_no_worker_has_two_calls_and_no_call_two_workers()
    {
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3]).List[1, 60].Sample(steps =>
        {
            var clock = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
            var pool = new ComputePool(clock);
            var (running, asked) = (new Dictionary<Guid, string>(), new List<Guid>());
            void Card(int w) => pool.Announce(CardOf($"w{w}", [.. running.Where(r => r.Value == $"w{w}").Select(r => r.Key)]));
            foreach (var (kind, which) in steps)
            {
                switch (kind)
                {
                    case 0:
                        Card(which);
                        break;
                    case 1 or 2:
                        var id = Guid.NewGuid();
                        asked.Add(id);
                        pool.Wait(new CallTicket(id, $"o{which}", 1 + which, "t", "", "", []), worker => Assert.True(running.TryAdd(id, worker)));
                        break;
                    case 3 when running.Count > 0:
                        var ended = running.Keys.ElementAt(which % running.Count);
                        running.Remove(ended);
                        pool.Release(ended, which);
                        break;
                    case 4:
                        foreach (var lost in running.Where(r => r.Value == $"w{which}").Select(r => r.Key).ToArray())
                            running.Remove(lost);
                        pool.Remove($"w{which}");
                        break;
                    default:
                        clock.Advance(TimeSpan.FromSeconds(which));
                        for (var w = 0; w < 4; w++)
                        {
                            if (pool.Look().Workers.Any(k => k.Card.Id == $"w{w}"))
                                Card(w);
                        }

                        pool.Sweep();
                        break;
                }

                Assert.Equal(running.Count, running.Values.Distinct().Count());
            }

            // Nobody waits while a worker is free.
            var free = pool.Look().Workers.Count(w => !running.ContainsValue(w.Card.Id));
            Assert.True(free == 0 || pool.Look().Owners.Sum(o => o.Waiting) == 0);
        });
    }

    private static WorkerCard CardOf(string id, Guid[] tickets, string[]? prepared = null) =>
        new(id, "host", 1, "cpu", "1", null, ["t"], prepared ?? [], [], [], tickets, 0, 0);

    private static string GroupOf((string Owner, string Worker) given) => given.Worker == "w1" ? "g1" : "g2";

    private void Announce(string id, string[]? prepared = null, Guid[]? tickets = null) => _pool.Announce(CardOf(id, tickets ?? [], prepared));

    private Guid Ask(string owner, double weight = 1, string group = "", string merge = "", string[]? without = null, Guid? id = null)
    {
        var ticket = id ?? Guid.NewGuid();
        _pool.Wait(new CallTicket(ticket, owner, weight, "t", group, merge, without ?? []), worker =>
        {
            if (_at.TryAdd(ticket, worker))
                _given.Add((owner, worker));
        });
        return ticket;
    }
}
