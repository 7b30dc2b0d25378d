using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Reports;

/// <summary>What a person made of a hypothesis.</summary>
public sealed record ReviewRecord
{
    /// <summary>What they make of it.</summary>
    public required ReviewVerdict Verdict { get; init; }

    /// <summary>Who it was, as they named themselves: not to be trusted.</summary>
    public required string Author { get; init; }

    /// <summary>When it was given, UTC.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What they say of it; may be empty.</summary>
    public required string Comment { get; init; }

    /// <summary>The measured verdict that they saw; it may have changed since. Null where it was not kept.</summary>
    public HypothesisVerdict? VerdictSeen { get; init; }

    /// <summary>Chance-corrected rate that they saw; null where it was not kept, or there was none.</summary>
    public double? KappaSeen { get; init; }
}

/// <summary>
/// What came of labels that people gave. The rates are a second measurement on the kept samples, with people's labels in place of those
/// that were measured; no verdict rests on it.
/// </summary>
public sealed record CorrectedRecord
{
    /// <summary>Texts that a person labelled, whether otherwise or alike.</summary>
    public required int Checked { get; init; }

    /// <summary>Those of them whose label a person changed.</summary>
    public required int Corrections { get; init; }

    /// <summary>Why there are no rates though samples were kept, a sentence; null where there are some, or no samples.</summary>
    public string? WhyNoRates { get; init; }

    /// <summary>Feature consistency rate with the corrections; null where no samples were kept, or where it could not be right.</summary>
    public double? Fcr { get; init; }

    /// <summary>Interval of the rate; references are the clusters.</summary>
    public ReportInterval? FcrCi { get; init; }

    /// <summary>Rate expected by chance, with the corrections.</summary>
    public double? Chance { get; init; }

    /// <summary>Chance-corrected rate with the corrections.</summary>
    public double? Kappa { get; init; }

    /// <summary>Interval of κ; references are the clusters.</summary>
    public ReportInterval? KappaCi { get; init; }

    /// <summary>Share of the checked texts on which the labeller agrees with the person; those that it failed on are left out. Null without any.</summary>
    public double? Accuracy { get; init; }

    /// <summary>Wilson's interval of the accuracy. The texts are those that people chose to look at.</summary>
    public ReportInterval? AccuracyCi { get; init; }
}
