namespace InverseScope.Core.Statistics.Calibration;

/// <summary>A rate with what it was counted from; null where nothing was counted.</summary>
/// <param name="Count">How often it was so.</param>
/// <param name="Of">How often it could have been.</param>
public readonly record struct CountedRate(long Count, long Of)
{
    public double? Rate => Of == 0 ? null : (double)Count / Of;

    /// <summary>Wilson's 95 % interval.</summary>
    public Interval? Interval => Of == 0 ? null : Proportion.Wilson(Count, Of);
}

/// <summary>How often verdicts were right where the truth is known.</summary>
/// <param name="Repetitions">Independent sweeps.</param>
/// <param name="Discovery">True hypotheses that were discovered.</param>
/// <param name="FalseDiscoveryRate">
/// Mean over sweeps of the share of discoveries that are false; 0 for a sweep without any.
/// </param>
/// <param name="FalseDiscoveries">False ones among all discoveries of all sweeps.</param>
/// <param name="NullEstablished">Null hypotheses that their own test established, before any correction.</param>
/// <param name="Coverage">Intervals that never missed the truth.</param>
/// <param name="MeanPairs">Mean number of pairs until a test stopped.</param>
public sealed record CalibrationResult(
    int Repetitions,
    CountedRate Discovery,
    double FalseDiscoveryRate,
    CountedRate FalseDiscoveries,
    CountedRate NullEstablished,
    CountedRate Coverage,
    double MeanPairs);
