namespace InverseScope.Sweeps.Hub;

/// <summary>Ends a wait for the network when nothing came for too long, and tells broken connections from other failures.</summary>
internal sealed class HubSilence : IDisposable
{
    private readonly TimeSpan _longest;
    private readonly CancellationToken _cancel;
    private readonly CancellationTokenSource _silent;
    private readonly CancellationTokenSource _either;

    public HubSilence(TimeSpan longest, TimeProvider clock, CancellationToken cancel)
    {
        (_longest, _cancel) = (longest, cancel);
        _silent = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        _either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _silent.Token);
    }

    /// <param name="address">Who is waited for.</param>
    /// <exception cref="HubTransientException">Nothing came, or the connection broke.</exception>
    public async ValueTask<T> GuardAsync<T>(Uri address, Func<CancellationToken, ValueTask<T>> wait)
    {
        _silent.CancelAfter(_longest);
        try
        {
            return await wait(_either.Token);
        }
        catch (Exception e) when (!_cancel.IsCancellationRequested && IsPassing(e))
        {
            var why = e switch
            {
                OperationCanceledException => $"sent nothing for {_longest.TotalSeconds:0} seconds",
                HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError } =>
                    $"cannot be reached ({e.GetBaseException().Message})",
                _ => $"broke off ({e.GetBaseException().Message})",
            };
            throw new HubTransientException($"{HubText.Shown(address)} {why}", inner: e);
        }
        finally
        {
            _silent.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        _either.Dispose();
        _silent.Dispose();
    }

    // Malformed data is what is left of a packed body that was cut.
    private bool IsPassing(Exception e) =>
        e is HttpRequestException or IOException or InvalidDataException
        || (e is OperationCanceledException && _silent.IsCancellationRequested);
}
