namespace InverseScope.Service.Cluster;

/// <summary>How much there is to do for how many, as was last heard.</summary>
/// <param name="Asking">Calls of the whole cluster that wait for a worker or have one.</param>
/// <param name="Sweeps">That run in this service.</param>
internal readonly record struct ClusterLoad(int Workers, int Asking, int Sweeps);

/// <summary>
/// How many sites of one sweep at once keep the workers of a cluster busy: those that wait for a language model ask none, so that more are begun
/// as long as few ask.
/// </summary>
internal sealed class SiteAllowance(Func<ClusterLoad> load, TimeProvider clock)
{
    // One that computes and one that is to come next, for each worker, and some more.
    private const int PerWorker = 2;
    private const int Besides = 2;

    // Where nobody computes for long, e.g. for want of a language model, more would only stand in another queue.
    private const int MostPerWorker = 6;
    private const int Most = 48;

    /// <summary>A site that was begun asks for a worker, and is counted, within this.</summary>
    public static readonly TimeSpan Settles = TimeSpan.FromSeconds(2);

    private int _more;
    private long _grown = clock.GetTimestamp();

    /// <summary>From 1. Sweeps of one service share its threads: many that each begin many sites would long end none.</summary>
    public int Now()
    {
        var (workers, asking, sweeps) = load();
        var wanted = (workers * PerWorker) + Besides;
        if (clock.GetElapsedTime(_grown) >= Settles)
        {
            _more = Math.Clamp(_more + Math.Max(0, wanted - asking), 0, workers * (MostPerWorker - PerWorker));
            _grown = clock.GetTimestamp();
        }

        return Math.Max(1, Math.Min(wanted + _more, Most) / Math.Max(1, sweeps));
    }
}
