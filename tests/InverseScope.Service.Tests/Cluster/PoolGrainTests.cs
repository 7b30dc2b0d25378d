using InverseScope.Service.Cluster;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>The place that knows the workers tells who is there and who waits, and gives nobody to a worker that is silent.</summary>
[Collection(GrainCollection.Name)]
public sealed class PoolGrainTests(GrainSilo silo) : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private IPoolGrain Pool => silo.Pool;

    public async ValueTask InitializeAsync() => await silo.LeaveAsync();

    public async ValueTask DisposeAsync()
    {
        await Pool.Leave("first");
        await Pool.Leave("second");
    }

    [Fact]
    public async Task A_worker_that_is_silent_is_forgotten_and_who_waits_is_told_of_and_gets_the_next()
    {
        var (runs, waits) = (Ticket("runs"), Ticket("waits"));
        await Pool.Announce(Card("first"));
        Assert.Equal("first", await Pool.Acquire(runs));
        var acquired = Pool.Acquire(waits);
        await GrainSilo.UntilAsync(async () => (await OwnersAsync()).Contains(("waits", 1, 0)));
        Assert.Contains(("runs", 0, 1), await OwnersAsync());

        silo.Clock.Advance(ComputePool.WorkerSilence + Second);
        await GrainSilo.UntilAsync(async () => !(await Pool.Look()).Workers.Any(w => w.Card.Id == "first"));
        Assert.Contains(("waits", 1, 0), await OwnersAsync());
        await Pool.Announce(Card("second"));
        Assert.Equal("second", await acquired);
        await Pool.Release(waits.Id, 2);
        await GrainSilo.UntilAsync(async () => (await Pool.Look()).Owners.Single(o => o.Owner == "waits").Seconds == 2);
    }

    [Fact]
    public async Task Who_waited_for_long_asks_again_and_keeps_its_place()
    {
        var (first, second) = (Ticket("early"), Ticket("late"));
        var asked = Pool.Acquire(first);
        await GrainSilo.UntilAsync(async () => (await OwnersAsync()).Contains(("early", 1, 0)));
        silo.Clock.Advance(20 * Second);
        Assert.Null(await asked);

        var late = Pool.Acquire(second);
        await GrainSilo.UntilAsync(async () => (await OwnersAsync()).Contains(("late", 1, 0)));
        await Pool.Announce(Card("first"));
        Assert.Equal("first", await Pool.Acquire(first));
        await Pool.Release(first.Id, 0);
        Assert.Equal("first", await late);
        await Pool.Release(second.Id, 0);
    }

    [Fact]
    public async Task A_worker_that_does_not_answer_gets_nothing_until_it_tells_of_itself()
    {
        await Pool.Announce(Card("first"));
        await Pool.Suspect("first");
        var ticket = Ticket("hopes");
        var acquired = Pool.Acquire(ticket);
        await GrainSilo.UntilAsync(async () => (await OwnersAsync()).Contains(("hopes", 1, 0)));
        Assert.Empty((await Pool.Look()).Workers);
        await Pool.Announce(Card("first"));
        Assert.Equal("first", await acquired);
        await Pool.Release(ticket.Id, 0);
    }

    [Fact]
    public async Task Who_waits_does_not_keep_a_service_from_its_end()
    {
        await using var other = new GrainSilo();
        await other.InitializeAsync();
        var asked = other.Pool.Acquire(Ticket("waits"));
        await GrainSilo.UntilAsync(async () => (await other.Pool.Look()).Owners.Any(o => o.Waiting == 1));
        other.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        await Assert.ThrowsAsync<TimeoutException>(() => asked);
    }

    private static CallTicket Ticket(string owner) => new(Guid.NewGuid(), owner, 1, "target", "", "", []);

    private static WorkerCard Card(string id) => new(id, "host", 1, "cpu", "test", null, [], [], [], [], [], 0, 0);

    private async Task<(string Owner, int Waiting, int Running)[]> OwnersAsync() =>
        [.. (await Pool.Look()).Owners.Select(o => (o.Owner, o.Waiting, o.Running))];
}
