using System.Text.Json;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace InverseScope.Agent.Chat;

/// <summary>
/// What is done about a service that does not answer: it is waited for, repeated, made to load its model anew, and left alone
/// for a while. What it answered is not judged here.
/// </summary>
internal sealed class ChatResilience
{
    // How often a message that broke the service is repeated before its model is loaded anew.
    private const int RepeatsOfBroken = 2;

    // Of the messages within the window.
    private const double BreakRatio = 0.9;

    // A message and its repetition.
    private const int BreakAfterSilence = 2;

    // In deadlines: past this, a service that answered before it fell silent is not taken for one that answers.
    private const int SilenceWindow = 3;

    private static readonly TimeSpan LongestWindow = TimeSpan.FromDays(1);

    // Dropping a model takes no model; a service that needs longer shows its state at the next message.
    private static readonly TimeSpan UnloadPatience = TimeSpan.FromSeconds(20);

    private readonly IChatTransport _transport;
    private readonly ChatOptions _options;
    private readonly bool _repeatsSilence;
    private readonly ResiliencePipeline _pipeline;
    private readonly ResiliencePipeline _deadline;
    private readonly ResiliencePipeline _unloading;

    /// <param name="repeatsSilence">Whether a message is sent once more after its deadline passed; never twice.</param>
    public ChatResilience(IChatTransport transport, ChatOptions options, TimeProvider clock, bool repeatsSilence = true)
    {
        (_transport, _options, _repeatsSilence) = (transport, options, repeatsSilence);
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = options.LongestDelay,
                ShouldHandle = outcome => ValueTask.FromResult(
                    outcome.Outcome.Exception is ChatFaultException { Kind: FaultKind.Busy } busy && !(busy.Wait > options.LongestDelay)),
                DelayGenerator = outcome => ValueTask.FromResult((outcome.Outcome.Exception as ChatFaultException)?.Wait),
            })
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = RepeatsOfBroken + 1,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = options.LongestDelay,
                ShouldHandle = outcome => ValueTask.FromResult(outcome.Outcome.Exception is ChatFaultException { Kind: FaultKind.Broken }),
                OnRetry = async repeat =>
                {
                    if (repeat.AttemptNumber == RepeatsOfBroken)
                        await TryUnloadAsync(repeat.Context.CancellationToken);
                },
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = BreakRatio,
                MinimumThroughput = options.BreakAfter,
                SamplingDuration = options.BreakWindow,
                BreakDuration = options.BreakFor,
                ShouldHandle = outcome => ValueTask.FromResult(
                    outcome.Outcome.Exception is ChatFaultException { Kind: FaultKind.Busy or FaultKind.Silent or FaultKind.Broken }),
            })
            // One of its own: silence takes a deadline each time, longer than the window of other failures.
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = BreakRatio,
                MinimumThroughput = BreakAfterSilence,
                SamplingDuration = TimeSpan.FromTicks(Math.Clamp(SilenceWindow * options.Deadline.Ticks, options.BreakWindow.Ticks, LongestWindow.Ticks)),
                BreakDuration = options.BreakFor,
                ShouldHandle = outcome => ValueTask.FromResult(outcome.Outcome.Exception is ChatFaultException { InnerException: TimeoutRejectedException }),
            })
            .Build();
        _deadline = new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddTimeout(new TimeoutStrategyOptions { Timeout = options.Deadline })
            .Build();
        _unloading = new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddTimeout(new TimeoutStrategyOptions { Timeout = UnloadPatience })
            .Build();
    }

    /// <param name="attempt">Sends one message.</param>
    /// <exception cref="ChatFaultException">
    /// It failed for good: <see cref="FaultKind.Busy"/>, <see cref="FaultKind.Silent"/> and <see cref="FaultKind.Broken"/> mean that the service is to be
    /// left alone.
    /// </exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> attempt, CancellationToken cancel)
    {
        var mayRepeat = _repeatsSilence;
        try
        {
            return await _pipeline.ExecuteAsync(
                async token =>
                {
                    try
                    {
                        return await _deadline.ExecuteAsync(async within => await attempt(within), token);
                    }
                    catch (TimeoutRejectedException e)
                    {
                        var kind = mayRepeat ? FaultKind.Busy : FaultKind.Silent;
                        mayRepeat = false;
                        throw new ChatFaultException(kind, $"No reply within {_options.Deadline.TotalSeconds:0} seconds.", inner: e);
                    }
                },
                cancel);
        }
        catch (BrokenCircuitException e)
        {
            throw new ChatFaultException(
                FaultKind.Busy, $"Nothing is sent for now, after many failures: {e.InnerException?.Message ?? "the service is down"}",
                e.RetryAfter ?? _options.BreakFor, e);
        }
    }

    private async Task TryUnloadAsync(CancellationToken cancel)
    {
        try
        {
            await _unloading.ExecuteAsync(async token => await _transport.UnloadAsync(token), cancel);
        }
        catch (Exception e) when (e is ChatFaultException or TimeoutRejectedException or JsonException or InvalidOperationException)
        {
            // The next message shows what state the service is in.
        }
    }
}
