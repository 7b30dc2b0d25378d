namespace InverseScope.Sweeps.Tests.Hub;

/// <summary>A clock that stands still, and whose timers go off at once or never.</summary>
/// <param name="goesOff">Told what a timer is set to; whether it goes off.</param>
internal sealed class TimerClock(DateTimeOffset now, Func<TimeSpan, bool> goesOff) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(goesOff, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(Func<TimeSpan, bool> goesOff, TimerCallback callback, object? state) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime != Timeout.InfiniteTimeSpan && goesOff(dueTime))
                ThreadPool.QueueUserWorkItem(s => callback(s), state);
            return true;
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
