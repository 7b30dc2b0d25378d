using InverseScope.Service.Cluster;
using InverseScope.Sweeps;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>A site of a sweep is worked on once at a time, and given up where that ends one process after another.</summary>
[Collection(GrainCollection.Name)]
public sealed class SiteRunGrainTests(GrainSilo silo)
{
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _worked;

    private SiteWorks Works => silo.Services.GetRequiredService<SiteWorks>();

    [Fact]
    public async Task A_site_that_is_asked_for_twice_at_once_is_worked_on_once()
    {
        var (grain, work) = Add("twice|site");
        var asked = Task.WhenAll(grain.Run(work.Run), grain.Run(work.Run));
        await _begun.Task;
        _goOn.SetResult();

        Assert.Equal([SiteRunState.Ended, SiteRunState.Ended], await asked);
        Assert.Equal(SiteRunState.Ended, await grain.Run(work.Run));
        Assert.Equal((1, SiteOutcome.Done), (_worked, await work.Outcome));
    }

    [Fact]
    public async Task What_takes_long_is_asked_for_again_and_again()
    {
        var (grain, work) = Add("long|site");
        await LeaveRunningAsync(grain, work);
        _goOn.SetResult();

        Assert.Equal(SiteRunState.Ended, await grain.Run(work.Run));
        Assert.Equal((1, SiteOutcome.Done), (_worked, await work.Outcome));
    }

    [Fact]
    public async Task What_a_later_run_of_the_sweep_asks_for_begins_when_the_earlier_work_has_ended()
    {
        var (grain, first) = Add("later|site");
        await LeaveRunningAsync(grain, first);
        var (_, second) = Add("later|site");
        await LeaveRunningAsync(grain, second);
        Assert.Equal(1, _worked);
        _goOn.SetResult();

        Assert.Equal(SiteRunState.Ended, await grain.Run(second.Run));
        Assert.Equal((2, SiteOutcome.Done, SiteOutcome.Done), (_worked, await first.Outcome, await second.Outcome));
    }

    [Fact]
    public async Task What_this_process_has_no_work_for_is_elsewhere() =>
        Assert.Equal(SiteRunState.Elsewhere, await silo.Grains.GetGrain<ISiteRunGrain>("elsewhere|site").Run(Guid.NewGuid()));

    [Theory]
    [InlineData(9, 1)]
    [InlineData(10, 0)]
    public async Task What_ends_its_process_again_and_again_is_given_up(int lost, int worked)
    {
        var key = $"deadly-{lost}|site";
        var state = new GrainState<SiteRunRecord> { State = new SiteRunRecord { Lost = lost, IsUnderWay = true } };
        await silo.Services.GetRequiredKeyedService<IGrainStorage>(ClusterHost.Storage).WriteStateAsync("run", silo.Grains.GetGrain<ISiteRunGrain>(key).GetGrainId(), state);
        _goOn.SetResult();
        var (grain, work) = Add(key);

        Assert.Equal(SiteRunState.Ended, await grain.Run(work.Run));
        Assert.Equal(worked, _worked);
        Assert.Equal(worked == 1 ? SiteOutcome.Done : SiteOutcome.Failed("the process that worked on it died 11 times"), await work.Outcome);
    }

    // Asks until it is told that it goes on.
    private async Task LeaveRunningAsync(ISiteRunGrain grain, SiteWork work)
    {
        var asked = grain.Run(work.Run);
        await _begun.Task;
        await GrainSilo.UntilAsync(() =>
        {
            silo.Clock.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(asked.IsCompleted);
        });
        Assert.Equal(SiteRunState.Running, await asked);
    }

    private (ISiteRunGrain Grain, SiteWork Work) Add(string key)
    {
        var work = new SiteWork(
            Guid.NewGuid(),
            (_, cancel) =>
            {
                Interlocked.Increment(ref _worked);
                _begun.TrySetResult();
                _goOn.Task.Wait(cancel);
                return SiteOutcome.Done;
            },
            TestContext.Current.CancellationToken);
        Works.Add(key, work);
        return (silo.Grains.GetGrain<ISiteRunGrain>(key), work);
    }
}
