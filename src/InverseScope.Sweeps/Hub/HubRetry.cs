using Polly;
using Polly.Retry;

namespace InverseScope.Sweeps.Hub;

/// <summary>A failure that may pass: a broken connection, an overloaded server. Repeated, and never shown as it is.</summary>
/// <param name="wait">What the server asked to wait; null if it did not say.</param>
internal sealed class HubTransientException(string message, TimeSpan? wait = null, Exception? inner = null)
    : Exception(message, inner)
{
    public TimeSpan? Wait => wait;
}

/// <summary>Repeats what failed in passing, after waits that double, or for as long as the server asks.</summary>
internal sealed class HubRetry(HubOptions options, TimeProvider clock)
{
    // Less is no progress: a server that breaks off after each byte must not hold us for as many attempts as there are bytes.
    private const long Progress = 1 << 20;

    /// <param name="reached">How far the work is, in bytes; a failure far beyond the one before counts as the first.</param>
    /// <exception cref="Core.OutsideServiceException">It went on failing.</exception>
    public async Task<T> RunAsync<T>(
        Func<CancellationToken, ValueTask<T>> attempt, CancellationToken cancel, Func<long>? reached = null)
    {
        var failures = 0;
        var furthest = 0L;
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions
            {
                // The count that ends it is our own, because it begins anew with progress.
                MaxRetryAttempts = int.MaxValue,
                ShouldHandle = outcome => ValueTask.FromResult(outcome.Outcome.Exception is HubTransientException e && Again(e)),
                DelayGenerator = outcome => ValueTask.FromResult<TimeSpan?>(Delay((HubTransientException)outcome.Outcome.Exception!)),
            })
            .Build();
        try
        {
            return await pipeline.ExecuteAsync(attempt, cancel);
        }
        catch (HubTransientException e)
        {
            throw new Core.OutsideServiceException(
                e.Wait > options.LongestDelay
                    ? $"{e.Message}; it asks to wait {e.Wait.Value.TotalMinutes:0} minutes."
                    : $"{e.Message}, and again at each of {options.Retries} repetitions.",
                e);
        }

        bool Again(HubTransientException e)
        {
            if (reached?.Invoke() is { } position && position >= furthest + Progress)
                (furthest, failures) = (position, 0);
            failures++;
            return failures <= options.Retries && !(e.Wait > options.LongestDelay);
        }

        TimeSpan Delay(HubTransientException e) => e.Wait ?? TimeSpan.FromTicks((long)Math.Min(
            options.LongestDelay.Ticks, options.RetryDelay.Ticks * Math.Pow(2, failures - 1)));
    }
}
