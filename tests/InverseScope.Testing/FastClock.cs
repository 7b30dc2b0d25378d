namespace InverseScope.Testing;

/// <summary>
/// A clock on which short waits are over at once, and move it, and deadlines pass only when a test says so.
/// </summary>
public sealed class FastClock : TimeProvider
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    // How long a look at a service may take: a deadline too, though it is shorter than some waits.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private readonly List<Timer> _pending = [];
    private readonly List<TimeSpan> _waits = [];
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The short waits so far.</summary>
    public IReadOnlyList<TimeSpan> Waits
    {
        get
        {
            lock (_lock)
                return [.. _waits];
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public void Advance(TimeSpan by)
    {
        lock (_lock)
            _now += by;
    }

    /// <summary>All deadlines that were set pass.</summary>
    public void PassDeadlines()
    {
        Timer[] due;
        lock (_lock)
        {
            due = [.. _pending];
            _pending.Clear();
            _now += Long;
        }

        foreach (var timer in due)
            timer.GoOff();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(FastClock clock, TimerCallback callback, object? state) : ITimer
    {
        public void GoOff() => ThreadPool.QueueUserWorkItem(_ => callback(state));

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._pending.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;
                if (dueTime >= Long || dueTime == Look)
                {
                    clock._pending.Add(this);
                    return true;
                }

                clock._waits.Add(dueTime);
                clock._now += dueTime;
            }

            GoOff();
            return true;
        }

        public void Dispose()
        {
            lock (clock._lock)
                clock._pending.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
