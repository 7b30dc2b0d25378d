using InverseScope.Service.Cluster;

namespace InverseScope.Service.Tests.Cluster;

public sealed class ComputeLaneTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Calls_of_one_key_that_wait_are_computed_together_and_each_gets_its_own()
    {
        using var lane = new ComputeLane();
        using var gate = new ManualResetEventSlim();
        var batches = new List<int>();
        var first = Run(lane, "", 0, asks => gate.Wait(Patience));
        var rest = Enumerable.Range(1, 5).Select(k => Run(lane, "m", k, asks => batches.Add(asks.Count))).ToArray();
        var other = Run(lane, "n", 9, asks => batches.Add(asks.Count));
        Assert.Equal(7, lane.Tickets.Length);
        gate.Set();
        await first.WaitAsync(Patience);
        var results = await Task.WhenAll(rest).WaitAsync(Patience);
        Assert.Equal([2, 4, 6, 8, 10], results);
        Assert.Equal(18, await other.WaitAsync(Patience));
        Assert.Equal([5, 1], batches);
        Assert.Equal((7, 0), (lane.Calls, lane.Tickets.Length));
    }

    [Fact]
    public async Task One_that_fails_does_not_fail_those_beside_it()
    {
        using var lane = new ComputeLane();
        using var gate = new ManualResetEventSlim();
        var blocking = Run(lane, "", 0, _ => gate.Wait(Patience));
        var good = Run(lane, "m", 1, Refuse);
        var bad = Run(lane, "m", 13, Refuse);
        gate.Set();
        await blocking.WaitAsync(Patience);
        Assert.Equal(2, await good.WaitAsync(Patience));
        await Assert.ThrowsAsync<InvalidOperationException>(() => bad.WaitAsync(Patience));

        static void Refuse(IReadOnlyList<int> asks)
        {
            if (asks.Contains(13))
                throw new InvalidOperationException("13");
        }
    }

    [Fact]
    public async Task Calls_of_two_kinds_with_one_key_are_not_taken_together()
    {
        using var lane = new ComputeLane();
        using var gate = new ManualResetEventSlim();
        var blocking = Run(lane, "", 0, _ => gate.Wait(Patience));
        var words = lane.Run<IReadOnlyList<string>, int>(Guid.NewGuid(), "m", ["a", "b"], (asks, _) => [.. asks.Select(a => a.Count)], CancellationToken.None);
        var numbers = lane.Run<IReadOnlyList<int>, int>(Guid.NewGuid(), "m", [1, 2, 3], (asks, _) => [.. asks.Select(a => a.Count)], CancellationToken.None);
        gate.Set();
        await blocking.WaitAsync(Patience);
        Assert.Equal((2, 3), ((await words.WaitAsync(Patience)).Result, (await numbers.WaitAsync(Patience)).Result));
    }

    [Fact]
    public async Task What_was_cancelled_while_it_waited_is_not_computed()
    {
        using var lane = new ComputeLane();
        using var gate = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        var blocking = Run(lane, "", 0, _ => gate.Wait(Patience));
        var computed = false;
        var given = Run(lane, "", 1, _ => computed = true, cancel.Token);
        await cancel.CancelAsync();
        gate.Set();
        await blocking.WaitAsync(Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given.WaitAsync(Patience));
        Assert.False(computed);
    }

    private static async Task<int> Run(ComputeLane lane, string merge, int ask, Action<IReadOnlyList<int>> before, CancellationToken cancel = default) =>
        (await lane.Run<int, int>(
            Guid.NewGuid(), merge, ask,
            (asks, _) =>
            {
                before(asks);
                return [.. asks.Select(a => 2 * a)];
            },
            cancel)).Result;
}
