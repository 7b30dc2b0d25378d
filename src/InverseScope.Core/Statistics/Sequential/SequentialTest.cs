namespace InverseScope.Core.Statistics.Sequential;

/// <summary>Why a sequential test ended. Stored by name.</summary>
public enum StopReason
{
    /// <summary>The evidence reached its threshold, and the effect is at least δ.</summary>
    Established,

    /// <summary>The effect is below δ.</summary>
    Futile,

    /// <summary>The pairs allowed, or those that there were, are used up.</summary>
    Budget,

    /// <summary>There was no pair of references with different labels.</summary>
    NoVariation,
}

/// <summary>When a sequential test ends. Part of the hypothesis: fixed before the first observation.</summary>
public sealed record SequentialTestOptions
{
    /// <summary>Probability that the interval ever misses the effect. Default 0.05.</summary>
    public double Alpha { get; init; } = 0.05;

    /// <summary>δ, the least effect worth calling a finding, in [0, 1). Default 0.1.</summary>
    public double LeastEffect { get; init; } = 0.1;

    /// <summary>
    /// E-value from which a finding is established, 1 or more. Default 20, right for one hypothesis at 5 %. Where K
    /// hypotheses go through e-BH at level α, a test that stops below K/α can be too early for its own good.
    /// </summary>
    public double Evidence { get; init; } = 20;

    /// <summary>Pairs after which the test ends undecided; 1 or more. Default 1,000.</summary>
    public int MaximumPairs { get; init; } = 1_000;

    /// <summary>All problems, each with its cure; empty if the options can be used.</summary>
    public IEnumerable<string> Check()
    {
        if (!(Alpha is > 0 and < 1))
            yield return FormattableString.Invariant($"alpha must lie between 0 and 1, not be {Alpha}.");
        if (!(LeastEffect is >= 0 and < 1))
            yield return FormattableString.Invariant(
                $"least_effect must be at least 0 and below 1, not {LeastEffect}.");
        if (!(Evidence >= 1))
            yield return FormattableString.Invariant($"evidence must be an e-value of 1 or more, not {Evidence}.");
        if (MaximumPairs < 1)
            yield return FormattableString.Invariant($"maximum_pairs must be 1 or more, not {MaximumPairs}.");
    }
}

/// <summary>A sequential test as it is stored: what was decided beforehand, and what was seen since.</summary>
/// <param name="Effects">Pair-swap effects d in the order of their observation.</param>
/// <param name="Stop">Null while the test goes on.</param>
public sealed record SequentialTestState(SequentialTestOptions Options, double[] Effects, StopReason? Stop);

/// <summary>
/// Tests one hypothesis on a stream of pair-swap effects and ends by its own rule only: it sees no other hypothesis,
/// without which its e-value would not be one.
/// </summary>
public sealed class SequentialTest
{
    private readonly BettingSequence _sequence;
    private readonly EProcess _evidence = new();
    private readonly List<double> _effects = [];
    private double _sum;

    public SequentialTest(SequentialTestOptions options)
    {
        if (options.Check().FirstOrDefault() is { } problem)
            throw new ArgumentException(problem, nameof(options));
        Options = options;
        _sequence = new BettingSequence(options.Alpha);
    }

    public SequentialTestOptions Options { get; }

    /// <summary>Null while the test goes on.</summary>
    public StopReason? Stop { get; private set; }

    /// <summary>Pairs observed.</summary>
    public int Pairs => _effects.Count;

    /// <summary>Mean of d: the share of samples that carry the label; null before the first pair.</summary>
    public double? Effect => Pairs == 0 ? null : _sum / Pairs;

    /// <summary>Confidence sequence of the effect, within [−1, 1]; null before the first pair.</summary>
    public Interval? EffectInterval => Pairs == 0 ? null : _sequence.Interval.Map(2, -1);

    /// <summary>The e-value now; after the end, the one at the end, which is what a sweep corrects.</summary>
    public double EValue => _evidence.Value;

    /// <summary>ln of <see cref="EValue"/>, which cannot overflow.</summary>
    public double LogEValue => _evidence.LogValue;

    /// <summary>
    /// The e-value if the effect is at least δ by its interval, else 0: what goes into a correction over a sweep.
    /// Dropping small effects after the correction would leave too large a share of false ones among the rest.
    /// </summary>
    public double GatedEValue => EffectInterval?.Low >= Options.LeastEffect ? EValue : 0;

    /// <summary>Everything needed to go on elsewhere, bit for bit.</summary>
    public SequentialTestState State => new(Options, [.. _effects], Stop);

    /// <summary>
    /// A test that goes on where another was. The effects are played again, microseconds each, so that the numbers are
    /// the same by construction.
    /// </summary>
    public static SequentialTest Resume(SequentialTestState state)
    {
        var test = new SequentialTest(state.Options);
        foreach (var effect in state.Effects)
            test.Observe(effect);
        if (test.Stop is null && state.Stop is not null)
            test.Conclude();
        if (test.Stop != state.Stop)
            throw new ArgumentException($"The state says {state.Stop}, its effects {test.Stop}.", nameof(state));
        return test;
    }

    /// <summary>Takes the next effect.</summary>
    /// <param name="effect">d in [−1, 1], of a pair that no earlier one shares a reference with.</param>
    /// <returns>The reason to stop, or null to go on.</returns>
    /// <exception cref="InvalidOperationException">The test has ended: more data would change its e-value.</exception>
    public StopReason? Observe(double effect)
    {
        if (Stop is not null)
            throw new InvalidOperationException($"The test has ended: {Stop}.");
        _evidence.Observe(effect);
        _sequence.Observe(0.5 * (effect + 1));
        _effects.Add(effect);
        _sum += effect;
        var interval = _sequence.Interval.Map(2, -1);
        if (EValue >= Options.Evidence && interval.Low >= Options.LeastEffect)
            Stop = StopReason.Established;
        else if (interval.High < Options.LeastEffect)
            Stop = StopReason.Futile;
        else if (Pairs >= Options.MaximumPairs)
            Stop = StopReason.Budget;
        return Stop;
    }

    /// <summary>Ends the test for want of further pairs, unless it has ended.</summary>
    /// <returns>Why it ended.</returns>
    public StopReason Conclude() => Stop ??= Pairs == 0 ? StopReason.NoVariation : StopReason.Budget;
}
