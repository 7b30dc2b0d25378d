using InverseScope.Core.Sites;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps;

/// <summary>
/// The sites that are left to one run of a sweep, worked on one after another, or as many at once as its dispatch says. One that waits for a
/// language model does not keep others from their turn: it is taken up once more when they are done.
/// </summary>
/// <param name="dispatch">Null: sites are worked on one after another, on the thread that runs them.</param>
internal sealed class SiteRounds(string sweep, SweepPlan plan, ISiteDispatch? dispatch, SweepStanding standing, TimeProvider clock)
{
    private static readonly TimeSpan DispatchInterval = TimeSpan.FromSeconds(1);

    private readonly Queue<Site> _next = new();
    private readonly Queue<Site> _again = new();
    private readonly Dictionary<Task<SiteOutcome>, Site> _running = [];

    // Whether the site that ended last waits.
    private bool _lastParked;

    /// <summary>Works on one site, on several threads at the same time where there is a dispatch.</summary>
    public required Func<Site, StoreFence?, CancellationToken, SiteOutcome> Work { get; init; }

    /// <summary>Asked before each site is begun: why none is any more; null if it is.</summary>
    public required Func<CancellationToken, string?> WhyStop { get; init; }

    /// <summary>Told of each site that is done or failed.</summary>
    public required Action<Site, SiteOutcome> Ended { get; init; }

    /// <summary>Works on all of them, as far as user, budget and language model let it. At its end none is worked on, whatever ended it.</summary>
    /// <returns>Why it ended early; null if it did not. A site that failed is tried again when the sweep is resumed.</returns>
    public string? Run(IReadOnlyList<Site> sites, CancellationToken cancel)
    {
        foreach (var site in sites)
            _next.Enqueue(site);
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        string? stopped = null;
        try
        {
            while (true)
            {
                stopped ??= BeginSites(cancel, broken.Token);
                if (_running.Count > 0)
                {
                    var why = EndedOne(stopped is null && _next.Count > 0) is { } ended ? Take(ended) : null;
                    stopped ??= why;
                }
                else if (stopped is not null || !TakeUpAgain(cancel))
                {
                    break;
                }
            }
        }
        finally
        {
            // Nothing of it goes on behind its back.
            broken.Cancel();
            foreach (var other in _running.Keys)
                ((IAsyncResult)other).AsyncWaitHandle.WaitOne();
        }

        var waiting = standing.Parked.Count;
        return stopped ?? (waiting == 0 ? null : $"language model unavailable: {waiting} {(waiting == 1 ? "site waits" : "sites wait")} for it");
    }

    // Returns why no more are begun, or null.
    private string? BeginSites(CancellationToken cancel, CancellationToken broken)
    {
        while (_running.Count < AtOnce() && _next.TryDequeue(out var site))
        {
            cancel.ThrowIfCancellationRequested();
            if (WhyStop(cancel) is { } why)
                return why;
            standing.TellBegun(site.ToString());
            standing.Tell(SweepState.Running, site.ToString());
            _running.Add(Begin(site, broken), site);
        }

        return null;
    }

    private Task<SiteOutcome> Begin(Site site, CancellationToken cancel) =>
        dispatch?.Run(sweep, site.ToString(), (fence, token) => Work(site, fence, token), cancel)
        ?? Task.FromResult(Work(site, null, cancel));

    // Null: none ended yet, and more may be begun.
    private Task<SiteOutcome>? EndedOne(bool areLeft)
    {
        var ended = Task.WhenAny(_running.Keys);
        while (areLeft && dispatch is not null && Task.WhenAny(ended, Task.Delay(DispatchInterval, clock)).GetAwaiter().GetResult() != ended)
        {
            if (_running.Count < AtOnce())
                return null;
        }

        return ended.GetAwaiter().GetResult();
    }

    // Returns why no more are begun, or null.
    private string? Take(Task<SiteOutcome> ended)
    {
        var site = _running[ended];
        _running.Remove(ended);
        var outcome = ended.GetAwaiter().GetResult();
        _lastParked = outcome.Kind == SiteOutcomeKind.Parked;
        switch (outcome.Kind)
        {
            case SiteOutcomeKind.BudgetSpent:
                return "budget";
            case SiteOutcomeKind.Parked:
                if (!standing.Parked.ContainsKey(site))
                    _again.Enqueue(site);
                standing.CountParked(site, outcome.Why!);
                return null;
            default:
                Ended(site, outcome);
                return null;
        }
    }

    // Returns whether there are any.
    private bool TakeUpAgain(CancellationToken cancel)
    {
        if (_again.Count == 0)
            return false;
        // All that is left waits: asked at once it would be refused at once.
        if (_lastParked)
        {
            standing.Tell(SweepState.Running, "waiting for the language model");
            Task.Delay(plan.LanguageModel!.Chat.BreakFor, clock, cancel).GetAwaiter().GetResult();
        }

        while (_again.TryDequeue(out var site))
            _next.Enqueue(site);
        return true;
    }

    private int AtOnce() => Math.Max(1, dispatch?.AtOnce(plan.LanguageModel is not null) ?? 1);
}
