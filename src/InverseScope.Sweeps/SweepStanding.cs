using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Sweeps.Stages;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps;

/// <summary>
/// How one run of a sweep stands: sites that are done, that failed, and that wait for a language model; told to whoever looks on. One thread
/// counts; faults are told by any.
/// </summary>
/// <param name="sites">Number of all.</param>
internal sealed class SweepStanding(string sweep, int sites, Home home, StageLog log, TimeProvider clock, IProgress<WorkProgress>? progress)
{
    private readonly Dictionary<Site, string> _failed = [];
    private readonly Dictionary<Site, string> _parked = [];
    private int _ended;
    private long _samples;
    private volatile string? _fault;

    /// <summary>Sites that failed in this run, and why.</summary>
    public IReadOnlyDictionary<Site, string> Failed => _failed;

    /// <summary>Sites that wait for a language model, and why.</summary>
    public IReadOnlyDictionary<Site, string> Parked => _parked;

    /// <param name="samples">That it was tested on.</param>
    public void CountDone(Site site, long samples)
    {
        _samples += samples;
        CountEnded(site);
    }

    public void CountFailed(Site site, string why)
    {
        _failed[site] = why;
        _fault = $"{site}: {why}";
        CountEnded(site);
    }

    public void CountParked(Site site, string why)
    {
        log.Note(site.ToString(), "parked", why);
        _fault = $"{site}: {why}";
        _parked.TryAdd(site, why);
    }

    /// <param name="what">Where it was, a site or a part of the sweep.</param>
    public void TellFault(string what, Exception fault)
    {
        log.Note(what, "failed", fault.ToString());
        _fault = $"{what}: {fault.Message}";
    }

    /// <summary>Tells who looks on in this process what is begun.</summary>
    public void TellBegun(string what) => progress?.Report(new WorkProgress($"{sweep} {what}", _ended, sites, "sites"));

    /// <summary>Tells who looks on from elsewhere.</summary>
    /// <param name="what">Is being done.</param>
    public void Tell(SweepState state, string what)
    {
        try
        {
            new SweepProgress(sweep, state, what, _ended, sites, Environment.ProcessId, clock.GetUtcNow(), _samples, _fault).Write(home);
        }
        catch (IOException)
        {
            // Whoever looks sees where it stood before: that ends no work. Where the disk is full, what is committed next says so.
        }
    }

    private void CountEnded(Site site)
    {
        _parked.Remove(site);
        _ended++;
    }
}
