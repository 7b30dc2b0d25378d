namespace InverseScope.Core.Specs;

/// <summary>A compiled feature: a total, deterministic function from text to label. Thread-safe.</summary>
public interface IFeature
{
    /// <summary>Identity of the hypothesis: SHA-256 of the spec's canonical form, hex.</summary>
    string Hash { get; }

    /// <summary>
    /// The label in its canonical form (numbers in invariant notation, true/false, tuples and sets in brackets), or
    /// null where the feature is undefined, which includes texts that <c>applies</c> excludes.
    /// </summary>
    string? Label(string text);

    /// <summary>The label with the reason for its absence, where that was a failure.</summary>
    LabelOutcome Run(string text) => new(Label(text), null);

    /// <summary>Calls so far that ended undefined because a limit was broken, or because a script or labeller failed.</summary>
    long LimitBreaks => 0;
}

/// <summary>What a feature made of one text.</summary>
/// <param name="Label">Null: undefined.</param>
/// <param name="Failure">Which limit was broken, or how a script or labeller failed; null if nothing went wrong.</param>
public readonly record struct LabelOutcome(string? Label, string? Failure);
