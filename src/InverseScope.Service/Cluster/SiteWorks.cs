using System.Collections.Concurrent;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Cluster;

/// <summary>What the sweeps that run in this service have their site runs do.</summary>
internal sealed class SiteWorks
{
    private readonly ConcurrentDictionary<string, SiteWork> _works = new(StringComparer.Ordinal);

    /// <summary>The key of a site's run.</summary>
    public static string KeyOf(string sweep, string site) => $"{sweep}|{site}";

    public void Add(string key, SiteWork work) => _works[key] = work;

    public SiteWork? Find(string key, Guid run) => _works.TryGetValue(key, out var work) && work.Run == run ? work : null;

    public void Remove(string key, SiteWork work) => _works.TryRemove(KeyValuePair.Create(key, work));
}

/// <summary>The work on one site in one run of its sweep.</summary>
internal sealed class SiteWork(Guid run, Func<StoreFence, CancellationToken, SiteOutcome> work, CancellationToken cancel)
{
    private readonly TaskCompletionSource<SiteOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isTaken;

    public Guid Run => run;

    public Task<SiteOutcome> Outcome => _outcome.Task;

    /// <summary>Whether whoever asks is the one to begin it, or to leave it alone for good.</summary>
    public bool TryTake() => Interlocked.Exchange(ref _isTaken, 1) == 0;

    /// <summary>Works on the thread that calls, until it ends one way or another.</summary>
    /// <param name="takeOver">Keeps others from committing what it does.</param>
    public void Do(Func<StoreFence> takeOver)
    {
        try
        {
            _outcome.TrySetResult(work(takeOver(), cancel));
        }
        catch (OperationCanceledException)
        {
            _outcome.TrySetCanceled(cancel);
        }
#pragma warning disable CA1031 // Whatever it throws is the sweep's that waits for it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _outcome.TrySetException(e);
        }
    }

    /// <summary>It is not begun any more.</summary>
    public void Fail(string why) => _outcome.TrySetResult(SiteOutcome.Failed(why));
}

/// <summary>Sites of sweeps as grains: each is begun once at a time, and taken over where its process dies.</summary>
/// <param name="atOnce">How many sites of a sweep at once, by whether they wait for a language model now and then.</param>
internal sealed class SiteDispatch(IGrainFactory grains, SiteWorks works, Func<bool, int> atOnce, TimeProvider clock) : ISiteDispatch
{
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMilliseconds(500);

    public int AtOnce(bool asks) => atOnce(asks);

    public async Task<SiteOutcome> Run(string sweep, string site, Func<StoreFence, CancellationToken, SiteOutcome> work, CancellationToken cancel)
    {
        var key = SiteWorks.KeyOf(sweep, site);
        var mine = new SiteWork(Guid.NewGuid(), work, cancel);
        works.Add(key, mine);
        try
        {
            while (!mine.Outcome.IsCompleted)
            {
                SiteRunState state;
                try
                {
                    state = await grains.GetGrain<ISiteRunGrain>(key).Run(mine.Run).WaitAsync(cancel);
                }
                catch (Exception e) when (ClusterGrains.IsPassing(e, cancel))
                {
                    state = SiteRunState.Elsewhere;
                }

                if (state == SiteRunState.Elsewhere)
                    await Task.Delay(TryAgainAfter, clock, cancel);
            }

            return await mine.Outcome;
        }
        finally
        {
            works.Remove(key, mine);
            // What was begun ends at its next batch, and uses until then what belongs to whoever waits here.
            if (!mine.TryTake())
                await mine.Outcome.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }
}
