using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace InverseScope.Torch.Runtime;

/// <summary>
/// The one thread on which all tensors of the process live. Dispose scopes, gradient mode and thread counts of libtorch
/// belong to a thread, so that work elsewhere would leak tensors or record graphs unnoticed. Callers wait for their
/// work; it runs in the order given. libtorch is loaded when the first work comes.
/// </summary>
public sealed class TorchThread : IDisposable
{
    private readonly BlockingCollection<Action> _queue = [];
    private readonly Thread _thread;
    private readonly int? _threads;
    private bool _loaded;
    private bool _disposed;

    /// <param name="threads">Threads that one tensor operation may use; null leaves it to libtorch (all cores).</param>
    /// <param name="device">Where tensors live: <c>cpu</c>, or <c>cuda:0</c> and so on where libtorch was built for it; checked with the first work.</param>
    /// <param name="weights">Type of weights that are not trained.</param>
    public TorchThread(int? threads = null, string device = "cpu", NumberType weights = NumberType.Float32)
    {
        (Device, Weights) = (device, weights);
        if (threads is { } count)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count, nameof(threads));
        _threads = threads;
        _thread = new Thread(Serve) { IsBackground = true, Name = "torch" };
        _thread.Start();
    }

    /// <summary>Where tensors live.</summary>
    public string Device { get; }

    /// <summary>Type of weights that are not trained.</summary>
    public NumberType Weights { get; }

    /// <summary>The type in which the device is known to multiply fastest: bfloat16 or float32.</summary>
    public NumberType FastestProducts => MatrixProducts.FastestOn(Device);

    /// <summary>The device for libtorch; on the thread itself only.</summary>
    internal TorchSharp.torch.Device TorchDevice => new(Device);

    /// <summary>
    /// Runs work on the thread and waits for its result; exceptions pass through. Called from the thread itself it runs
    /// at once. Results must not be tensors.
    /// </summary>
    /// <param name="cancel">Work that has not begun is dropped; work that has begun looks at it between batches.</param>
    public T Run<T>(Func<T> work, CancellationToken cancel = default)
    {
        if (Thread.CurrentThread == _thread)
            return work();
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        using var done = new ManualResetEventSlim();
        _queue.Add(
            () =>
            {
                try
                {
                    cancel.ThrowIfCancellationRequested();
                    LoadOnce();
                    result = work();
                }
#pragma warning disable CA1031 // Whatever the work throws belongs to its caller, who waits on another thread.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    failure = ExceptionDispatchInfo.Capture(e);
                }
                finally
                {
                    done.Set();
                }
            },
            CancellationToken.None);

        // Not waited for with the token: the work uses what its caller owns, and must have ended before he goes on.
        done.Wait(CancellationToken.None);
        failure?.Throw();
        return result;
    }

    /// <inheritdoc cref="Run{T}(Func{T}, CancellationToken)"/>
    public void Run(Action work, CancellationToken cancel = default) =>
        Run(
            () =>
            {
                work();
                return true;
            },
            cancel);

    /// <summary>Ends the thread after the work that is queued.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _queue.CompleteAdding();
        if (Thread.CurrentThread != _thread)
            _thread.Join();
        _queue.Dispose();
    }

    private void Serve()
    {
        foreach (var work in _queue.GetConsumingEnumerable())
            work();
    }

    private void LoadOnce()
    {
        if (_loaded)
            return;
        TorchRuntime.Load();
        TorchRuntime.CheckDevice(Device);
        if (_threads is { } threads)
            TorchRuntime.SetThreads(threads);
        _loaded = true;
    }
}
