namespace InverseScope.Core.Sampling;

/// <summary>A text to go on with.</summary>
/// <param name="Text">Ends where the continuation begins.</param>
/// <param name="Donor">A text that gives its activation at the site; null leaves the run as it is.</param>
/// <param name="Characters">Characters after which enough is written, 1 or more.</param>
public sealed record ContinuationRequest(string Text, string? Donor, int Characters);
