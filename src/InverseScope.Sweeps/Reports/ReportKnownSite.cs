namespace InverseScope.Sweeps.Reports;

/// <summary>What came of a site whose truth is known. Reported by name: only append.</summary>
public enum KnownSiteResult
{
    /// <summary>What was planted is confirmed.</summary>
    Found,

    /// <summary>What was planted is not confirmed: the sweep may miss such features of the target too.</summary>
    Missed,

    /// <summary>Nothing is planted, and nothing was confirmed.</summary>
    Quiet,

    /// <summary>Something was confirmed that the site does not encode.</summary>
    FalseDiscovery,
}

/// <summary>
/// A site without a model, made to encode a known feature (planted) or nothing (null), and taken through the same search,
/// references and tests as the sites of the target.
/// </summary>
public sealed record KnownSiteRecord
{
    /// <summary>The planted feature in a few words; null for a null site.</summary>
    public string? Planted { get; init; }

    /// <summary>SHA-256 of the planted spec; null for a null site.</summary>
    public string? PlantedHash { get; init; }

    /// <summary>Norm of the noise over that of the planted signal; null for a null site.</summary>
    public double? NoiseRatio { get; init; }

    public required KnownSiteResult Result { get; init; }

    /// <summary>What was found, or came nearest to it, in a few words; null if nothing was tested.</summary>
    public string? Feature { get; init; }

    /// <summary>Its κ.</summary>
    public double? Kappa { get; init; }

    /// <summary>Interval of its κ.</summary>
    public ReportInterval? KappaCi { get; init; }

    /// <summary>Hypotheses tested there.</summary>
    public required int Tested { get; init; }

    /// <summary>Those among them that were confirmed.</summary>
    public required int Confirmed { get; init; }

    /// <summary>Whether it came out as it must.</summary>
    public bool AsExpected => Result is KnownSiteResult.Found or KnownSiteResult.Quiet;
}
