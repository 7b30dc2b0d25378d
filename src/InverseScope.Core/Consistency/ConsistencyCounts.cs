namespace InverseScope.Core.Consistency;

/// <summary>The whole denominator of a consistency. Samples are those of the measured references.</summary>
/// <param name="References">References given.</param>
/// <param name="UndefinedReferences">Those on which the feature is undefined: they leave the mean.</param>
/// <param name="MissingReferences">
/// Those whose own label failed or was cut off: they leave the mean and widen the bounds.
/// </param>
/// <param name="NotMeasured">
/// Those with too small an effective sample size, or without any sample of known label.
/// </param>
/// <param name="Measured">Those that the rates are means of.</param>
/// <param name="Samples">Samples of the measured references; the five counts below add up to it.</param>
/// <param name="Distinct">Distinct texts among the samples.</param>
/// <param name="Matched">Samples with the label of their reference.</param>
/// <param name="Mismatched">Samples with another label.</param>
/// <param name="Undefined">Samples on which the feature is undefined; mismatches too.</param>
/// <param name="Failed">Samples whose labelling failed.</param>
/// <param name="Truncated">Samples that were cut off.</param>
public sealed record ConsistencyCounts(
    int References,
    int UndefinedReferences,
    int MissingReferences,
    int NotMeasured,
    int Measured,
    long Samples,
    long Distinct,
    long Matched,
    long Mismatched,
    long Undefined,
    long Failed,
    long Truncated);
