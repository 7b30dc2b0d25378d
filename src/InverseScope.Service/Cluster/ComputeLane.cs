using System.Collections.Concurrent;
using System.Diagnostics;

namespace InverseScope.Service.Cluster;

/// <summary>
/// What one device computes, one thing after another. Calls that wait and have the same merge key are computed together.
/// </summary>
internal sealed class ComputeLane : IDisposable
{
    private readonly BlockingCollection<LaneCall> _arrived = [];
    private readonly List<LaneCall> _waiting = [];
    private readonly ConcurrentDictionary<Guid, bool> _tickets = [];
    private readonly Thread _thread;
    private long _calls;
    private long _busyTicks;

    public ComputeLane()
    {
        _thread = new Thread(Work) { IsBackground = true, Name = "compute" };
        _thread.Start();
    }

    /// <summary>Calls that wait or are computed.</summary>
    public Guid[] Tickets => [.. _tickets.Keys];

    /// <summary>Whether a call waits or is computed.</summary>
    public bool Knows(Guid ticket) => _tickets.ContainsKey(ticket);

    /// <summary>Calls that ended.</summary>
    public long Calls => Interlocked.Read(ref _calls);

    /// <summary>Time in which something was computed.</summary>
    public TimeSpan Busy => TimeSpan.FromTicks(Interlocked.Read(ref _busyTicks));

    /// <summary>Computes together with what else has the same key.</summary>
    /// <param name="merge">Empty: alone.</param>
    /// <param name="compute">Gets all asks that are computed together, and gives a result for each, in order.</param>
    /// <returns>The result, and the call's share of the time that it took in seconds.</returns>
    public Task<(TResult Result, double Seconds)> Run<TAsk, TResult>(
        Guid ticket, string merge, TAsk ask, Func<IReadOnlyList<TAsk>, CancellationToken, IReadOnlyList<TResult>> compute, CancellationToken cancel)
    {
        var call = new LaneCall<TAsk, TResult>(merge.Length == 0 ? "" : $"{typeof(TAsk)} {merge}", ask, compute, cancel);
        _tickets[ticket] = true;
        _arrived.Add(call, CancellationToken.None);
        return Ended();

        async Task<(TResult, double)> Ended()
        {
            try
            {
                return await call.Outcome.Task;
            }
            finally
            {
                _tickets.TryRemove(ticket, out _);
                Interlocked.Increment(ref _calls);
            }
        }
    }

    public void Dispose()
    {
        _arrived.CompleteAdding();
        // What is being computed may not end soon, and is for nobody.
        if (_thread.Join(TimeSpan.FromSeconds(5)))
            _arrived.Dispose();
    }

    private void Work()
    {
        while (true)
        {
            try
            {
                if (_waiting.Count == 0)
                    _waiting.Add(_arrived.Take());
            }
            catch (InvalidOperationException)
            {
                return;
            }

            while (_arrived.TryTake(out var more))
                _waiting.Add(more);
            var first = _waiting[0];
            LaneCall[] together = first.Merge.Length == 0 ? [first] : [.. _waiting.Where(c => c.Merge == first.Merge)];
            foreach (var call in together)
                _waiting.Remove(call);
            var began = Stopwatch.GetTimestamp();
            first.Compute(together);
            Interlocked.Add(ref _busyTicks, Stopwatch.GetElapsedTime(began).Ticks);
        }
    }

    private abstract class LaneCall(string merge)
    {
        public string Merge => merge;

        public abstract void Compute(IReadOnlyList<LaneCall> together);
    }

    private sealed class LaneCall<TAsk, TResult>(
        string merge, TAsk ask, Func<IReadOnlyList<TAsk>, CancellationToken, IReadOnlyList<TResult>> compute, CancellationToken cancel) : LaneCall(merge)
    {
        public TaskCompletionSource<(TResult, double)> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private CancellationToken Cancel => cancel;

        public override void Compute(IReadOnlyList<LaneCall> together)
        {
            LaneCall<TAsk, TResult>[] wanted = [.. together.Cast<LaneCall<TAsk, TResult>>().Where(c => !c.GiveUp())];
            if (wanted.Length > 1 && TryAll(wanted))
                return;
            // One that fails must not fail the others: alone each has its own fault.
            foreach (var call in wanted)
                call.Alone();
        }

        private bool TryAll(LaneCall<TAsk, TResult>[] wanted)
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                var results = compute([.. wanted.Select(w => w.Ask)], CancellationToken.None);
                var share = Stopwatch.GetElapsedTime(began).TotalSeconds / wanted.Length;
                foreach (var (index, call) in wanted.Index())
                    call.Outcome.SetResult((results[index], share));
                return true;
            }
#pragma warning disable CA1031 // Each is tried alone, and has its fault there.
            catch (Exception)
#pragma warning restore CA1031
            {
                return false;
            }
        }

        private TAsk Ask => ask;

        private void Alone()
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                var result = compute([ask], Cancel)[0];
                Outcome.SetResult((result, Stopwatch.GetElapsedTime(began).TotalSeconds));
            }
#pragma warning disable CA1031 // Whatever a call throws is its caller's.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Outcome.SetException(e);
            }
        }

        private bool GiveUp()
        {
            if (!Cancel.IsCancellationRequested)
                return false;
            Outcome.SetCanceled(Cancel);
            return true;
        }
    }
}
