using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Store;
using Microsoft.Extensions.Logging;
using Orleans.Placement;

namespace InverseScope.Service.Cluster;

/// <inheritdoc cref="ISiteRunGrain"/>
[PreferLocalPlacement]
internal sealed partial class SiteRunGrain(
    [PersistentState("run", ClusterHost.Storage)] IPersistentState<SiteRunRecord> record, SiteWorks works, Workspace workspace, ILogger<SiteRunGrain> logger) : Grain, ISiteRunGrain
{
    // What ends its process again and again would end the whole cluster, a service after another.
    private const int MostLost = 10;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);

    private Guid _run;
    private Task? _working;

    public async Task<SiteRunState> Run(Guid run)
    {
        var key = this.GetPrimaryKeyString();
        if (_run != run)
        {
            if (works.Find(key, run) is not { } work)
            {
                if (_working is null or { IsCompleted: true })
                    DeactivateOnIdle();
                return SiteRunState.Elsewhere;
            }

            // Of an earlier run of the sweep, which was cancelled: it ends at its next batch.
            if (_working is { IsCompleted: false } && !await IsOver(_working))
                return SiteRunState.Running;
            if (!await Begin(work))
                return SiteRunState.Ended;
            _run = run;
            _working = Task.Factory.StartNew(() => Work(key, work), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        if (!await IsOver(_working!))
            return SiteRunState.Running;
        if (record.State.IsUnderWay)
        {
            record.State.IsUnderWay = false;
            await record.WriteStateAsync();
        }

        return SiteRunState.Ended;
    }

    public Task<SiteRunRecord> Look() => Task.FromResult(record.State);

    // Whatever the store says of taking over is for the sweep that waits.
    private void Work(string key, SiteWork work)
    {
        StoreFence fence;
        try
        {
            fence = workspace.Store.TakeOver(key);
        }
        catch (Exception e) when (e is OutsideServiceException or BadInputException)
        {
            work.Fail(e.Message);
            return;
        }

        work.Do(fence);
    }

    private async Task<bool> Begin(SiteWork work)
    {
        var state = record.State;
        if (state.IsUnderWay)
        {
            state.Lost++;
            LogLost(logger, this.GetPrimaryKeyString(), state.Lost);
        }

        (state.Attempts, state.IsUnderWay, state.LastBegun) = (state.Attempts + 1, state.Lost <= MostLost, workspace.Clock.GetUtcNow());
        if (!state.IsUnderWay)
            state.Lost = 0;
        await record.WriteStateAsync();
        if (!state.IsUnderWay)
            work.Fail($"the process that worked on it died {MostLost + 1} times");
        return state.IsUnderWay;
    }

    private async Task<bool> IsOver(Task working) => await Task.WhenAny(working, Task.Delay(LongestWait, workspace.Clock)) == working;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The process that worked on {Site} died (so far {Lost}): it goes on here.")]
    private static partial void LogLost(ILogger logger, string site, int lost);
}
