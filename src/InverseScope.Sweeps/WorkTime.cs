using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps;

/// <summary>
/// How long a sweep has been worked on, by the runs before and by this one so far. The store is told every <see cref="Interval"/>, so that of a
/// run whose process is killed at most so much is not counted. Disposing it ends that; by then nothing of it is under way.
/// </summary>
internal sealed class WorkTime : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);

    private readonly SweepStore _store;
    private readonly string _sweep;
    private readonly StoreFence? _fence;
    private readonly TimeProvider _clock;
    private readonly double _earlier;
    private readonly long _began;
    private readonly Lock _telling = new();
    private readonly ITimer _timer;
    private bool _ended;

    /// <param name="sweep">As this run found it.</param>
    /// <param name="began">Timestamp of the run's begin.</param>
    public WorkTime(SweepStore store, StoredSweep sweep, StoreFence? fence, TimeProvider clock, long began)
    {
        (_store, _sweep, _fence, _clock, _earlier, _began) = (store, sweep.Id, fence, clock, sweep.EarlierSeconds, began);
        _timer = clock.CreateTimer(_ => TellInTurn(), null, Interval, Interval);
    }

    /// <summary>Of this run.</summary>
    public TimeSpan Elapsed => _clock.GetElapsedTime(_began);

    /// <summary>Of all runs.</summary>
    public double Seconds => _earlier + Elapsed.TotalSeconds;

    /// <summary>Tells the store now, as well as it can be told.</summary>
    public void Tell()
    {
        lock (_telling)
        {
            if (_ended)
                return;
            try
            {
                _store.Change(_sweep, s => s.WorkSeconds = Seconds, _fence);
            }
#pragma warning disable CA1031 // What keeps it from being told, the run itself comes upon; on a timer's thread it would end the process.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_telling)
            _ended = true;
    }

    // While the store does not answer, those that come after would only wait behind it.
    private void TellInTurn()
    {
        if (!_telling.TryEnter())
            return;
        try
        {
            Tell();
        }
        finally
        {
            _telling.Exit();
        }
    }
}
