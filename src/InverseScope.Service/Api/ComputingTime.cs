using InverseScope.Core;

namespace InverseScope.Service.Api;

/// <summary>Bounds how long a request may compute.</summary>
internal static class ComputingTime
{
    /// <exception cref="OutsideServiceException">The time was up.</exception>
    public static T Within<T>(TimeSpan limit, Func<CancellationToken, T> compute, CancellationToken cancel)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        both.CancelAfter(limit);
        try
        {
            return compute(both.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new OutsideServiceException(
                FormattableString.Invariant($"It takes longer than the {limit.TotalSeconds:N0} s that one request may compute. Ask for less, or begin a sweep or a job, which take their time."));
        }
    }
}
