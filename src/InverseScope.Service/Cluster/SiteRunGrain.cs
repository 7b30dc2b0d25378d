using InverseScope.Service.Desk;
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
            if (!work.TryTake())
            {
                await Write(new SiteRunRecord());
                return SiteRunState.Elsewhere;
            }

            _run = run;
            _working = Task.Factory.StartNew(
                () => work.Do(() => workspace.Store.TakeOver(key)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        if (!await IsOver(_working!))
            return SiteRunState.Running;
        if (record.State.IsUnderWay)
            await Write(new SiteRunRecord());

        return SiteRunState.Ended;
    }

    private async Task<bool> Begin(SiteWork work)
    {
        var lost = record.State.Lost;
        if (record.State.IsUnderWay)
            LogLost(logger, this.GetPrimaryKeyString(), ++lost);
        if (lost > MostLost)
        {
            await Write(new SiteRunRecord());
            work.Fail($"the process that worked on it died {MostLost + 1} times");
            return false;
        }

        await Write(new SiteRunRecord { Lost = lost, IsUnderWay = true });
        return true;
    }

    // What could not be written is not so: the next try must not take this one for a process that died.
    private async Task Write(SiteRunRecord next)
    {
        var before = record.State;
        record.State = next;
        try
        {
            await record.WriteStateAsync();
        }
        catch
        {
            record.State = before;
            throw;
        }
    }

    private async Task<bool> IsOver(Task working) => await Task.WhenAny(working, Task.Delay(LongestWait, workspace.Clock)) == working;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The process that worked on {Site} died (so far {Lost}): it goes on here.")]
    private static partial void LogLost(ILogger logger, string site, int lost);
}
