namespace InverseScope.Sweeps.Calibration;

/// <summary>How often verdicts were right where the truth is known. Rates are null where nothing was counted.</summary>
public sealed record CalibrationReport
{
    public required string Task { get; init; }

    /// <summary>Norm of the noise over that of the planted signal.</summary>
    public required double Noise { get; init; }

    /// <summary>Whether two specs shared each planted site.</summary>
    public required bool Together { get; init; }

    /// <summary>Kernel width, in units of the distance.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Independent sweeps.</summary>
    public required int Repetitions { get; init; }

    /// <summary>Share of planted specs that the search found and the test confirmed: a hypothesis with the same partition of the prior.</summary>
    public double? DiscoveryRate { get; init; }

    public required int Discovered { get; init; }

    /// <summary>Planted specs over all repetitions.</summary>
    public required int Planted { get; init; }

    /// <summary>
    /// Mean over sweeps of the share of confirmed hypotheses that are false: their κ, had every sample the planted labels of
    /// its reference, is below the stated effect. 0 for a sweep that confirmed nothing.
    /// </summary>
    public required double FalseDiscoveryRate { get; init; }

    public required int FalseDiscoveries { get; init; }

    /// <summary>Confirmed proposals of the search, over all repetitions.</summary>
    public required int Discoveries { get; init; }

    /// <summary>Share of null sites where anything that the search proposed was confirmed.</summary>
    public double? NullDiscoveryRate { get; init; }

    public required int NullSitesWithDiscovery { get; init; }

    public required int NullSites { get; init; }

    /// <summary>Sites that count as explained though what was planted there was not found. Must be 0.</summary>
    public required int Replaced { get; init; }

    /// <summary>Share of planted specs that are confirmed when they are given, without a search.</summary>
    public double? Power { get; init; }

    public required int ConfirmedWhenGiven { get; init; }

    /// <summary>Given specs confirmed at sites that do not encode them.</summary>
    public required int FalseWhenGiven { get; init; }

    /// <summary>Given specs over all sites and repetitions, each site tested with every planted spec.</summary>
    public required int Given { get; init; }

    /// <summary>Share of anytime-valid intervals of the pair-swap effect that contain the true effect. Nominal 0.95.</summary>
    public double? Coverage { get; init; }

    public required int Covered { get; init; }

    /// <summary>Intervals counted: every spec at every site where it could be measured.</summary>
    public required int Intervals { get; init; }

    /// <summary>Share of bootstrap intervals of κ on the fixed sample that contain the true κ. Nominal 0.95.</summary>
    public double? KappaCoverage { get; init; }

    public required int KappaCovered { get; init; }

    public required int KappaIntervals { get; init; }

    public required IReadOnlyList<PlantedSpecReport> BySpec { get; init; }

    /// <summary>The tests alone, on simulated labels; null if none were simulated.</summary>
    public StreamReport? Streams { get; init; }
}

/// <summary>
/// Sequential tests and their correction on streams of labels whose truth is known: 160 null hypotheses and 40 true ones in
/// each sweep, 100 pairs at most, 10 samples for each reference.
/// </summary>
public sealed record StreamReport
{
    /// <summary>Simulated sweeps.</summary>
    public required int Sweeps { get; init; }

    /// <summary>Probability with which a true hypothesis's sample copies its reference's label.</summary>
    public required double Copied { get; init; }

    /// <summary>Share of confidence sequences that missed the truth at any time. Nominal 0.05 at most.</summary>
    public double? MissRate { get; init; }

    public required long Missed { get; init; }

    public required long Sequences { get; init; }

    /// <summary>Share of null hypotheses that their own test established.</summary>
    public double? NullEstablishedRate { get; init; }

    public required long NullEstablished { get; init; }

    public required long NullHypotheses { get; init; }

    /// <summary>Share of true hypotheses that e-BH selected.</summary>
    public double? Power { get; init; }

    /// <summary>Mean over sweeps of the share of selected hypotheses that are null.</summary>
    public required double FalseDiscoveryRate { get; init; }

    /// <summary>Mean number of pairs until a test ended.</summary>
    public required double MeanPairs { get; init; }
}

/// <summary>How often one planted spec was found.</summary>
public sealed record PlantedSpecReport
{
    /// <summary>The spec's id.</summary>
    public required string Id { get; init; }

    public required string Title { get; init; }

    public required int Discovered { get; init; }

    public required int Planted { get; init; }

    /// <summary>Mean κ of what was found for it.</summary>
    public double? Kappa { get; init; }

    /// <summary>Where it was not found: titles of true hypotheses confirmed at its site, each once.</summary>
    public required IReadOnlyList<string> Related { get; init; }
}
