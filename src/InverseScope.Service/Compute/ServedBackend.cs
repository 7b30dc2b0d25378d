using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;

namespace InverseScope.Service.Compute;

/// <summary>A backend that several calls use at the same time; it ends with the last of them after it was closed. Disposing ends one use.</summary>
internal abstract class ServedBackend(IInversionBackend backend, ITask task) : IDisposable
{
    private readonly ConcurrentDictionary<string, Site> _sites = new(StringComparer.Ordinal);
    private readonly object _lock = new();
    private int _uses;
    private bool _isClosed;
    private bool _isEnded;
    private Exception? _fault;

    public IInversionBackend Backend => backend;

    public Site Site(string name) => _sites.GetOrAdd(name, n => SitePattern.ExpandAll([n], backend.Target.Layers, backend.Target.Heads, null, task)[0]);

    /// <returns>False once it was closed; otherwise it is not ended before the caller disposes it.</returns>
    public bool TryUse()
    {
        lock (_lock)
        {
            if (_isClosed)
                return false;
            _uses++;
            return true;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (--_uses > 0 || !_isClosed)
                return;
        }

        End();
    }

    /// <summary>Nobody begins to use it any more; whoever does ends it last.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            if (_uses > 0)
                return;
        }

        End();
    }

    /// <summary>Waits until whoever uses it has ended it, and throws what that threw.</summary>
    public void WaitForEnd()
    {
        lock (_lock)
        {
            while (!_isEnded)
                Monitor.Wait(_lock);
        }

        if (_fault is not null)
            ExceptionDispatchInfo.Throw(_fault);
    }

    private void End()
    {
        try
        {
            backend.Dispose();
        }
#pragma warning disable CA1031 // Whoever used it last has what it wanted: it is no fault of that.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _fault = e;
        }

        lock (_lock)
        {
            _isEnded = true;
            Monitor.PulseAll(_lock);
        }
    }
}
