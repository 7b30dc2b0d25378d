namespace InverseScope.Agent.Budgets;

/// <summary>What may be spent, at most; null: without end.</summary>
public sealed record BudgetLimits
{
    /// <summary>Tokens that language models read and write.</summary>
    public long? Tokens { get; init; }

    /// <summary>Messages to language models.</summary>
    public long? Calls { get; init; }

    /// <summary>Samples that are drawn.</summary>
    public long? Samples { get; init; }

    /// <summary>From the making of the budget on.</summary>
    public TimeSpan? WallTime { get; init; }

    /// <summary>All that is wrong; empty if nothing.</summary>
    public IEnumerable<string> Check()
    {
        foreach (var (name, limit) in new[] { ("tokens", Tokens), ("calls", Calls), ("samples", Samples) })
        {
            if (limit < 0)
                yield return $"The budget of {name} must be at least 0, found {limit}; leave it out for no limit.";
        }

        if (WallTime < TimeSpan.Zero)
            yield return $"The budget of wall time must be at least 0, found {WallTime}; leave it out for no limit.";
    }
}

/// <summary>An amount of what a budget counts, each at least 0.</summary>
public readonly record struct BudgetCost(long Tokens = 0, long Calls = 0, long Samples = 0)
{
    public static BudgetCost operator +(BudgetCost a, BudgetCost b) => new(a.Tokens + b.Tokens, a.Calls + b.Calls, a.Samples + b.Samples);

    public static BudgetCost operator -(BudgetCost a, BudgetCost b) => new(a.Tokens - b.Tokens, a.Calls - b.Calls, a.Samples - b.Samples);

    public static BudgetCost Add(BudgetCost left, BudgetCost right) => left + right;

    public static BudgetCost Subtract(BudgetCost left, BudgetCost right) => left - right;
}

/// <summary>Which limit a budget is at.</summary>
public enum BudgetLimit
{
    Tokens,
    Calls,
    Samples,
    WallTime,
}

/// <summary>Why nothing more is spent. It is a normal end, and no failure.</summary>
/// <param name="Message">Which limit, how much is spent and how much was wanted, as a sentence.</param>
public sealed record BudgetStop(BudgetLimit Limit, string Message);

/// <summary>
/// What is left to spend. An amount is set aside before it is spent, so that many who spend at the same time cannot together
/// go beyond the limit, and settled after, when it is known how much it was. Thread-safe.
/// </summary>
public sealed class Budget
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;
    private readonly long _started;
    private BudgetLimits _limits;
    private BudgetCost _spent;
    private BudgetCost _setAside;
    private BudgetStop? _stop;

    /// <exception cref="ArgumentException">A limit is negative.</exception>
    public Budget(BudgetLimits limits, TimeProvider clock)
    {
        if (limits.Check().FirstOrDefault() is { } problem)
            throw new ArgumentException(problem, nameof(limits));
        (_limits, _clock, _started) = (limits, clock, clock.GetTimestamp());
    }

    /// <summary>What is settled.</summary>
    public BudgetCost Spent
    {
        get
        {
            lock (_lock)
                return _spent;
        }
    }

    /// <summary>Since the budget was made.</summary>
    public TimeSpan Elapsed => _clock.GetElapsedTime(_started);

    /// <summary>Why the first amount was refused; null: none was.</summary>
    public BudgetStop? Stop
    {
        get
        {
            lock (_lock)
                return _stop;
        }
    }

    /// <summary>Other limits from now on; what was spent counts against them.</summary>
    /// <exception cref="ArgumentException">A limit is negative.</exception>
    public void Change(BudgetLimits limits)
    {
        if (limits.Check().FirstOrDefault() is { } problem)
            throw new ArgumentException(problem, nameof(limits));
        lock (_lock)
            _limits = limits;
    }

    /// <summary>Sets an amount aside.</summary>
    /// <param name="cost">As much as it may come to.</param>
    /// <param name="stop">Why not; null if it was.</param>
    /// <returns>To be settled; null if it would go beyond a limit.</returns>
    public BudgetReservation? TryReserve(BudgetCost cost, out BudgetStop? stop)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cost.Tokens);
        ArgumentOutOfRangeException.ThrowIfNegative(cost.Calls);
        ArgumentOutOfRangeException.ThrowIfNegative(cost.Samples);
        lock (_lock)
        {
            stop = WhyNot(cost);
            _stop ??= stop;
            if (stop is not null)
                return null;
            _setAside += cost;
        }

        return new BudgetReservation(this, cost);
    }

    internal void Settle(BudgetCost reserved, BudgetCost actual)
    {
        lock (_lock)
        {
            _setAside -= reserved;
            _spent += actual;
        }
    }

    private BudgetStop? WhyNot(BudgetCost cost)
    {
        if (_limits.WallTime is { } time && Elapsed >= time)
            return new BudgetStop(BudgetLimit.WallTime, $"The budget of time is spent: {Elapsed:d\\.hh\\:mm\\:ss} of {time:d\\.hh\\:mm\\:ss}.");
        return WhyNot(BudgetLimit.Tokens, _limits.Tokens, cost.Tokens, _spent.Tokens, _setAside.Tokens)
            ?? WhyNot(BudgetLimit.Calls, _limits.Calls, cost.Calls, _spent.Calls, _setAside.Calls)
            ?? WhyNot(BudgetLimit.Samples, _limits.Samples, cost.Samples, _spent.Samples, _setAside.Samples);
    }

    private static BudgetStop? WhyNot(BudgetLimit what, long? limit, long cost, long spent, long setAside) => cost > 0 && limit - spent - setAside < cost
        ? new BudgetStop(
            what, $"The budget of {what.ToString().ToLowerInvariant()} is spent: {spent:N0} of {limit:N0}, {setAside:N0} set aside, and the next step may take {cost:N0}.")
        : null;
}

/// <summary>An amount that is set aside. Disposed without being settled, it is free again.</summary>
public sealed class BudgetReservation : IDisposable
{
    private readonly Budget _budget;
    private readonly BudgetCost _cost;
    private int _settled;

    internal BudgetReservation(Budget budget, BudgetCost cost) => (_budget, _cost) = (budget, cost);

    /// <summary>Counts what was spent in its place, which may be more; only the first time.</summary>
    public void Settle(BudgetCost actual)
    {
        if (Interlocked.Exchange(ref _settled, 1) == 0)
            _budget.Settle(_cost, actual);
    }

    public void Dispose() => Settle(default);
}
