using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;
using InverseScope.Torch.Runtime;

namespace InverseScope.Service.Compute;

/// <summary>
/// Models that run in a process of their own: what ends it (a fault of native code, want of memory) does not end the service. It is started
/// with the first work, again where it ended, and ends by itself when nothing has been open for a while.
/// </summary>
public sealed class WorkerCompute : ICompute
{
    // Of one call, without progress between them.
    private const int MostDeaths = 3;
    private static readonly TimeSpan IdleFor = TimeSpan.FromMinutes(5);

    private readonly WorkerLaunch _launch;
    private readonly string _device;
    private readonly TimeProvider _clock;
    private readonly Action<string> _passOn;
    private readonly LocalCompute _outlines;
    private readonly ITimer _idle;
    private readonly Lock _lock = new();
    private readonly Lock _starting = new();
    private WorkerLink? _link;
    private string? _lastFault;
    private bool _failed;
    private bool _disposed;
    private int _starts;
    private int _open;
    private long _backends;

    /// <param name="home">Whose models and banks the worker uses.</param>
    /// <param name="launch">Starts a worker over the same home.</param>
    /// <param name="outlines">Describes models; nothing is computed on it. Belongs to the compute.</param>
    /// <param name="passOn">Told what workers write to standard error, a line at a time.</param>
    public WorkerCompute(Home home, WorkerLaunch launch, TorchThread outlines, TimeProvider clock, Action<string> passOn)
    {
        (_launch, _device, _clock, _passOn) = (launch, outlines.Device, clock, passOn);
        _outlines = new LocalCompute(home, outlines);
        _idle = clock.CreateTimer(_ => EndIdle(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How long a worker may give no sign of life, whatever it computes, before it is killed and another started. Default 60 s.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(60);

    public ComputeHealth Health
    {
        get
        {
            lock (_lock)
            {
                var link = _link is { Death: null } ? _link : null;
                return new ComputeHealth(
                    _failed ? ComputeState.Failed : link is null ? ComputeState.Idle : ComputeState.Running,
                    link?.ProcessId, _starts, _lastFault, link?.Device ?? _device, link?.ResidentBytes);
            }
        }
    }

    public TargetOutline Describe(string model) => _outlines.Describe(model);

    public IInversionBackend Open(string model, TargetWeights weights, ITask task, MeasurementOptions options, RunSeed seed)
    {
        lock (_lock)
        {
            _open++;
            _idle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        try
        {
            return new RemoteBackend(
                this, new OpenCall(0, 0, model, weights, TaskCatalog.SourceOf(task), task.Fingerprint, options, seed.Value));
        }
        catch
        {
            Closed();
            throw;
        }
    }

    /// <summary>Starts the worker now, so that a device that is not there is told at once.</summary>
    /// <exception cref="BadInputException">It cannot compute there.</exception>
    /// <exception cref="OutsideServiceException">It does not start.</exception>
    public void Start() => Repeat(_ => true, null, CancellationToken.None);

    public void Dispose()
    {
        WorkerLink? link;
        lock (_lock)
            (_disposed, link, _link) = (true, _link, null);
        link?.Dispose();
        _idle.Dispose();
        _outlines.Dispose();
    }

    /// <summary>Calls the worker, and again where it ended meanwhile.</summary>
    /// <param name="gauge">Knows what the call came to before the worker ended; null: nothing that is kept.</param>
    /// <exception cref="OutsideServiceException">It ended again and again.</exception>
    internal T Repeat<T>(Func<WorkerLink, T> call, ProgressGauge? gauge, CancellationToken cancel)
    {
        for (var deaths = 0; ;)
        {
            cancel.ThrowIfCancellationRequested();
            WorkerLink? link = null;
            try
            {
                var result = call(link = Link());
                lock (_lock)
                    _failed = false;
                return result;
            }
            catch (Exception e) when (e is WorkerDiedException or InvalidDataException)
            {
                // One that answers what is no answer is of no use any more.
                if (e is InvalidDataException && link is not null)
                    Drop(link);
                deaths = gauge?.Advanced() == true ? 1 : deaths + 1;
                lock (_lock)
                {
                    ObjectDisposedException.ThrowIf(_disposed, this);
                    (_lastFault, _failed) = (e.Message, deaths >= MostDeaths);
                }

                if (deaths >= MostDeaths)
                    throw new OutsideServiceException($"The worker process that computes ended {deaths} times in one step, the last time by {e.Message}.", e);
            }
        }
    }

    /// <summary>The id of the next backend that is opened, here or again.</summary>
    internal long NextBackend() => Interlocked.Increment(ref _backends);

    /// <summary>A backend is not used any more.</summary>
    internal void Closed()
    {
        lock (_lock)
        {
            if (--_open == 0 && !_disposed)
                _idle.Change(IdleFor, Timeout.InfiniteTimeSpan);
        }
    }

    private WorkerLink Link()
    {
        // Not under the other lock: who asks how it stands does not wait until it stands.
        lock (_starting)
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_link is { Death: null })
                    return _link;
                _link?.Dispose();
                _link = null;
                _starts++;
            }

            WorkerLink link;
            try
            {
                link = WorkerLink.Start(_launch, Silence, _clock, _passOn);
            }
            catch (Exception e) when (e is BadInputException or OutsideServiceException)
            {
                lock (_lock)
                    (_lastFault, _failed) = (e.Message, true);
                throw;
            }

            lock (_lock)
            {
                if (!_disposed)
                    return _link = link;
            }

            link.Dispose();
            throw new ObjectDisposedException(nameof(WorkerCompute));
        }
    }

    private void Drop(WorkerLink link)
    {
        lock (_lock)
        {
            if (_link == link)
                _link = null;
        }

        link.Dispose();
    }

    private void EndIdle()
    {
        WorkerLink? link;
        lock (_lock)
        {
            if (_open > 0)
                return;
            (link, _link) = (_link, null);
        }

        link?.Dispose();
    }
}
